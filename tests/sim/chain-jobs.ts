import { jobSpecSchema, type JobSpec, type StepSpec } from "#shared/model/job";
import type { JobPlan } from "#shared/model/split";
import { Dice } from "./dice.js";
import type { SimJob } from "./settings.js";

/** `job1.loop.2.sample-20260102-030405-aaa1`: names of jobs and steps here have no hyphen. */
const runPattern = /^([^.-]+)\.([^-]+)(-.+)$/;

/** The chain that a job is a run of, by its id alone; null for a job that was submitted. */
export function chainIdOf(jobId: string): string | null {
  const [, name, , tail] = runPattern.exec(jobId) ?? [];
  return name === undefined || tail === undefined ? null : name + tail;
}

/** `loop.2.sample` */
export function runNameOf(jobId: string): string {
  return runPattern.exec(jobId)?.[2] ?? "";
}

/** Steps of a job: some are repeated, some have a total order, some read side inputs. */
export function simSteps(dice: Dice): Partial<JobSpec> {
  if (dice.chance(0.3)) return { hasReducer: true, totalOrder: true };
  const names = ["first", "second", "third"].slice(0, dice.between(1, 3));
  const steps = names.map((name, index): StepSpec => {
    const hasReducer = dice.chance(0.6);
    const isRepeated = dice.chance(0.4);
    const repeat = { until: { counter: "map", atMost: dice.between(0, 2) }, roundsMax: 5 };
    return {
      name,
      hasReducer,
      hasCombiner: false,
      sources: [
        index === 0
          ? { name: "input", inputs: ["/in"], reader: { kind: "text" } }
          : { name: "input", inputs: [], reader: { kind: "former" } },
      ],
      ...(hasReducer && dice.chance(0.4) ? { totalOrder: true } : {}),
      ...(isRepeated ? { repeat } : {}),
    };
  });
  return { hasReducer: false, steps };
}

/** How a run of a chain goes; the same whenever it is asked. */
export function runOf(chain: SimJob, jobId: string): SimJob {
  const dice = new Dice(hashOf(jobId));
  const [stepName, ...rest] = runNameOf(jobId).split(".");
  const steps = chain.spec.steps ?? [{ name: chain.spec.name, hasReducer: true }];
  const step = steps.find(({ name }) => name === stepName);
  const isRun = !rest.includes("sample") && !rest.includes("copy");
  const partitionCount = isRun && step?.hasReducer ? dice.between(1, 3) : 0;
  return {
    ...chain,
    jobId,
    plan: simPlan(dice.between(0, 4), partitionCount),
    planFails: dice.chance(0.01),
    commitFails: dice.chance(0.01),
    cancelAtMs: null,
    forgets: false,
    killerIndex: null,
  };
}

export function simPlan(mapCount: number, partitionCount: number): JobPlan {
  return {
    splits: Array.from({ length: mapCount }, (_, at) => ({
      ranges: [{ location: `/in/${at}`, startByte: 0, endByte: 9, fileBytes: 9, version: "1" }],
    })),
    partitionCount,
    inputBytes: mapCount * 9,
    fileCount: mapCount,
    reasons: [],
  };
}

export function simSpec(fields: Record<string, unknown>): JobSpec {
  return jobSpecSchema.parse({
    bundleSha256: "0".repeat(64),
    inputs: ["/in"],
    reader: { kind: "text" },
    writer: { kind: "tsv" },
    ...fields,
  });
}

function hashOf(text: string): number {
  let hash = 7;
  for (const each of text) hash = (Math.imul(hash, 31) + (each.codePointAt(0) ?? 0)) >>> 0;
  return hash % 1_000_003;
}
