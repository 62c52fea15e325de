import { StringDecoder } from "node:string_decoder";
import { readReport } from "./reporter.js";

/** What is done with what a program says on its standard error. */
export interface StderrHooks {
  count(name: string, amount: number): void;
  /** Whole lines, each with its end, or a piece of one that is very long. */
  log(text: string): void;
}

/** A longer line goes to the log in pieces. */
const lineCharsMax = 64 * 1024;
const lastLineCharsMax = 300;

/** Cuts standard error into lines: reports are done what they ask for, the rest is logged. */
export class StderrLines {
  /** The last line that was no report, shortened. */
  last = "";
  #rest = "";
  /** What comes next is the end of a line that was too long. */
  #isInside = false;
  readonly #decoder = new StringDecoder("utf8");
  readonly #hooks: StderrHooks;

  constructor(hooks: StderrHooks) {
    this.#hooks = hooks;
  }

  add(chunk: Buffer): void {
    this.#addText(this.#decoder.write(chunk));
  }

  end(): void {
    this.#addText(this.#decoder.end());
    if (this.#rest !== "") this.#addText("\n");
  }

  #addText(text: string): void {
    const whole = this.#rest + text;
    const end = whole.lastIndexOf("\n") + 1;
    this.#rest = whole.slice(end);
    let plain = "";
    for (const line of end === 0 ? [] : whole.slice(0, end - 1).split("\n")) {
      plain += this.#line(line);
    }
    if (this.#rest.length > lineCharsMax) {
      plain += this.#rest;
      this.#remember(this.#rest);
      this.#rest = "";
      this.#isInside = true;
    }
    if (plain !== "") this.#hooks.log(plain);
  }

  /** @returns what of the line goes to the log */
  #line(line: string): string {
    const report = this.#isInside ? null : readReport(line);
    this.#isInside = false;
    if (report === null) {
      if (line.trim() !== "") this.#remember(line);
      return `${line}\n`;
    }
    if (report.kind === "status") return `status: ${report.text}\n`;
    if (report.kind === "unreadable") return `[millrace] cannot read this report: ${line}\n`;
    this.#hooks.count(report.name, report.amount);
    return "";
  }

  #remember(line: string): void {
    // Copied through a buffer: a slice would keep the whole chunk alive.
    this.last = Buffer.from(line.slice(0, lastLineCharsMax)).toString();
  }
}
