import type { InputRange } from "#shared/model/split";
import { inputFault, type Place } from "./block-feed.js";
import { markBytes } from "./mark.js";

/** Bytes looked through at a time on the way back to where delimiters do not overlap. */
const windowBytes = 64 * 1024;

/**
 * What ends records, and where it is looked for. From the object's start on (behind a byte order mark)
 * the first place that holds the delimiter ends a record, and the search goes on behind it: what
 * overlaps a delimiter that was found is none.
 */
export class Delimiter {
  readonly bytes: Buffer;
  /** Whether two of them can overlap, as in `aa`. */
  readonly overlaps: boolean;

  constructor(text: string) {
    this.bytes = Buffer.from(text, "utf8");
    this.overlaps = overlapsItself(this.bytes);
  }

  get length(): number {
    return this.bytes.length;
  }

  /**
   * A position at or before `atByte` that no delimiter lies across, so that a search from there finds
   * those that a search from the object's start would find. Reads what is before the range only if
   * delimiters can overlap, and only for as long as they do.
   */
  async searchStart(place: Place, range: InputRange, atByte: number): Promise<number> {
    let at = atByte;
    if (!this.overlaps) return at < markBytes ? 0 : at;
    const { length } = this;
    let window: Buffer = Buffer.alloc(0);
    let windowStart = Infinity;
    while (at >= markBytes) {
      const from = Math.max(0, at - length + 1);
      if (from < windowStart) {
        windowStart = Math.max(0, at - windowBytes);
        window = await readBytes(place, range, windowStart, at + length - 1);
      }
      const found = window.indexOf(this.bytes, from - windowStart);
      if (found < 0 || windowStart + found >= at) return at;
      at = windowStart + found;
    }
    // Only a reader that begins with the object sees the byte order mark.
    return 0;
  }
}

/** Whether some beginning of the bytes, not all of them, is also their end. */
function overlapsItself(bytes: Buffer): boolean {
  for (let length = 1; length < bytes.length; length++) {
    if (bytes.subarray(0, length).equals(bytes.subarray(bytes.length - length))) return true;
  }
  return false;
}

async function readBytes(
  { backend, key }: Place,
  { version, location, fileBytes }: InputRange,
  startByte: number,
  endByte: number,
): Promise<Buffer> {
  const blocks: Buffer[] = [];
  try {
    const bytes = { startByte, endByte: Math.min(endByte, fileBytes) };
    for await (const block of backend.read(key, bytes, { version })) blocks.push(block);
  } catch (error) {
    throw inputFault(error, location);
  }
  return Buffer.concat(blocks);
}
