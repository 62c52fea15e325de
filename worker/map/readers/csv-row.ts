const quote = 34;
const smallestFields = 64;

/** What `CsvRow.parse` gives instead of a number of fields. */
export const csvFaults = {
  /** The row ends inside a quoted field. */
  open: -1,
  /** A quote in a field that does not begin with one, or behind the one that ends a field. */
  strayQuote: -2,
} as const;

/**
 * Where the fields of one row lie in its bytes; no string is made. A field in quotes is what stands
 * between them; a field that begins with no quote may hold none.
 * @see RFC 4180
 */
export class CsvRow {
  /** Field `i` is `bytes[fieldStart[i], fieldEnd[i])`. Arrays are replaced when a row needs larger ones. */
  fieldStart = new Int32Array(smallestFields);
  fieldEnd = new Int32Array(smallestFields);
  /** 1 where the field holds quotes that are written twice, so that its bytes are not yet its text. */
  isQuoted = new Uint8Array(smallestFields);
  /** Whether all bytes of the row are below 0x80. */
  isAscii = true;
  /** Position of the quote that made the row one of `csvFaults`. */
  faultAt = 0;

  /**
   * @param start of the row
   * @param end of the row, before its line end
   * @param delimiter the byte between fields, no quote
   * @returns the number of fields, at least 1, or one of `csvFaults`
   */
  parse(bytes: Uint8Array, start: number, end: number, delimiter: number): number {
    let starts = this.fieldStart;
    let ends = this.fieldEnd;
    let quoted = this.isQuoted;
    let count = 0;
    let bits = 0;
    let at = start;
    for (;;) {
      if (count === starts.length) {
        this.#grow();
        starts = this.fieldStart;
        ends = this.fieldEnd;
        quoted = this.isQuoted;
      }
      quoted[count] = 0;
      if (at < end && bytes[at] === quote) {
        starts[count] = ++at;
        for (; at < end; at++) {
          const byte = bytes[at] ?? 0;
          bits |= byte;
          if (byte !== quote) continue;
          if (at + 1 >= end || bytes[at + 1] !== quote) break;
          quoted[count] = 1;
          at++;
        }
        if (at >= end) return this.#fail(csvFaults.open, (starts[count] ?? 0) - 1);
        ends[count++] = at++;
        if (at < end && bytes[at] !== delimiter) return this.#fail(csvFaults.strayQuote, at - 1);
      } else {
        starts[count] = at;
        for (; at < end; at++) {
          const byte = bytes[at] ?? 0;
          if (byte === delimiter) break;
          if (byte === quote) return this.#fail(csvFaults.strayQuote, at);
          bits |= byte;
        }
        ends[count++] = at;
      }
      if (at >= end) break;
      at++;
    }
    this.isAscii = bits < 0x80;
    return count;
  }

  /**
   * Copies the text of a field, quotes that are written twice as one.
   * @returns the position behind it; `target` must have room for the field's bytes
   */
  copyField(bytes: Uint8Array, index: number, target: Uint8Array, position: number): number {
    const end = this.fieldEnd[index] ?? 0;
    const doubled = this.isQuoted[index] === 1;
    let to = position;
    for (let at = this.fieldStart[index] ?? 0; at < end; at++) {
      const byte = bytes[at] ?? 0;
      target[to++] = byte;
      if (doubled && byte === quote) at++;
    }
    return to;
  }

  #fail(kind: number, at: number): number {
    this.faultAt = at;
    return kind;
  }

  #grow(): void {
    const { fieldStart, fieldEnd, isQuoted } = this;
    this.fieldStart = new Int32Array(2 * fieldStart.length);
    this.fieldStart.set(fieldStart);
    this.fieldEnd = new Int32Array(2 * fieldEnd.length);
    this.fieldEnd.set(fieldEnd);
    this.isQuoted = new Uint8Array(2 * isQuoted.length);
    this.isQuoted.set(isQuoted);
  }
}
