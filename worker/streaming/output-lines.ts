import type { Program } from "#shared/authoring/programs";
import { fault } from "#shared/errors/fault";
import { Scratch } from "#shared/format/scratch";
import { limits } from "#shared/model/limits";

/** Takes the lines of a program, cut into key and value; see `Emitter.emitLine`. */
export interface LineSink {
  emitLine(
    bytes: Buffer,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
  ): void;
}

/** What a line without a separator has as its value, and whether lines are cut at all. */
export interface LineForm {
  /** Lines are handed on whole, as keys without a value. */
  readonly isWhole: boolean;
  /** A line without a separator has no value; otherwise an empty one. */
  readonly lacksValue: boolean;
}

const lineFeed = 10;
/** In a longer line its end is found faster by a call out of JavaScript than by a loop. */
const loopBytesMax = 96;
const keptBytes = 1024 * 1024;

/** Cuts what a program writes into lines, and those into key and value, without copying any. */
export class OutputLines {
  readonly #sink: LineSink;
  readonly #separator: number;
  readonly #keyFields: number;
  readonly #form: LineForm;
  /** The beginning of a line whose end did not come yet. */
  #rest = new Scratch(4096);

  constructor(program: Program, sink: LineSink, form: LineForm) {
    this.#sink = sink;
    this.#separator = program.separator.charCodeAt(0);
    this.#keyFields = program.keyFields;
    this.#form = form;
  }

  /** @throws MR_RECORD_TOO_LARGE */
  add(chunk: Buffer): void {
    let from = 0;
    if (this.#rest.length > 0) {
      const end = chunk.indexOf(lineFeed);
      this.#keep(chunk, 0, end < 0 ? chunk.length : end + 1);
      if (end < 0) return;
      from = end + 1;
      this.#takeRest();
    }
    const used = this.#cut(chunk, from, chunk.length);
    if (used < chunk.length) this.#keep(chunk, used, chunk.length);
  }

  /** The last line, if it has no line feed. */
  end(): void {
    if (this.#rest.length === 0) return;
    this.#rest.reserve(1)[this.#rest.length] = lineFeed;
    this.#rest.length++;
    this.#takeRest();
  }

  #takeRest(): void {
    const { bytes, length } = this.#rest;
    if (this.#rest.bytes.length > keptBytes) this.#rest = new Scratch(4096);
    this.#rest.length = 0;
    this.#cut(bytes, 0, length);
  }

  #keep(chunk: Buffer, start: number, end: number): void {
    const lineBytes = this.#rest.length + end - start;
    const maxBytes = limits.recordBytesMax;
    if (lineBytes > maxBytes) {
      throw fault("MR_RECORD_TOO_LARGE", "a program wrote a line that is too long", { maxBytes });
    }
    this.#rest.append(chunk, start, end);
  }

  /** Hands on the whole lines of `[start, end)`. @returns where the rest begins */
  #cut(bytes: Buffer, start: number, end: number): number {
    return this.#form.isWhole
      ? this.#cutWhole(bytes, start, end)
      : this.#cutKeys(bytes, start, end);
  }

  #cutKeys(bytes: Buffer, start: number, end: number): number {
    const separator = this.#separator;
    const keyFields = this.#keyFields;
    const sink = this.#sink;
    const { lacksValue } = this.#form;
    let lineStart = start;
    for (;;) {
      let at = lineStart;
      let fields = 0;
      let byte = 0;
      for (; at < end; at++) {
        byte = bytes[at] ?? 0;
        if (byte === lineFeed) break;
        if (byte === separator && ++fields === keyFields) break;
      }
      if (at >= end) return lineStart;
      if (byte === lineFeed) {
        sink.emitLine(bytes, lineStart, at, lacksValue ? -1 : at, at);
        lineStart = at + 1;
        continue;
      }
      const lineEnd = endOfLine(bytes, at + 1, end);
      if (lineEnd < 0) return lineStart;
      sink.emitLine(bytes, lineStart, at, at + 1, lineEnd);
      lineStart = lineEnd + 1;
    }
  }

  #cutWhole(bytes: Buffer, start: number, end: number): number {
    const sink = this.#sink;
    let lineStart = start;
    for (;;) {
      const lineEnd = endOfLine(bytes, lineStart, end);
      if (lineEnd < 0) return lineStart;
      sink.emitLine(bytes, lineStart, lineEnd, -1, lineEnd);
      lineStart = lineEnd + 1;
    }
  }
}

/** Where the line ends, -1 when its end is not in `[start, end)`. */
function endOfLine(bytes: Buffer, start: number, end: number): number {
  const near = Math.min(end, start + loopBytesMax);
  for (let at = start; at < near; at++) if (bytes[at] === lineFeed) return at;
  if (near === end) return -1;
  const found = bytes.indexOf(lineFeed, near);
  return found >= end ? -1 : found;
}
