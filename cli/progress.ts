import type { JobView } from "#shared/client/types";
import { liveLines, plainLine, stepOf } from "./render/job.js";
import type { Terminal } from "./terminal.js";

/** Plain lines come at most so often; a log of a long job stays short. */
const plainPeriodMs = 2000;

interface Shown {
  readonly lines: readonly string[];
  readonly plain: string;
  /** `step 2/3 rank`, without what changes within a step. */
  readonly step: string;
  readonly toldAtMs: number;
}

/**
 * Shows how jobs go on: bars redrawn in place on a live terminal, otherwise a line for each change.
 */
export class Progress {
  readonly #terminal: Terminal;
  readonly #nowMs: () => number;
  readonly #jobs = new Map<string, Shown>();
  #drawnLines = 0;

  constructor(terminal: Terminal, nowMs: () => number = () => Date.now()) {
    this.#terminal = terminal;
    this.#nowMs = nowMs;
  }

  /** @param title stands above the bars when several jobs are shown at once */
  update(job: JobView, title?: string): void {
    const known = this.#jobs.get(job.id);
    const plain = plainLine(job);
    const step = stepOf(job).split(",")[0] ?? "";
    const nowMs = this.#nowMs();
    if (this.#terminal.isLive) {
      const lines = liveLines(job, this.#terminal.columns, nowMs);
      const shown = title === undefined ? lines : [title, ...lines];
      this.#jobs.set(job.id, { lines: shown, plain, step, toldAtMs: nowMs });
      this.#redraw();
      return;
    }
    const isNew = known === undefined || known.step !== step;
    const isDue = isNew || nowMs - known.toldAtMs >= plainPeriodMs;
    const isChanged = known?.plain !== plain;
    if (!isChanged || (!isDue && job.endedAt === null)) return;
    this.#terminal.note(plain);
    this.#jobs.set(job.id, { lines: [], plain, step, toldAtMs: nowMs });
  }

  /** A line of its own above the bars. */
  say(line: string): void {
    this.#erase();
    this.#terminal.note(line);
    if (this.#terminal.isLive) this.#redraw();
  }

  /** Leaves the bars as they are; what follows comes below. */
  end(): void {
    this.#drawnLines = 0;
    this.#jobs.clear();
  }

  #redraw(): void {
    this.#erase();
    const lines = [...this.#jobs.values()].flatMap((each) => each.lines);
    this.#terminal.draw(lines.map((line) => `${line}\n`).join(""));
    this.#drawnLines = lines.length;
  }

  /** Moves the cursor up to the first drawn line and clears from there. */
  #erase(): void {
    if (this.#drawnLines > 0) this.#terminal.draw(`\u001b[${this.#drawnLines}A\u001b[0J`);
    this.#drawnLines = 0;
  }
}
