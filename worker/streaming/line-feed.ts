import { Scratch } from "#shared/format/scratch";
import type { RecordSource } from "#worker/map/readers/record-source";
import { RecordsSource } from "#worker/map/readers/records-source";
import { RecordLines } from "./record-lines.js";

const lineFeed = 10;
/** Lines that had to be changed are collected up to so many bytes. */
const changedBytes = 256 * 1024;

/** What of a block goes to a program, piece by piece. */
export interface Pieces {
  /** Records so far. */
  readonly lineCount: number;
  /** The next piece of the block, valid until the next call; null at the block's end. */
  next(): Buffer | null;
}

/** Lines as they are; records of a former step as key, separator, value. */
export function piecesOf(source: RecordSource, separator: string): Pieces {
  return source instanceof RecordsSource
    ? new RecordPieces(source, separator)
    : new LinePieces(source);
}

class RecordPieces implements Pieces {
  lineCount = 0;
  readonly #lines: RecordLines;

  constructor(
    readonly source: RecordsSource,
    separator: string,
  ) {
    this.#lines = new RecordLines(separator);
  }

  next(): Buffer | null {
    const { source } = this;
    const lines = this.#lines;
    lines.clear();
    while (!lines.isFull && source.next()) {
      this.lineCount++;
      const { bytes, keyKind, keyStart, keyEnd, valueStart, valueEnd } = source;
      lines.add(keyKind, bytes, keyStart, keyEnd, bytes, valueStart, valueEnd);
    }
    const piece = lines.view();
    return piece.length === 0 ? null : piece;
  }
}

/**
 * The lines of a block in pieces as large as can be: as long as lines lie one behind another and end in
 * a line feed they go as they are, else they are copied and get one.
 */
class LinePieces implements Pieces {
  lineCount = 0;
  readonly #changed = new Scratch(4096);
  /** The source stands on a line that is in no piece yet. */
  #isHeld = false;

  constructor(readonly source: RecordSource) {}

  next(): Buffer | null {
    if (!this.#advance()) return null;
    return this.#isPlain() ? this.#plain() : this.#copied();
  }

  #plain(): Buffer {
    const { source } = this;
    const { bytes, start } = source;
    let end = source.end + 1;
    while (this.#advance()) {
      if (source.start !== end || bytes[source.end] !== lineFeed) {
        this.#isHeld = true;
        break;
      }
      end = source.end + 1;
    }
    return bytes.subarray(start, end);
  }

  #copied(): Buffer {
    const { source } = this;
    const changed = this.#changed;
    changed.length = 0;
    do {
      changed.append(source.bytes, source.start, source.end);
      changed.reserve(1)[changed.length++] = lineFeed;
      if (changed.length >= changedBytes) return this.#view();
    } while (this.#advance() && !this.#hold(this.#isPlain()));
    return this.#view();
  }

  #view(): Buffer {
    return this.#changed.bytes.subarray(0, this.#changed.length);
  }

  #isPlain(): boolean {
    return this.source.bytes[this.source.end] === lineFeed;
  }

  #hold(isHeld: boolean): boolean {
    this.#isHeld = isHeld;
    return isHeld;
  }

  #advance(): boolean {
    if (this.#isHeld) {
      this.#isHeld = false;
      return true;
    }
    if (!this.source.next()) return false;
    this.lineCount++;
    return true;
  }
}
