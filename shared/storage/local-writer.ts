import { rename, unlink, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import type { ObjectStat, ObjectWriter, WriteOptions } from "./backend.js";
import { writeFault } from "./local-errors.js";
import { openBeside, syncFolder, toObjectStat } from "./local-files.js";

/** Fewer, larger writes: below a mebibyte the system calls begin to show. */
const chunkBytes = 1024 * 1024;
/** Writeback begins this early, so that the final sync has little left to wait for. */
const writebackBytes = 32 * 1024 * 1024;

/** Writes to a hidden file beside the object and renames it over the object at commit. */
export class LocalWriter implements ObjectWriter {
  sizeBytes = 0;
  readonly #key: string;
  readonly #path: string;
  readonly #temporary: string;
  readonly #file: FileHandle;
  readonly #durable: boolean;
  readonly #isUnbuffered: boolean;
  #buffer: Buffer | null = null;
  #used = 0;
  #unsynced = 0;
  #writeback: Promise<void> | null = null;
  #writebackError: unknown = null;
  #state: "open" | "committed" | "discarded" = "open";

  private constructor(
    key: string,
    path: string,
    temporary: string,
    file: FileHandle,
    durable: boolean,
    options: WriteOptions,
  ) {
    this.#key = key;
    this.#path = path;
    this.#temporary = temporary;
    this.#file = file;
    this.#durable = durable;
    this.#isUnbuffered = options.isUnbuffered ?? false;
  }

  static async open(
    key: string,
    path: string,
    durable: boolean,
    options: WriteOptions = {},
  ): Promise<LocalWriter> {
    try {
      const temporary = await openBeside(path, durable);
      return new LocalWriter(key, path, temporary.path, temporary.file, durable, options);
    } catch (error) {
      throw writeFault(error, path);
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#mustBeOpen();
    this.sizeBytes += bytes.length;
    const isWhole = this.#isUnbuffered || bytes.length >= chunkBytes;
    if (this.#used === 0 && isWhole) return this.#writeOut(bytes);
    let taken = 0;
    while (taken < bytes.length) {
      this.#buffer ??= Buffer.allocUnsafeSlow(chunkBytes);
      const count = Math.min(chunkBytes - this.#used, bytes.length - taken);
      this.#buffer.set(bytes.subarray(taken, taken + count), this.#used);
      this.#used += count;
      taken += count;
      if (this.#used === chunkBytes) await this.#flush();
    }
  }

  async commit(): Promise<ObjectStat> {
    this.#mustBeOpen();
    try {
      await this.#flush();
      await this.#settleWriteback();
      if (this.#durable) await this.#file.sync();
      const stat = toObjectStat(this.#key, await this.#file.stat({ bigint: true }));
      await this.#file.close();
      await rename(this.#temporary, this.#path);
      this.#state = "committed";
      this.#buffer = null;
      if (this.#durable) await syncFolder(dirname(this.#path));
      return stat;
    } catch (error) {
      await this.discard();
      throw writeFault(error, this.#path);
    }
  }

  async discard(): Promise<void> {
    if (this.#state !== "open") return;
    this.#state = "discarded";
    this.#buffer = null;
    await this.#writeback;
    // Closing twice, or removing what a folder's removal took, leaves what we want: nothing.
    await this.#file.close().catch(() => undefined);
    await unlink(this.#temporary).catch(() => undefined);
  }

  #mustBeOpen(): void {
    if (this.#state !== "open") throw new Error(`writer of ${this.#key} is ${this.#state}`);
  }

  async #flush(): Promise<void> {
    if (this.#buffer === null || this.#used === 0) return;
    const count = this.#used;
    this.#used = 0;
    await this.#writeOut(this.#buffer.subarray(0, count));
  }

  async #writeOut(bytes: Uint8Array): Promise<void> {
    try {
      for (let done = 0; done < bytes.length;) {
        const step = await this.#file.write(bytes, done, bytes.length - done, null);
        done += step.bytesWritten;
      }
    } catch (error) {
      throw writeFault(error, this.#path);
    }
    this.#unsynced += bytes.length;
    if (this.#durable && this.#unsynced >= writebackBytes && this.#writeback === null) {
      this.#startWriteback();
    }
  }

  #startWriteback(): void {
    this.#unsynced = 0;
    this.#writeback = this.#file.datasync().then(
      () => {
        this.#writeback = null;
      },
      (error: unknown) => {
        this.#writebackError = error;
        this.#writeback = null;
      },
    );
  }

  /** An error of a background sync is reported by the system once: it must not be lost here. */
  async #settleWriteback(): Promise<void> {
    await this.#writeback;
    if (this.#writebackError !== null) throw this.#writebackError;
  }
}
