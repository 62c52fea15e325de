import { keyKinds, type KeyKind } from "#shared/format/key";
import {
  blockHeaderBytes,
  blockTargetBytes,
  fileHeaderBytes,
  makeMarker,
  sealRecords,
  writeFileHeader,
} from "#shared/format/records-file";
import { Scratch } from "#shared/format/scratch";
import { decodeValue, encodeValue, valueTags } from "#shared/format/value";
import { varintSize, writeVarint } from "#shared/format/varint";
import { mixedKinds } from "#worker/runs/run-cursor";
import { BufferedPart } from "./part-writer.js";
import { copyBytes } from "./text-bytes.js";

/** Millrace's own binary format: keys and values as they are encoded. Without records the file is empty. */
export class RecordsPart extends BufferedPart {
  #keyKind: KeyKind = keyKinds.none;
  #marker: Buffer | null = null;
  /** Bytes of the block at the buffer's end, with its header and in front of the first the file's; 0: none is open. */
  #openBytes = 0;
  #blockRecords = 0;
  /** Where the next header begins in the file, and how far from the one before. */
  #position = fileHeaderBytes;
  #formerBytes = fileHeaderBytes;
  readonly #value = new Scratch(32);

  /** @throws MR_KEY_KINDS_MIXED */
  add(
    keyKind: KeyKind,
    keyBytes: Buffer,
    keyStart: number,
    keyEnd: number,
    valueBytes: Buffer,
    valueStart: number,
    valueEnd: number,
  ): void {
    if (keyKind !== this.#keyKind) this.#setKind(keyKind);
    if ((valueBytes[valueStart] ?? 0) >= valueTags.partialCount) {
      this.#addPartial(keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd);
    } else {
      this.#append(keyBytes, keyStart, keyEnd, valueBytes, valueStart, valueEnd);
    }
  }

  protected override cutAt(): number {
    // The open block goes on; one of many parts has no memory to spare for it.
    if (this.isSmall) this.#seal();
    return this.at - this.#openBytes;
  }

  protected override complete(): void {
    this.#seal();
    const marker = this.#marker;
    if (marker === null) return;
    const out = this.reserve(blockHeaderBytes);
    const end = out.subarray(this.at, this.at + blockHeaderBytes);
    sealRecords(end, marker, {
      keyKind: this.#keyKind,
      recordCount: 0,
      formerBytes: this.#formerBytes,
      position: this.#position,
    });
    this.at += blockHeaderBytes;
  }

  #append(
    key: Buffer,
    keyStart: number,
    keyEnd: number,
    value: Buffer,
    valueStart: number,
    valueEnd: number,
  ): void {
    const keyLength = keyEnd - keyStart;
    const valueLength = valueEnd - valueStart;
    const size = varintSize(keyLength) + varintSize(valueLength) + keyLength + valueLength;
    if (this.#openBytes + size > blockTargetBytes) this.#seal();
    const out = this.reserve(size + fileHeaderBytes + blockHeaderBytes);
    if (this.#openBytes === 0) this.#open();
    let at = writeVarint(out, this.at, keyLength);
    at = writeVarint(out, at, valueLength);
    at = copyBytes(out, at, key, keyStart, keyEnd);
    at = copyBytes(out, at, value, valueStart, valueEnd);
    this.#openBytes += at - this.at;
    this.at = at;
    this.#blockRecords++;
    this.records++;
    // What stays in the buffer when it is drained is less than a block.
    if (this.#openBytes > blockTargetBytes) this.#seal();
  }

  /** An aggregate that a reducer passed on unfinished: written as what it stands for. */
  #addPartial(
    key: Buffer,
    keyStart: number,
    keyEnd: number,
    value: Buffer,
    valueStart: number,
    valueEnd: number,
  ): void {
    const plain = this.#value;
    plain.length = 0;
    encodeValue(plain, decodeValue(value, valueStart, valueEnd));
    this.#append(key, keyStart, keyEnd, plain.bytes, 0, plain.length);
  }

  #setKind(kind: KeyKind): void {
    if (this.#keyKind !== keyKinds.none) throw mixedKinds(this.#keyKind, kind);
    this.#keyKind = kind;
  }

  #open(): void {
    this.#openBytes = blockHeaderBytes + (this.#marker === null ? fileHeaderBytes : 0);
    this.#blockRecords = 0;
    this.at += this.#openBytes;
  }

  #seal(): void {
    if (this.#openBytes === 0) return;
    const { out, at } = this;
    let start = at - this.#openBytes;
    if (this.#marker === null) {
      this.#marker = makeMarker(out.subarray(start + fileHeaderBytes + blockHeaderBytes, at));
      start = writeFileHeader(out, start, this.#marker);
    }
    sealRecords(out.subarray(start, at), this.#marker, {
      keyKind: this.#keyKind,
      recordCount: this.#blockRecords,
      formerBytes: this.#formerBytes,
      position: this.#position,
    });
    this.#formerBytes = at - start;
    this.#position += this.#formerBytes;
    this.#openBytes = 0;
  }
}
