import { fault } from "#shared/errors/fault";
import type { Scratch } from "#shared/format/scratch";
import { decodeNumber, decodeValue, encodeNumber, valueTags } from "#shared/format/value";
import { varintBytesMax, VarintReader, writeVarint } from "#shared/format/varint";
import { readWtf8 } from "#shared/format/wtf8";
import { limits } from "#shared/model/limits";

const varints = new VarintReader();

/** Appends an encoded value; what `count()` as combiner counted becomes the number that it stands for. */
export function appendEmitted(into: Scratch, bytes: Buffer, start: number, end: number): void {
  if (bytes[start] === valueTags.partialCount) encodeNumber(into, decodeNumber(bytes, start));
  else into.append(bytes, start, end);
}

/** Appends an item of a list: the size of an encoded value, and the value. */
export function appendItem(into: Scratch, bytes: Buffer, start: number, end: number): void {
  const room = into.reserve(varintBytesMax);
  into.length = writeVarint(room, into.length, end - start);
  into.append(bytes, start, end);
}

/** Walks the items of a list, `bytes[start, end)`. */
export class ItemWalk {
  bytes: Buffer = Buffer.alloc(0);
  /** The present item's encoded value. */
  start = 0;
  end = 0;
  #limit = 0;

  begin(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes;
    this.end = start;
    this.#limit = end;
  }

  next(): boolean {
    if (this.end >= this.#limit) return false;
    const size = varints.read(this.bytes, this.end);
    this.start = varints.at;
    this.end = this.start + size;
    return true;
  }
}

/** @throws MR_RECORD_TOO_LARGE when a group's list is larger than a value may be */
export function checkListBytes(shown: string, sizeBytes: number): void {
  const allowedBytes = limits.recordBytesMax;
  if (sizeBytes <= allowedBytes) return;
  throw fault("MR_RECORD_TOO_LARGE", `${shown} holds too many bytes of one key; lower its limit`, {
    sizeBytes,
    allowedBytes,
  });
}

/** Writes an array as a JSON value, item by item: the same bytes as of an array that a function emitted. */
export class JsonArrayWriter {
  #isFirst = true;

  constructor(
    readonly into: Scratch,
    readonly shown: string,
  ) {
    appendText(into, String.fromCharCode(valueTags.json));
    appendText(into, "[");
  }

  /** Appends an encoded value. Bytes become `{"base64":"…"}`, as `jsonLines()` writes them. */
  add(bytes: Buffer, start: number, end: number): void {
    const { into } = this;
    if (!this.#isFirst) appendText(into, ",");
    this.#isFirst = false;
    if (bytes[start] === valueTags.json) into.append(bytes, start + 1, end);
    else if (isPlainText(bytes, start, end)) appendQuoted(into, bytes, start + 1, end);
    else appendText(into, jsonOf(bytes, start, end));
    checkListBytes(this.shown, into.length);
  }

  end(): void {
    appendText(this.into, "]");
  }
}

/** Whether it is a string of ASCII that JSON writes as it is. */
function isPlainText(bytes: Buffer, start: number, end: number): boolean {
  if (bytes[start] !== valueTags.string) return false;
  for (let at = start + 1; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte < 0x20 || byte >= 0x7f || byte === 0x22 || byte === 0x5c) return false;
  }
  return true;
}

function appendQuoted(into: Scratch, bytes: Buffer, start: number, end: number): void {
  appendText(into, '"');
  into.append(bytes, start, end);
  appendText(into, '"');
}

function jsonOf(bytes: Buffer, start: number, end: number): string {
  if (bytes[start] === valueTags.string) return JSON.stringify(readWtf8(bytes, start + 1, end));
  if (bytes[start] === valueTags.bytes) {
    return `{"base64":"${bytes.toString("base64", start + 1, end)}"}`;
  }
  return JSON.stringify(decodeValue(bytes, start, end));
}

function appendText(into: Scratch, text: string): void {
  const bytes = into.reserve(text.length * 3);
  into.length += bytes.utf8Write(text, into.length);
}
