import { Decompress } from "fzstd";
import xxhash, { type XXHash, type XXHashAPI } from "xxhash-wasm";
import type { Decoder } from "./decoder.js";

const frameMagic = 0xfd2fb528;
/** Magic numbers of frames to skip differ in their last four bits. */
const skippableMagic = 0x184d2a50;
const checksumFlag = 4;
const reservedFlag = 8;
const checksumBytes = 4;
/** As much as the `zstd` command takes unless it is told otherwise. */
const windowBytesMax = 128 * 1024 * 1024;
const blockHeaderBytes = 3;
const blockBytesMax = 128 * 1024;
/** The library holds back a frame's beginning that is shorter. */
const firstBytesMin = 18;

const emptyBuffer = Buffer.alloc(0);

let hashes: Promise<XXHashAPI> | null = null;

/** What is known of the frame that is being read. */
interface Frame {
  readonly stream: Decompress;
  readonly hash: XXHash<bigint> | null;
  /** null when the header does not tell. */
  readonly contentBytes: number | null;
  producedBytes: number;
  isLastBlockDone: boolean;
}

/**
 * Zstandard frames, one behind another. Frames are taken apart here, so that a block is decoded at a
 * time, sizes and checksums are checked, and an input that is cut off is seen; the library decodes blocks.
 * @see RFC 8878
 */
export class ZstdDecoder implements Decoder {
  consumedBytes = 0;
  readonly #hashes: XXHashAPI;
  #input = emptyBuffer as Buffer;
  #isFinished = false;
  #skipBytes = 0;
  #frame: Frame | null = null;
  /** What the library is given: it keeps views of it, so that it must always be the same memory. */
  readonly #given = Buffer.allocUnsafeSlow(firstBytesMin * 2 + blockBytesMax + blockHeaderBytes);
  #givenBytes = 0;
  #isFirstGiven = false;
  readonly #pieces: Buffer[] = [];

  static async make(): Promise<ZstdDecoder> {
    hashes ??= xxhash();
    return new ZstdDecoder(await hashes);
  }

  private constructor(api: XXHashAPI) {
    this.#hashes = api;
  }

  push(bytes: Buffer): void {
    this.#input = this.#input.length === 0 ? bytes : Buffer.concat([this.#input, bytes]);
  }

  finish(): void {
    this.#isFinished = true;
  }

  read(): Buffer | null {
    for (;;) {
      const piece = this.#pieces.shift();
      if (piece !== undefined) return piece;
      const isMore = this.#frame === null ? this.#readHeader() : this.#readBlock(this.#frame);
      if (isMore) continue;
      if (!this.#isFinished) return null;
      if (this.#input.length === 0 && this.#frame === null && this.#skipBytes === 0) return null;
      throw new Error("input ends inside a frame");
    }
  }

  #take(count: number): void {
    this.#input = this.#input.subarray(count);
    this.consumedBytes += count;
  }

  /** Reads what begins a frame, or skips one. @returns whether there were enough bytes */
  #readHeader(): boolean {
    if (this.#skipBytes > 0) {
      const skipped = Math.min(this.#skipBytes, this.#input.length);
      this.#take(skipped);
      this.#skipBytes -= skipped;
      return skipped > 0;
    }
    const input = this.#input;
    if (input.length < 4) return false;
    const magic = input.readUInt32LE(0);
    if ((magic & 0xffff_fff0) >>> 0 === skippableMagic) {
      if (input.length < 8) return false;
      this.#skipBytes = input.readUInt32LE(4);
      this.#take(8);
      return true;
    }
    if (magic !== frameMagic) throw new Error("no Zstandard frame begins here");
    if (input.length < 5) return false;
    const flags = input[4] ?? 0;
    const headerBytes = headerBytesOf(flags);
    if (input.length < headerBytes) return false;
    this.#startFrame(input.subarray(0, headerBytes), flags);
    this.#take(headerBytes);
    return true;
  }

  #startFrame(header: Buffer, flags: number): void {
    const isSingleSegment = (flags & 32) !== 0;
    const dictionaryBytes = dictionaryBytesOf(flags);
    const dictionaryAt = isSingleSegment ? 5 : 6;
    if ((flags & reservedFlag) !== 0) throw new Error("a reserved flag is set");
    if (header.subarray(dictionaryAt, dictionaryAt + dictionaryBytes).some((byte) => byte !== 0)) {
      throw new Error("a frame needs a dictionary");
    }
    const contentBytes = contentBytesOf(header, dictionaryAt + dictionaryBytes, flags);
    const windowBytes = isSingleSegment ? (contentBytes ?? 0) : windowBytesOf(header[5] ?? 0);
    if (windowBytes > windowBytesMax) throw new Error("a frame has a window of more than 128 MiB");
    const stream = new Decompress((bytes) => this.#keep(bytes));
    const hash = (flags & checksumFlag) === 0 ? null : this.#hashes.create64();
    this.#frame = { stream, hash, contentBytes, producedBytes: 0, isLastBlockDone: false };
    header.copy(this.#given);
    this.#given[4] = flags & ~checksumFlag;
    this.#givenBytes = header.length;
    this.#isFirstGiven = false;
  }

  /** Decodes a block, or ends the frame. @returns whether there were enough bytes */
  #readBlock(frame: Frame): boolean {
    const input = this.#input;
    if (frame.isLastBlockDone) return this.#endFrame(frame);
    if (input.length < blockHeaderBytes) return false;
    const header = input.readUIntLE(0, blockHeaderBytes);
    const kind = (header >> 1) & 3;
    const sizeBytes = header >> 3;
    if (kind === 3 || sizeBytes > blockBytesMax) throw new Error("a block is of no known kind");
    const storedBytes = blockHeaderBytes + (kind === 1 ? 1 : sizeBytes);
    if (input.length < storedBytes) return false;
    const isLast = (header & 1) === 1;
    this.#give(frame, input.subarray(0, storedBytes), isLast);
    this.#take(storedBytes);
    frame.isLastBlockDone = isLast;
    return true;
  }

  #give(frame: Frame, block: Buffer, isLast: boolean): void {
    if (this.#givenBytes + block.length > this.#given.length)
      throw new Error("a block is too long");
    block.copy(this.#given, this.#givenBytes);
    this.#givenBytes += block.length;
    if (!this.#isFirstGiven && this.#givenBytes < firstBytesMin && !isLast) return;
    this.#isFirstGiven = true;
    const given = this.#given.subarray(0, this.#givenBytes);
    this.#givenBytes = 0;
    frame.stream.push(given, isLast);
  }

  #keep(bytes: Uint8Array): void {
    const frame = this.#frame;
    if (frame === null || bytes.length === 0) return;
    frame.producedBytes += bytes.length;
    frame.hash?.update(bytes);
    this.#pieces.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  }

  #endFrame({ hash, contentBytes, producedBytes }: Frame): boolean {
    if (contentBytes !== null && contentBytes !== producedBytes) {
      throw new Error("a frame has another size than its header says");
    }
    if (hash !== null) {
      if (this.#input.length < checksumBytes) return false;
      const expected = this.#input.readUInt32LE(0);
      if (Number(hash.digest() & 0xffff_ffffn) !== expected) throw new Error("a checksum differs");
      this.#take(checksumBytes);
    }
    this.#frame = null;
    return true;
  }
}

function dictionaryBytesOf(flags: number): number {
  return [0, 1, 2, 4][flags & 3] ?? 0;
}

function sizeFieldBytesOf(flags: number): number {
  const kind = flags >> 6;
  return kind === 0 ? (flags >> 5) & 1 : 1 << kind;
}

function headerBytesOf(flags: number): number {
  const windowBytes = (flags & 32) === 0 ? 1 : 0;
  return 5 + windowBytes + dictionaryBytesOf(flags) + sizeFieldBytesOf(flags);
}

function contentBytesOf(header: Buffer, at: number, flags: number): number | null {
  const length = sizeFieldBytesOf(flags);
  if (length === 0) return null;
  if (length === 8) return Number(header.readBigUInt64LE(at));
  // A size of two bytes does not count those that one byte can tell.
  return header.readUIntLE(at, length) + (length === 2 ? 256 : 0);
}

function windowBytesOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}
