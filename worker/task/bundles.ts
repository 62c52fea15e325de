import { createHash } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { rmSync } from "node:fs";
import path from "node:path";
import type { Ids, Random, Timers } from "#shared/clock/clock";
import { asFault, fault, messageOf, type Fault } from "#shared/errors/fault";
import { scratchPaths } from "#shared/model/keys";
import { limits } from "#shared/model/limits";

export interface BundlesOptions {
  /** `http(s)://host:port[/path]` of the master. */
  readonly masterHttpUrl: string;
  readonly token: string | null;
  readonly scratchFolder: string;
  readonly random: Random;
  readonly timers: Timers;
  readonly ids: Ids;
}

const triesMax = 10;
const waitMinMs = 100;
const waitMaxMs = 5_000;
const requestTimeoutMs = 30_000;

/** Fetches bundled user code by its content hash, once, however many attempts ask for it. */
export class Bundles {
  readonly #options: BundlesOptions;
  readonly #paths = new Map<string, Promise<string>>();

  constructor(options: BundlesOptions) {
    this.#options = options;
  }

  /** Where a bundle lies once it is here. */
  pathOf(sha256: string): string {
    return path.join(this.#options.scratchFolder, scratchPaths.bundle(sha256));
  }

  /**
   * The file of a bundle, verified.
   * @throws MR_BUNDLE_NOT_FOUND, MR_BUNDLE_CORRUPT, MR_MASTER_UNREACHABLE, MR_TOKEN_WRONG, or what
   * the disk says
   */
  get(sha256: string): Promise<string> {
    const known = this.#paths.get(sha256);
    if (known !== undefined) return known;
    const started = this.#obtain(sha256);
    this.#paths.set(sha256, started);
    started.catch(() => {
      if (this.#paths.get(sha256) === started) this.#paths.delete(sha256);
    });
    return started;
  }

  /** Removes a bundle that no job needs any more, also one that is still on its way. */
  forget(sha256: string): void {
    const started = this.#paths.get(sha256);
    this.#paths.delete(sha256);
    const remove = (): void => {
      // At once, so that a fetch that starts now cannot lose its file to this.
      if (!this.#paths.has(sha256)) rmSync(this.pathOf(sha256), { force: true });
    };
    remove();
    started?.then(remove).catch(() => {});
  }

  async #obtain(sha256: string): Promise<string> {
    const file = this.pathOf(sha256);
    if (await isIntact(file, sha256)) return file;
    for (let tries = 1; ; tries++) {
      try {
        await this.#store(file, await this.#fetch(sha256));
        return file;
      } catch (error) {
        const reason = asFault(error);
        if (tries >= triesMax || !isWorthRetrying(reason)) throw error;
        await this.#pause(tries);
      }
    }
  }

  async #fetch(sha256: string): Promise<Buffer> {
    const { masterHttpUrl, token } = this.#options;
    const url = `${masterHttpUrl}/api/v1/bundles/${sha256}`;
    let response: Response;
    let bytes: Buffer;
    try {
      response = await fetch(url, {
        headers: token === null ? {} : { authorization: `Bearer ${token}` },
        signal: AbortSignal.timeout(requestTimeoutMs),
      });
      if (!response.ok) {
        await response.body?.cancel();
        throw refusal(response.status, sha256);
      }
      bytes = await readBounded(response, sha256);
    } catch (error) {
      if (error instanceof Error && error.name === "Fault") throw error;
      const reason = messageOf(error instanceof Error && error.cause ? error.cause : error);
      throw fault("MR_MASTER_UNREACHABLE", "cannot fetch bundle", { sha256, reason }, error);
    }
    if (sha256Of(bytes) === sha256) return bytes;
    throw fault("MR_BUNDLE_CORRUPT", "bundle is not what its hash says", { sha256 });
  }

  async #store(file: string, bytes: Buffer): Promise<void> {
    await mkdir(path.dirname(file), { recursive: true });
    const temporary = `${file}.${this.#options.ids.suffix(8)}`;
    try {
      await writeFile(temporary, bytes);
      await rename(temporary, file);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  #pause(tries: number): Promise<void> {
    const { random, timers } = this.#options;
    const waitMs = random.next() * Math.min(waitMaxMs, waitMinMs * 2 ** tries);
    return new Promise((resolve) => {
      timers.after(waitMs, resolve);
    });
  }
}

function isWorthRetrying(reason: Fault): boolean {
  return reason.code === "MR_MASTER_UNREACHABLE" || reason.code === "MR_BUNDLE_CORRUPT";
}

function refusal(status: number, sha256: string): Fault {
  const details = { sha256, status };
  if (status === 404) return fault("MR_BUNDLE_NOT_FOUND", "master has no such bundle", details);
  if (status === 401 || status === 403) {
    return fault("MR_TOKEN_WRONG", "master refused to hand out a bundle", details);
  }
  return fault("MR_MASTER_UNREACHABLE", "master did not hand out a bundle", details);
}

async function readBounded(response: Response, sha256: string): Promise<Buffer> {
  const blocks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const block of response.body ?? []) {
    sizeBytes += block.length;
    if (sizeBytes > limits.bundleBytesMax) {
      throw fault("MR_BUNDLE_CORRUPT", "bundle is too large", {
        sha256,
        bytesMax: limits.bundleBytesMax,
      });
    }
    blocks.push(block);
  }
  return Buffer.concat(blocks);
}

/** Whether a file left by an earlier process is whole. */
async function isIntact(file: string, sha256: string): Promise<boolean> {
  try {
    return sha256Of(await readFile(file)) === sha256;
  } catch {
    return false;
  }
}

function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
