import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { fault } from "#shared/errors/fault";
import type { KeyKind } from "./key.js";

/**
 * Files of records, keys and values as they are encoded. Readers of any byte ranges find whole blocks by the
 * file's marker. All numbers little-endian.
 *
 *     file   := fileHeader block* end, or no bytes at all when there are no records
 *     fileHeader, 28 bytes
 *      0  "MRREC01\n"
 *      8  marker, 16 bytes
 *     24  u32 CRC-32 of the 24 bytes before
 *     block  := header, body
 *     header, 48 bytes
 *      0  marker
 *     16  u32 CRC-32 of bytes 20 to 47
 *     20  u32 bytes of the body, as stored
 *     24  u32 records
 *     28  u32 CRC-32 of the body, as stored
 *     32  u32 bytes from the header before (of the first block: from the file's start) to this one
 *     36  u8  key kind: 1 string, 2 number, 3 bytes
 *     37  u8  mask
 *     38  u16 0
 *     40  u64 where this header begins in the file
 *     body   := record*, every byte XOR mask
 *     record := varint key bytes, varint value bytes, key, value
 *     end    := header with no records and no body
 *
 * The marker is the start of the SHA-256 of the first block's records, changed so that its first byte
 * occurs in it once: two occurrences never overlap. A block's mask is the smallest for which the marker
 * does not occur behind the block's own, so that a marker that is found is one, whatever the values hold.
 */
export const recordsMagic = Buffer.from("MRREC01\n", "latin1");
export const fileHeaderBytes = 28;
export const blockHeaderBytes = 48;
export const markerBytes = 16;

/** Records fill a block up to so many bytes; a larger one gets a block of its own. */
export const blockTargetBytes = 64 * 1024;

/** Larger than any block that is written: a key and a value of the largest size fit. */
const bodyBytesMax = 256 * 1024 * 1024;
const markerLead = 0xff;

/** The marker of a file whose first block has these records. */
export function makeMarker(firstRecords: Uint8Array): Buffer {
  const marker = createHash("sha256").update(firstRecords).digest().subarray(0, markerBytes);
  for (let at = 0; at < markerBytes; at++) if (marker[at] === markerLead) marker[at] = 0;
  marker[0] = markerLead;
  return marker;
}

/** Writes the file header at `at`. @returns the position behind it */
export function writeFileHeader(into: Buffer, at: number, marker: Buffer): number {
  recordsMagic.copy(into, at);
  marker.copy(into, at + 8);
  into.writeUInt32LE(crc32(into.subarray(at, at + 24)), at + 24);
  return at + fileHeaderBytes;
}

/** @returns the marker of the file, or null when these are not the first bytes of such a file */
export function readFileHeader(bytes: Buffer): Buffer | null {
  if (bytes.length < fileHeaderBytes) return null;
  if (bytes.compare(recordsMagic, 0, recordsMagic.length, 0, recordsMagic.length) !== 0) {
    return null;
  }
  if (crc32(bytes.subarray(0, 24)) !== bytes.readUInt32LE(24)) return null;
  return Buffer.from(bytes.subarray(8, 8 + markerBytes));
}

/**
 * Finishes a block in place.
 * @param block room for the header, then the records; of the end, the header alone
 * @throws MR_VALUE_INVALID when the marker cannot be masked
 */
export function sealRecords(
  block: Buffer,
  marker: Buffer,
  head: {
    readonly keyKind: KeyKind;
    readonly recordCount: number;
    readonly formerBytes: number;
    readonly position: number;
  },
): void {
  const body = block.subarray(blockHeaderBytes);
  marker.copy(block, 0);
  block.writeUInt32LE(body.length, 20);
  block.writeUInt32LE(head.recordCount, 24);
  block.writeUInt32LE(head.formerBytes, 32);
  block[36] = head.keyKind;
  block.writeUInt16LE(0, 38);
  block.writeBigUInt64LE(BigInt(head.position), 40);
  for (let mask = 0; mask < 256; mask++) {
    if (mask > 0) applyMask(body, mask - 1);
    if (mask > 0) applyMask(body, mask);
    block[37] = mask;
    block.writeUInt32LE(crc32(body), 28);
    block.writeUInt32LE(crc32(block.subarray(20, blockHeaderBytes)), 16);
    if (block.indexOf(marker, 1) < 0) return;
  }
  // It takes 256 occurrences, one for each mask, of a hash: only who set out to can make such values.
  throw fault("MR_VALUE_INVALID", "values hold the file's marker in every form");
}

export interface RecordsHeader {
  readonly bodyBytes: number;
  /** 0 at the file's end alone. */
  readonly recordCount: number;
  readonly bodyChecksum: number;
  readonly formerBytes: number;
  readonly position: number;
  readonly keyKind: KeyKind;
  readonly mask: number;
}

/** @returns null when these bytes are not a header with this marker, as it was written */
export function readRecordsHeader(bytes: Buffer, marker: Buffer): RecordsHeader | null {
  if (bytes.length < blockHeaderBytes) return null;
  if (bytes.compare(marker, 0, markerBytes, 0, markerBytes) !== 0) return null;
  if (crc32(bytes.subarray(20, blockHeaderBytes)) !== bytes.readUInt32LE(16)) return null;
  const header = {
    bodyBytes: bytes.readUInt32LE(20),
    recordCount: bytes.readUInt32LE(24),
    bodyChecksum: bytes.readUInt32LE(28),
    formerBytes: bytes.readUInt32LE(32),
    position: Number(bytes.readBigUInt64LE(40)),
    keyKind: (bytes[36] ?? 0) as KeyKind,
    mask: bytes[37] ?? 0,
  };
  const isPossible = header.bodyBytes <= bodyBytesMax && header.keyKind <= 3;
  return isPossible && bytes.readUInt16LE(38) === 0 ? header : null;
}

/**
 * Checks a body.
 * @returns its records, a view of `body` or a new buffer when it was masked; null when it is not as written
 */
export function openRecordsBody(body: Buffer, header: RecordsHeader): Buffer | null {
  if (body.length !== header.bodyBytes || crc32(body) !== header.bodyChecksum) return null;
  if (header.mask === 0) return body;
  const records = Buffer.from(body);
  applyMask(records, header.mask);
  return records;
}

function applyMask(bytes: Buffer, mask: number): void {
  for (let at = 0; at < bytes.length; at++) bytes[at] = (bytes[at] ?? 0) ^ mask;
}
