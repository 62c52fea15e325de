import { keyKinds, readOrderedNumber, type KeyKind } from "#shared/format/key";
import { Scratch } from "#shared/format/scratch";
import { decodeNumber, valueTags } from "#shared/format/value";

/** So much is written to a program at once. */
const blockBytes = 256 * 1024;
const lineFeed = 10;

/** Puts records together to lines for a program: key, separator, value, line feed. */
export class RecordLines {
  readonly #block = new Scratch(blockBytes + 64 * 1024);
  readonly #separator: number;

  constructor(separator: string) {
    this.#separator = separator.charCodeAt(0);
  }

  get isFull(): boolean {
    return this.#block.length >= blockBytes;
  }

  /** The lines so far; valid until the next `add` after `clear`. */
  view(): Buffer {
    return this.#block.bytes.subarray(0, this.#block.length);
  }

  clear(): void {
    this.#block.length = 0;
  }

  add(
    keyKind: KeyKind,
    key: Buffer,
    keyStart: number,
    keyEnd: number,
    value: Buffer,
    valueStart: number,
    valueEnd: number,
  ): void {
    const block = this.#block;
    if (keyKind === keyKinds.number) this.#addText(String(readOrderedNumber(key, keyStart)));
    else block.append(key, keyStart, keyEnd);
    block.reserve(1)[block.length++] = this.#separator;
    switch (value[valueStart]) {
      case valueTags.string:
      case valueTags.bytes:
      case valueTags.json:
        block.append(value, valueStart + 1, valueEnd);
        break;
      case valueTags.null:
        break;
      case valueTags.true:
        this.#addText("true");
        break;
      case valueTags.false:
        this.#addText("false");
        break;
      default:
        this.#addText(String(decodeNumber(value, valueStart)));
    }
    block.reserve(1)[block.length++] = lineFeed;
  }

  #addText(text: string): void {
    const bytes = this.#block.reserve(text.length);
    this.#block.length += bytes.write(text, this.#block.length, "latin1");
  }
}
