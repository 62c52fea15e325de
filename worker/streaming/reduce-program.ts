import type { Program } from "#shared/authoring/programs";
import { keyKinds } from "#shared/format/key";
import { Scratch } from "#shared/format/scratch";
import { valueTags } from "#shared/format/value";
import type { ReduceAll } from "#worker/reduce/run-reduce";
import type { RecordSink } from "#worker/reduce/writers/part-writer";
import { OutputLines, type LineForm, type LineSink } from "./output-lines.js";
import { startProgram, type ProgramSite } from "./program-site.js";
import { RecordLines } from "./record-lines.js";

/** Reduces a partition with a program: it reads all records in key order and groups them itself. */
export function reduceWithProgram(program: Program, site: ProgramSite, form: LineForm): ReduceAll {
  return async (run, groups) => {
    const { writer, records, hooks } = run;
    const lines = new OutputLines(program, new WriterSink(writer), form);
    const block = new RecordLines(program.separator);
    const process = await startProgram(site, "reduce", program, (chunk) => {
      lines.add(chunk);
      return writer.isFull ? writer.drain() : null;
    });
    const flush = async (): Promise<void> => {
      hooks.onStep(groups.groupCount);
      await process.write(block.view());
      block.clear();
      run.report();
    };
    try {
      while (!process.hasFailed && groups.nextGroup()) {
        const { key } = groups;
        while (groups.nextValue()) {
          run.recordsIn++;
          const { bytes, valueStart, valueEnd } = groups.record;
          block.add(records.keyKind, key.bytes, 0, key.length, bytes, valueStart, valueEnd);
          if (block.isFull) await flush();
        }
      }
      await flush();
      await process.finish();
      lines.end();
      if (writer.isFull) await writer.drain();
    } finally {
      process.kill();
    }
  };
}

/** Lines as records of the part. */
class WriterSink implements LineSink {
  readonly #value = new Scratch(256);

  constructor(readonly writer: RecordSink) {}

  emitLine(
    bytes: Buffer,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
  ): void {
    const value = this.#value;
    value.length = 1;
    value.bytes[0] = valueStart < 0 ? valueTags.null : valueTags.string;
    if (valueStart >= 0) value.append(bytes, valueStart, valueEnd);
    this.writer.add(keyKinds.string, bytes, keyStart, keyEnd, value.bytes, 0, value.length);
  }
}
