import { mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { all, count, identity, sum } from "#shared/authoring/aggregates";
import type { AnyJobDefinition } from "#shared/authoring/any-job";
import { defineJob } from "#shared/authoring/job";
import { tsv } from "#shared/authoring/formats";
import { fields } from "#shared/authoring/mappers";
import { fixedLength, text } from "#shared/authoring/readers";
import { raw } from "#shared/authoring/writers";
import type { Split } from "#shared/model/split";
import { inProcessOrder, inProcessRuns, type InProcessJob } from "./in-process.js";
import { placeOf } from "./storage.js";
import { MapAttempt } from "./map-attempt.js";
import { Progress } from "./progress.js";
import { ReduceAttempt } from "./reduce-attempt.js";
import { userJobOf } from "./user-job.js";

/** A valid job id that no job has: jobs are named by the instant of their submit. */
const jobId = "warm-up-00000000-000000-none";
const lineBytes = 100;
/** Enough for V8 to compile what a real attempt runs, in a fraction of a second. */
const lineCount = 10_000;

export interface WarmUpOptions {
  /** Of this thread alone; made and removed. */
  readonly folder: string;
  readonly slotMemoryBytes: number;
  /** Asked between steps: somebody waits for the thread. */
  readonly isWanted: () => boolean;
}

/**
 * Sorts and counts a few made-up records from split to part, so that the engine's loops are compiled when the first
 * real attempt comes: that one is otherwise about a fifth of a second slower. Never throws.
 */
export async function warmUp(options: WarmUpOptions): Promise<void> {
  try {
    await runAll(options);
    rmSync(options.folder, { recursive: true, force: true });
  } catch {
    // A thread that is not warm is only slower; what is wrong shows in the first attempt.
  }
}

async function runAll(options: WarmUpOptions): Promise<void> {
  const { folder } = options;
  mkdirSync(folder, { recursive: true });
  const input = join(folder, "input");
  writeFileSync(input, makeLines());
  const split = await splitOf(input);
  for (const { definition } of [sorting, counting]) {
    if (!(await runJob(definition, split, options))) return;
  }
}

/** @returns false when somebody waits for the thread */
async function runJob(
  definition: AnyJobDefinition,
  split: Split,
  options: WarmUpOptions,
): Promise<boolean> {
  if (options.isWanted()) return false;
  const job = jobOver(definition, options, split);
  const userJob = userJobOf(definition, 0);
  const map = inProcessOrder(job, 0, { stage: "map", split });
  await new MapAttempt(map, userJob, split, new Progress()).run();
  if (options.isWanted()) return false;
  const runs = inProcessRuns(job);
  const reduce = inProcessOrder(job, 0, { stage: "reduce", runs });
  const attempt = new ReduceAttempt(reduce, userJob, new Progress(), () => undefined);
  attempt.addRuns(runs);
  await attempt.run();
  return true;
}

/**
 * Without any user's function: what V8 learns about calling one here would stand in the way of the
 * job's own, which then ran up to a twentieth slower for good.
 */
const sorting = defineJob({
  name: "sorting",
  input: fixedLength({ recordBytes: lineBytes, keyBytes: 10 }),
  map: identity(),
  reduce: identity(),
  output: raw(),
});

/** Lines, the combine table, aggregates. */
const counting = defineJob({
  name: "counting",
  input: text(),
  map: fields({ key: [0, 1] }),
  reduce: all(count(), sum()),
  output: tsv(),
});

/** Lines of ten words of nine letters. */
function makeLines(): Buffer {
  const lines = Buffer.alloc(lineCount * lineBytes);
  let state = 1;
  for (let at = 0; at < lines.length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    const column = at % lineBytes;
    if (column === lineBytes - 1) lines[at] = 10;
    else if (column % 10 === 9) lines[at] = 32;
    else lines[at] = 97 + ((state >>> 16) % (column % 10 < 6 ? 3 : 26));
  }
  return lines;
}

async function splitOf(location: string): Promise<Split> {
  const { backend, key } = placeOf(location);
  const stat = await backend.stat(key);
  const fileBytes = statSync(location).size;
  const version = stat?.version ?? "";
  return { ranges: [{ location, startByte: 0, endByte: fileBytes, fileBytes, version }] };
}

function jobOver(
  { name, input, output }: AnyJobDefinition,
  { folder, slotMemoryBytes }: WarmUpOptions,
  split: Split,
): InProcessJob {
  return {
    jobId,
    spec: {
      name,
      bundleSha256: "",
      paramSpecs: {},
      params: {},
      inputs: [],
      overwrite: false,
      reader: input?.spec ?? { kind: "text" },
      writer: output.spec,
      hasReducer: true,
      hasCombiner: false,
      attemptsMax: 1,
      lossesMax: 1,
      taskTimeoutMs: 1_000,
    },
    output: join(folder, name, "output"),
    plan: { splits: [split], partitionCount: 1 },
    scratchFolder: join(folder, name),
    slotMemoryBytes,
  };
}
