import { link, open, readFile, stat, unlink } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { systemClock } from "#shared/clock/system";
import { fault } from "#shared/errors/fault";
import { isMissing, systemCode } from "./local-errors.js";
import { openBeside, pathBeside, randomToken } from "./local-files.js";

/** A lock is held for one small write; an older one belongs to a process that cannot go on. */
const staleMs = 60_000;
const pollMs = 5;
const waitMs = 90_000;

const held = new Set<string>();
const queues = new Map<string, Promise<void>>();

/**
 * Runs `work` while no one else does so for this path: callers of this process queue up, other
 * processes are kept out by a lock file beside the path that is created exclusively and names its
 * holder. A lock whose holder is gone is broken. On network file systems it is as good as their
 * exclusive link.
 * @param work is given a check that throws when the lock was taken away meanwhile
 * @throws MR_STORAGE_UNAVAILABLE when another process keeps the lock
 */
export async function withLock<Result>(
  path: string,
  work: (confirm: () => Promise<void>) => Promise<Result>,
): Promise<Result> {
  const before = queues.get(path);
  const { promise: turn, resolve: pass } = turnstile();
  const mine = (before ?? Promise.resolve()).then(() => turn);
  queues.set(path, mine);
  await before;
  try {
    return await whileLocked(path, work);
  } finally {
    pass();
    if (queues.get(path) === mine) queues.delete(path);
  }
}

function turnstile(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

async function whileLocked<Result>(
  path: string,
  work: (confirm: () => Promise<void>) => Promise<Result>,
): Promise<Result> {
  const lockPath = pathBeside(path, "mrlock");
  const holder = `${hostname()} ${process.pid} ${randomToken()}`;
  held.add(holder);
  try {
    await acquire(path, lockPath, holder);
    try {
      return await work(async () => {
        if ((await holderOf(lockPath)) === holder) return;
        throw fault("MR_STORAGE_UNAVAILABLE", "lock was taken away", { lockPath });
      });
    } finally {
      if ((await holderOf(lockPath)) === holder) await unlink(lockPath);
    }
  } finally {
    held.delete(holder);
  }
}

async function acquire(path: string, lockPath: string, holder: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < waitMs; waitedMs += pollMs) {
    if (await create(path, lockPath, holder)) return;
    const other = await holderOf(lockPath);
    if (other !== null && (await isStale(lockPath, other))) await breakLock(lockPath, other);
    else await pause(pollMs);
  }
  throw fault("MR_STORAGE_UNAVAILABLE", "another process keeps the lock", { lockPath });
}

/** The file appears with its content, so that a reader never finds a lock without a holder. */
async function create(path: string, lockPath: string, holder: string): Promise<boolean> {
  const temporary = await openBeside(path, false);
  try {
    await temporary.file.writeFile(holder);
    await link(temporary.path, lockPath);
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw error;
  } finally {
    await temporary.file.close();
    await unlink(temporary.path);
  }
}

async function holderOf(lockPath: string): Promise<string | null> {
  try {
    return await readFile(lockPath, "utf8");
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

async function isStale(lockPath: string, holder: string): Promise<boolean> {
  const [host, pid] = holder.split(" ");
  if (host === hostname()) {
    if (Number(pid) === process.pid) return !held.has(holder);
    if (!isAlive(Number(pid))) return true;
  }
  try {
    return systemClock.nowMs() - (await stat(lockPath)).mtimeMs > staleMs;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) !== "ESRCH";
  }
}

/** Of all that find a lock stale only the one that creates the marker may remove it. */
async function breakLock(lockPath: string, stale: string): Promise<void> {
  const markerPath = `${lockPath}.${stale.split(" ")[2] ?? ""}`;
  try {
    await (await open(markerPath, "wx")).close();
  } catch (error) {
    if (systemCode(error) === "EEXIST") return pause(pollMs);
    throw error;
  }
  try {
    if ((await holderOf(lockPath)) === stale) await unlink(lockPath);
  } finally {
    await unlink(markerPath);
  }
}
