import { compress, init } from "@bokuweb/zstd-wasm";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Compression } from "#shared/model/formats";

/**
 * Compressed files are many members (gzip) or frames (zstd) one behind another, each of so many bytes: what
 * is held in memory is one of them, however many parts are open, and the same content gives the same bytes.
 */
export const frameBytes = 1024 * 1024;

export interface Compressor {
  /** What the file's name ends in. */
  readonly extension: string;
  /** A whole member or frame. */
  compress(bytes: Buffer): Promise<Buffer>;
}

const gzipAsync = promisify(gzip);
/** The byte of the header that names the operating system: unknown, so that all write the same. */
const systemOffset = 9;
const systemUnknown = 255;

/** @see RFC 1952 */
const gzipCompressor: Compressor = {
  extension: ".gz",
  async compress(bytes) {
    const member = await gzipAsync(bytes);
    member[systemOffset] = systemUnknown;
    return member;
  },
};

let zstd: Promise<void> | null = null;

/** @see RFC 8878 */
const zstdCompressor: Compressor = {
  extension: ".zst",
  async compress(bytes) {
    zstd ??= init();
    await zstd;
    const frame = compress(bytes);
    return Buffer.from(frame.buffer, frame.byteOffset, frame.length);
  },
};

export const compressors: Record<Compression, Compressor> = {
  gzip: gzipCompressor,
  zstd: zstdCompressor,
};
