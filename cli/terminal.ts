import { once } from "node:events";

/** Where a command writes: results to `out`, everything said to a person on the way to `note`. */
export interface Terminal {
  /** One line of result. */
  out(line: string): void;
  /** Bytes of result as they are; waits while the reader is slow. */
  outBytes(bytes: Uint8Array): Promise<void>;
  /** One line beside the result. */
  note(line: string): void;
  /** Text beside the result without a line end, for lines that are redrawn. */
  draw(text: string): void;
  /** Whether notes are seen live by a person, so that lines can be redrawn. */
  readonly isLive: boolean;
  readonly columns: number;
}

export const systemTerminal: Terminal = {
  out: (line) => void process.stdout.write(`${line}\n`),
  outBytes: async (bytes) => {
    if (!process.stdout.write(bytes)) await once(process.stdout, "drain");
  },
  note: (line) => void process.stderr.write(`${line}\n`),
  draw: (text) => void process.stderr.write(text),
  get isLive() {
    return process.stderr.isTTY === true;
  },
  get columns() {
    return process.stderr.columns || 80;
  },
};

/** Remembers what was written; for tests. */
export class MemoryTerminal implements Terminal {
  readonly isLive: boolean;
  readonly columns = 80;
  outText = "";
  noteText = "";

  constructor(isLive = false) {
    this.isLive = isLive;
  }

  out(line: string): void {
    this.outText += `${line}\n`;
  }

  outBytes(bytes: Uint8Array): Promise<void> {
    this.outText += Buffer.from(bytes).toString();
    return Promise.resolve();
  }

  note(line: string): void {
    this.noteText += `${line}\n`;
  }

  draw(text: string): void {
    this.noteText += text;
  }
}
