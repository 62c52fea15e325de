import { createHash } from "node:crypto";
import type { ObjectWriter } from "#shared/storage/backend";
import { frameBytes, type Compressor } from "./compressor.js";

/** The file that a part becomes: bytes as stored, compressed if need be, and their checksum. */
export class PartBytes {
  /** So far. */
  storedBytes = 0;
  /** Length of the pieces that are compressed one by one; 0 for bytes that are stored as they come. */
  readonly frameBytes: number;
  readonly extension: string;
  readonly #hash = createHash("sha256");
  readonly #object: ObjectWriter;
  readonly #compressor: Compressor | null;

  constructor(object: ObjectWriter, compressor: Compressor | null) {
    this.#object = object;
    this.#compressor = compressor;
    this.frameBytes = compressor === null ? 0 : frameBytes;
    this.extension = compressor?.extension ?? "";
  }

  /** Takes the bytes before it resolves; the caller may use the buffer again afterwards. */
  async write(bytes: Buffer): Promise<void> {
    if (this.#compressor === null) return this.#store(bytes);
    for (let at = 0; at < bytes.length; at += frameBytes) {
      await this.#store(await this.#compressor.compress(bytes.subarray(at, at + frameBytes)));
    }
  }

  /** Makes the file durable and visible. */
  async finish(): Promise<{ readonly bytes: number; readonly sha256: string }> {
    // A compressed file of no bytes at all is an error to most tools.
    if (this.#compressor !== null && this.storedBytes === 0) {
      await this.#store(await this.#compressor.compress(Buffer.alloc(0)));
    }
    await this.#object.commit();
    return { bytes: this.storedBytes, sha256: this.#hash.digest("hex") };
  }

  discard(): Promise<void> {
    return this.#object.discard();
  }

  #store(bytes: Buffer): Promise<void> {
    this.storedBytes += bytes.length;
    const writing = this.#object.write(bytes);
    this.#hash.update(bytes);
    return writing;
  }
}
