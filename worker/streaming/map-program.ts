import type { Program } from "#shared/authoring/programs";
import type { InputRange, Split } from "#shared/model/split";
import type { MapAll, MapRun } from "#worker/map/run-map";
import { piecesOf, type Pieces } from "./line-feed.js";
import { OutputLines, type LineForm } from "./output-lines.js";
import type { ProgramProcess } from "./program-process.js";
import { startProgram, type ProgramSite } from "./program-site.js";

/**
 * Maps a split with a program: one process for each file, so that what its environment says of the
 * input is right where small files share a split.
 */
export function mapWithProgram(
  program: Program,
  split: Split,
  site: ProgramSite,
  form: LineForm,
): MapAll {
  return (run) => new ProgramMap(program, split, site, form, run).run();
}

class ProgramMap {
  readonly #pieces: Pieces;
  #process: ProgramProcess | null = null;
  #lines: OutputLines | null = null;
  #location = "";

  constructor(
    readonly program: Program,
    readonly split: Split,
    readonly site: ProgramSite,
    readonly form: LineForm,
    readonly map: MapRun,
  ) {
    this.#pieces = piecesOf(map.source, program.separator);
  }

  async run(): Promise<void> {
    const { source, hooks } = this.map;
    try {
      while (await source.advance()) {
        const process = await this.#processOf(source.location);
        hooks.onRecord(source.location, source.offset);
        await this.#feed(process);
        if (process.hasFailed) break;
        this.#report();
      }
      // A program that makes lines of nothing must have its turn on an empty file, too.
      await this.#finish(this.#process ?? (await this.#start(this.split.ranges[0])));
    } finally {
      this.#process?.kill();
    }
    this.#report();
  }

  async #feed(process: ProgramProcess): Promise<void> {
    const pieces = this.#pieces;
    // What is not read is walked through all the same: counters must not depend on timing.
    for (let piece = pieces.next(); piece !== null; piece = pieces.next()) {
      if (process.isReading) await process.write(piece);
      if (process.hasFailed) return;
    }
  }

  async #processOf(location: string): Promise<ProgramProcess> {
    if (this.#process !== null && location === this.#location) return this.#process;
    if (this.#process !== null) await this.#finish(this.#process);
    this.#location = location;
    const range = this.split.ranges.find((each) => each.location === location);
    return this.#start(range);
  }

  async #start(range: InputRange | undefined): Promise<ProgramProcess> {
    const { emitter } = this.map;
    const lines = new OutputLines(this.program, emitter, this.form);
    const onOutput = (chunk: Buffer): Promise<void> | null => {
      lines.add(chunk);
      return emitter.isFull ? emitter.drain() : null;
    };
    this.#lines = lines;
    this.#process = await startProgram(this.site, "map", this.program, onOutput, range);
    return this.#process;
  }

  async #finish(process: ProgramProcess): Promise<void> {
    await process.finish();
    this.#lines?.end();
    if (this.map.emitter.isFull) await this.map.emitter.drain();
  }

  #report(): void {
    this.map.recordsIn = this.#pieces.lineCount;
    this.map.report();
  }
}
