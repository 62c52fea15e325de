import { crc32 } from "node:zlib";
import { compressSync, uncompressSync } from "lz4-napi";
import { fault } from "#shared/errors/fault";
import type { KeyKind } from "./key.js";

/**
 * A block of a run: sixteen bytes of header, then records, perhaps compressed.
 *
 *     0  u32 LE  CRC-32 of bytes 4 up to the block's end
 *     4  u32 LE  stored bytes after the header
 *     8  u32 LE  bytes of the records before compression
 *     12 u8      codec: 0 none, 1 LZ4 block
 *     13 u8      key kind: 1 string, 2 number, 3 bytes
 *     14 u8      flags: 1 = every record begins with the index of the map task it came from (varint)
 *     15 u8      0
 *
 * A record is `varint keyBytes, key, varint valueBytes, value`; a record never crosses blocks.
 */
export const blockHeaderBytes = 16;

/** Records fill a block up to about so many bytes; a larger record gets a block of its own. */
export const blockTargetBytes = 128 * 1024;

/** Larger than any block that is written: limits what a corrupt length can ask for. */
export const blockBytesMax = 256 * 1024 * 1024;

export const codecs = { none: 0, lz4: 1 } as const;
export type CodecName = keyof typeof codecs;

export const blockFlags = { origins: 1 } as const;

export interface BlockHeader {
  readonly storedBytes: number;
  readonly rawBytes: number;
  readonly codec: number;
  readonly keyKind: KeyKind;
  readonly hasOrigins: boolean;
}

/**
 * Finishes a block in place.
 * @param block room for the header, then `rawBytes` of records
 * @returns the bytes to store: `block` itself, or a compressed copy when that is smaller
 */
export function sealBlock(
  block: Buffer,
  rawBytes: number,
  options: { readonly codec: CodecName; readonly keyKind: KeyKind; readonly hasOrigins: boolean },
): Buffer {
  let sealed = block.subarray(0, blockHeaderBytes + rawBytes);
  let codec: number = codecs.none;
  if (options.codec === "lz4") {
    const packed = compressSync(block.subarray(blockHeaderBytes, blockHeaderBytes + rawBytes));
    if (packed.length < rawBytes) {
      sealed = Buffer.concat([block.subarray(0, blockHeaderBytes), packed]);
      codec = codecs.lz4;
    }
  }
  sealed.writeUInt32LE(sealed.length - blockHeaderBytes, 4);
  sealed.writeUInt32LE(rawBytes, 8);
  sealed[12] = codec;
  sealed[13] = options.keyKind;
  sealed[14] = options.hasOrigins ? blockFlags.origins : 0;
  sealed[15] = 0;
  sealed.writeUInt32LE(crc32(sealed.subarray(4)), 0);
  return sealed;
}

/** @throws MR_RUN_CORRUPT when the lengths are impossible */
export function readBlockHeader(bytes: Buffer, position: number): BlockHeader {
  const storedBytes = bytes.readUInt32LE(position + 4);
  const rawBytes = bytes.readUInt32LE(position + 8);
  const codec = bytes[position + 12] ?? 255;
  const keyKind = bytes[position + 13] ?? 0;
  if (storedBytes > blockBytesMax || rawBytes > blockBytesMax || codec > 1 || keyKind > 3) {
    throw fault("MR_RUN_CORRUPT", "impossible block header", { storedBytes, rawBytes, codec });
  }
  const hasOrigins = ((bytes[position + 14] ?? 0) & blockFlags.origins) !== 0;
  return { storedBytes, rawBytes, codec, keyKind: keyKind as KeyKind, hasOrigins };
}

/**
 * Checks a whole block (header and stored bytes) and gives its records.
 * @returns a view into `block`, or a new buffer when it was compressed
 * @throws MR_RUN_CORRUPT when the checksum or a length does not hold
 */
export function openBlock(block: Buffer, header: BlockHeader): Buffer {
  if (crc32(block.subarray(4)) !== block.readUInt32LE(0)) {
    throw fault("MR_RUN_CORRUPT", "block checksum does not match");
  }
  const stored = block.subarray(blockHeaderBytes);
  const raw = header.codec === codecs.lz4 ? uncompressSync(stored) : stored;
  if (raw.length !== header.rawBytes) {
    throw fault("MR_RUN_CORRUPT", "block length does not match", { expected: header.rawBytes });
  }
  return raw;
}
