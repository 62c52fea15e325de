import fs from "node:fs";
import path from "node:path";

/** Said once, where the middle of a log is missing. */
export const cutLine = "[millrace] the log reached its size limit; lines are missing here\n";

/**
 * An attempt's log on disk, bounded and complete at any instant, whoever is killed: the first half
 * goes into the file itself, what follows into numbered segments beside it, of which the last two
 * are kept. `joinLog` puts them together. Writing never throws: a full disk costs the log, not the
 * attempt. The file appears with the first write.
 */
export class LogFile {
  readonly #path: string;
  readonly #headBytesMax: number;
  readonly #segmentBytesMax: number;
  #descriptor: number | null = null;
  #segment = 0;
  #bytesInFile = 0;
  #isBroken = false;
  #isCreated = false;

  constructor(filePath: string, maxBytes: number) {
    this.#path = filePath;
    this.#headBytesMax = Math.floor(maxBytes / 2);
    this.#segmentBytesMax = Math.max(1, Math.floor(maxBytes / 4));
  }

  /** Appends one piece of text, at best a whole line. */
  write(text: string): void {
    if (this.#isBroken || text.length === 0) return;
    const bytes = Buffer.from(text, "utf8");
    try {
      for (let start = 0; start < bytes.length; start += this.#segmentBytesMax) {
        this.#append(bytes.subarray(start, start + this.#segmentBytesMax));
      }
    } catch {
      this.#isBroken = true;
    }
  }

  /** Closes and joins. @returns size of the log in bytes; 0 when nothing was ever written */
  close(): number {
    this.#closeDescriptor();
    return this.#isCreated ? joinLog(this.#path) : 0;
  }

  #append(bytes: Buffer): void {
    this.#room(bytes.length);
    if (this.#descriptor === null) return;
    fs.writeSync(this.#descriptor, bytes);
    this.#bytesInFile += bytes.length;
  }

  #room(bytes: number): void {
    if (!this.#isCreated) {
      fs.mkdirSync(path.dirname(this.#path), { recursive: true });
      for (const old of segmentsOf(this.#path)) fs.rmSync(old, { force: true });
      this.#isCreated = true;
      this.#descriptor = fs.openSync(this.#path, "w");
    }
    const bytesMax = this.#segment === 0 ? this.#headBytesMax : this.#segmentBytesMax;
    if (this.#bytesInFile + bytes <= bytesMax) return;
    this.#closeDescriptor();
    this.#segment += 1;
    this.#bytesInFile = 0;
    this.#descriptor = fs.openSync(segmentPath(this.#path, this.#segment), "w");
    if (this.#segment > 2) fs.rmSync(segmentPath(this.#path, this.#segment - 2), { force: true });
  }

  #closeDescriptor(): void {
    if (this.#descriptor === null) return;
    try {
      fs.closeSync(this.#descriptor);
    } catch {
      this.#isBroken = true;
    }
    this.#descriptor = null;
  }
}

/**
 * Appends the segments that a log still has beside it, oldest first, and removes them. Harmless
 * on a joined log and on one that does not exist. @returns size of the log in bytes, 0 for none
 */
export function joinLog(filePath: string): number {
  try {
    const segments = segmentsOf(filePath);
    if (segments[0] !== undefined && !segments[0].endsWith(".tail-1")) {
      fs.appendFileSync(filePath, cutLine);
    }
    for (const segment of segments) {
      fs.appendFileSync(filePath, fs.readFileSync(segment));
      fs.rmSync(segment, { force: true });
    }
    return fs.statSync(filePath).size;
  } catch {
    return 0;
  }
}

/** The last lines of a log file, oldest first, each shortened; reads no more than it needs. */
export function readLogTail(filePath: string, lineCount: number, lineCharsMax: number): string[] {
  const bytesMax = lineCount * 8 * 1024;
  try {
    const descriptor = fs.openSync(filePath, "r");
    try {
      const sizeBytes = fs.fstatSync(descriptor).size;
      const startByte = Math.max(0, sizeBytes - bytesMax);
      const block = Buffer.alloc(sizeBytes - startByte);
      fs.readSync(descriptor, block, 0, block.length, startByte);
      const lines = block.toString("utf8").split("\n");
      if (startByte > 0) lines.shift();
      if (lines.at(-1) === "") lines.pop();
      return lines.slice(-lineCount).map((line) => line.slice(0, lineCharsMax));
    } finally {
      fs.closeSync(descriptor);
    }
  } catch {
    return [];
  }
}

function segmentPath(filePath: string, segment: number): string {
  return `${filePath}.tail-${segment}`;
}

/** Paths of the segments there are, oldest first. */
function segmentsOf(filePath: string): string[] {
  const prefix = `${path.basename(filePath)}.tail-`;
  return fs
    .readdirSync(path.dirname(filePath))
    .filter((name) => name.startsWith(prefix))
    .map((name) => Number(name.slice(prefix.length)))
    .toSorted((a, b) => a - b)
    .map((segment) => segmentPath(filePath, segment));
}
