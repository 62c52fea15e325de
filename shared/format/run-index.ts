import { crc32 } from "node:zlib";
import { fault } from "#shared/errors/fault";

/**
 * The end of a run file: where each partition lies. All numbers little-endian.
 *
 *     per partition, 32 bytes: u64 offset, u64 stored bytes, u64 raw bytes, u64 records
 *     footer, 24 bytes: u64 offset of the first entry, u32 partitions, u32 CRC-32 of the entries, "MRRUN01\n"
 *
 * A partition is a sequence of whole blocks; an empty one has no bytes.
 */
export interface Segment {
  readonly offset: number;
  readonly storedBytes: number;
  readonly rawBytes: number;
  readonly records: number;
}

export const indexEntryBytes = 32;
export const footerBytes = 24;
const magic = Buffer.from("MRRUN01\n", "latin1");

/** Index and footer, to be written after the last block. */
export function encodeIndex(segments: readonly Segment[], indexOffset: number): Buffer {
  const bytes = Buffer.alloc(segments.length * indexEntryBytes + footerBytes);
  let at = 0;
  for (const segment of segments) {
    for (const value of [segment.offset, segment.storedBytes, segment.rawBytes, segment.records]) {
      bytes.writeBigUInt64LE(BigInt(value), at);
      at += 8;
    }
  }
  const checksum = crc32(bytes.subarray(0, at));
  bytes.writeBigUInt64LE(BigInt(indexOffset), at);
  bytes.writeUInt32LE(segments.length, at + 8);
  bytes.writeUInt32LE(checksum, at + 12);
  magic.copy(bytes, at + 16);
  return bytes;
}

/** @throws MR_RUN_CORRUPT when this is not the footer of a run file of `fileBytes` bytes */
export function decodeFooter(
  footer: Buffer,
  fileBytes: number,
): { readonly indexOffset: number; readonly partitionCount: number; readonly checksum: number } {
  if (footer.length !== footerBytes || !footer.subarray(16).equals(magic)) {
    throw fault("MR_RUN_CORRUPT", "run file does not end in its footer", { fileBytes });
  }
  const indexOffset = Number(footer.readBigUInt64LE(0));
  const partitionCount = footer.readUInt32LE(8);
  if (indexOffset + partitionCount * indexEntryBytes + footerBytes !== fileBytes) {
    throw fault("MR_RUN_CORRUPT", "run file index does not fit", { indexOffset, partitionCount });
  }
  return { indexOffset, partitionCount, checksum: footer.readUInt32LE(12) };
}

/** @throws MR_RUN_CORRUPT when the checksum does not hold */
export function decodeIndex(entries: Buffer, checksum: number): Segment[] {
  if (crc32(entries) !== checksum) {
    throw fault("MR_RUN_CORRUPT", "run file index checksum does not match");
  }
  const segments: Segment[] = [];
  for (let at = 0; at < entries.length; at += indexEntryBytes) {
    segments.push({
      offset: Number(entries.readBigUInt64LE(at)),
      storedBytes: Number(entries.readBigUInt64LE(at + 8)),
      rawBytes: Number(entries.readBigUInt64LE(at + 16)),
      records: Number(entries.readBigUInt64LE(at + 24)),
    });
  }
  return segments;
}
