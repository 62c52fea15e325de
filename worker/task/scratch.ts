import fs from "node:fs";
import path from "node:path";
import { fault } from "#shared/errors/fault";

const lockName = "worker.lock";

/** All that a worker may remove when it starts; bundles are verified and stay. */
const ownFolders = ["intermediate", "logs", "warm-up"] as const;

interface Holder {
  readonly pid: number;
  /** Start of that process in ticks since boot: a pid alone may have been given away again. */
  readonly startedAt: string | null;
}

/** The scratch folder of one worker process, locked against a second one. */
export class Scratch {
  readonly #folder: string;
  readonly #holder: Holder = { pid: process.pid, startedAt: processStart(process.pid) };

  /**
   * Creates and locks the folder.
   * @throws MR_SCRATCH_IN_USE when another living process holds it
   */
  constructor(folder: string) {
    this.#folder = folder;
    fs.mkdirSync(folder, { recursive: true });
    const temporary = path.join(folder, `${lockName}.${process.pid}`);
    fs.writeFileSync(temporary, JSON.stringify(this.#holder));
    try {
      this.#lock(temporary);
    } finally {
      fs.rmSync(temporary, { force: true });
    }
  }

  /** Removes what an earlier process left: without it nobody serves those runs. */
  clean(): void {
    for (const name of ownFolders) {
      fs.rmSync(path.join(this.#folder, name), { recursive: true, force: true, maxRetries: 3 });
    }
  }

  release(): void {
    if (sameHolder(readHolder(this.#lockPath), this.#holder)) {
      fs.rmSync(this.#lockPath, { force: true });
    }
  }

  get #lockPath(): string {
    return path.join(this.#folder, lockName);
  }

  /** @param ready file with our name in it; it appears under the lock's name at once and whole */
  #lock(ready: string): void {
    for (let tries = 0; tries < 5; tries++) {
      try {
        fs.linkSync(ready, this.#lockPath);
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const holder = readHolder(this.#lockPath);
      if (holder !== null && isAlive(holder)) throw this.#inUse(holder);
      this.#removeStale(holder);
    }
    throw this.#inUse(readHolder(this.#lockPath));
  }

  /** Two may find the same stale lock: whoever moves away a fresh one by mistake puts it back. */
  #removeStale(stale: Holder | null): void {
    const aside = `${this.#lockPath}.stale-${process.pid}`;
    try {
      fs.renameSync(this.#lockPath, aside);
    } catch {
      return;
    }
    if (!sameHolder(readHolder(aside), stale)) {
      try {
        fs.linkSync(aside, this.#lockPath);
      } catch {
        // Somebody locked in between; the next try sees whom.
      }
    }
    fs.rmSync(aside, { force: true });
  }

  #inUse(holder: Holder | null): Error {
    return fault("MR_SCRATCH_IN_USE", "another worker process uses this scratch folder", {
      folder: this.#folder,
      pid: holder?.pid ?? null,
    });
  }
}

function readHolder(file: string): Holder | null {
  try {
    const { pid, startedAt } = JSON.parse(fs.readFileSync(file, "utf8")) as Partial<Holder>;
    if (typeof pid !== "number") return null;
    return { pid, startedAt: typeof startedAt === "string" ? startedAt : null };
  } catch {
    return null;
  }
}

function sameHolder(a: Holder | null, b: Holder | null): boolean {
  return a?.pid === b?.pid && a?.startedAt === b?.startedAt;
}

function isAlive(holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  return processStart(holder.pid) === holder.startedAt;
}

/**
 * Start of a process in clock ticks since boot, null where the system does not tell.
 * @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html field 22
 */
function processStart(pid: number): string | null {
  try {
    const text = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    // The command in parentheses may hold anything; field 3 follows its last parenthesis.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return fields[19] ?? null;
  } catch {
    return null;
  }
}
