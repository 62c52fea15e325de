import fs from "node:fs";

/** How often resident memory is looked at. */
export const sampleMs = 20;
/** New processes are looked for in every sample at first, later in every fifth. */
const eagerSamples = 20;
const treeEvery = 5;

/**
 * Peak resident memory of process trees: the largest sum of VmRSS over all processes seen in one
 * sample, and never less than the largest VmHWM (the kernel's own peak) of a single process. Pages
 * that processes share are counted in each of them.
 */
export class MemoryWatch {
  readonly #roots: readonly number[];
  readonly #highest = new Map<number, number>();
  #pids: number[] = [];
  #samples = 0;
  #peakSum = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(roots: readonly number[]) {
    this.#roots = roots;
  }

  start(): void {
    this.#sample();
    this.#timer = setInterval(() => this.#sample(), sampleMs);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Takes a last look: call it before the processes end, where that can be known. */
  finish(): void {
    this.#sample();
    this.stop();
  }

  /** Bytes; null where the system has no /proc. */
  get peakBytes(): number | null {
    const peak = Math.max(this.#peakSum, ...this.#highest.values());
    return peak > 0 ? peak : null;
  }

  /** The kernel's own peak of one process as last seen, in bytes. */
  peakOf(pid: number): number | null {
    return this.#highest.get(pid) ?? null;
  }

  #sample(): void {
    if (this.#samples < eagerSamples || this.#samples % treeEvery === 0) {
      this.#pids = this.#roots.flatMap(descendants);
    }
    this.#samples++;
    let sum = 0;
    for (const pid of this.#pids) {
      const memory = residentMemory(pid);
      if (memory === null) continue;
      sum += memory.residentBytes;
      this.#highest.set(pid, Math.max(memory.highestBytes, this.#highest.get(pid) ?? 0));
    }
    this.#peakSum = Math.max(this.#peakSum, sum);
  }
}

/** The process and all that descend from it. */
function descendants(pid: number): number[] {
  const found = [pid];
  for (const parent of found) {
    for (const thread of readFolder(`/proc/${parent}/task`)) {
      const children = readText(`/proc/${parent}/task/${thread}/children`) ?? "";
      for (const child of children.split(" ")) if (child !== "") found.push(Number(child));
    }
  }
  return found;
}

function residentMemory(pid: number): { residentBytes: number; highestBytes: number } | null {
  const status = readText(`/proc/${pid}/status`);
  if (status === null) return null;
  const resident = kilobytes(status, "VmRSS:");
  return { residentBytes: resident, highestBytes: Math.max(resident, kilobytes(status, "VmHWM:")) };
}

function kilobytes(status: string, name: string): number {
  const at = status.indexOf(name);
  return at === -1 ? 0 : Number.parseInt(status.slice(at + name.length), 10) * 1024;
}

/** Processes end at any moment: what is gone is no error. */
function readText(path: string): string | null {
  try {
    return fs.readFileSync(path, "latin1");
  } catch {
    return null;
  }
}

function readFolder(path: string): string[] {
  try {
    return fs.readdirSync(path);
  } catch {
    return [];
  }
}
