import { commitJob } from "#master/commit/commit-job";
import { planSpec } from "#master/coordinate/plan-spec";
import {
  childIdOf,
  childSpec,
  folderOf,
  isChain,
  nextLink,
  openingOf,
  userCounters,
  type ChainOwner,
  type Former,
  type Link,
} from "#master/schedule/links";
import type { AnyJobDefinition } from "#shared/authoring/any-job";
import { fault, Fault } from "#shared/errors/fault";
import { faultCodes, type FaultCode } from "#shared/errors/codes";
import type { JobSpec } from "#shared/model/job";
import { outputPaths } from "#shared/model/keys";
import { addCounters, type Counters, type Part } from "#shared/model/result";
import type { JobPlan } from "#shared/model/split";
import { LocalStorage } from "#shared/storage/local";
import { inProcessOrder, inProcessRuns, type InProcessJob } from "#worker/sandbox/in-process";
import { MapAttempt, type AttemptOutcome } from "#worker/sandbox/map-attempt";
import { Progress } from "#worker/sandbox/progress";
import { ReduceAttempt } from "#worker/sandbox/reduce-attempt";
import { SideInputs } from "#worker/sandbox/side-inputs";
import { userJobOf, type UserJob } from "#worker/sandbox/user-job";
import { Tapped } from "./tapped.js";

/** The planner takes this for the cluster: it sees to two map and two reduce tasks where the input allows. */
const slotCount = 2;
const slotMemoryBytes = 64 * 1024 * 1024;

/** What ran last, whose output is the job's. */
export interface RanJob {
  readonly folder: string;
  /** Names of its parts, those of the main output first. */
  readonly names: readonly string[];
  readonly tapped: Tapped;
  /** User counters of all steps, by their own names. */
  readonly counters: Readonly<Record<string, number>>;
}

/** Runs all steps of a job, one task after another, in the present thread. */
export class JobRunner {
  readonly #backend = new LocalStorage("/", { durable: false });
  readonly #sides = new SideInputs();

  /** @param scratchFolder of this job alone */
  constructor(
    readonly definition: AnyJobDefinition,
    readonly owner: ChainOwner,
    readonly scratchFolder: string,
  ) {}

  /** @throws what the job throws, and what planning refuses */
  async run(): Promise<RanJob> {
    const { owner } = this;
    if (!isChain(owner.spec)) {
      const { counters, ...ran } = await this.#runOne(owner);
      return { ...ran, counters: userCounters(counters) };
    }
    const total: Counters = {};
    let former: Former | null = null;
    for (let link: Link = openingOf(owner.spec, 0, 1); ;) {
      const ran: OneRun = await this.#runLink(link, former);
      // Looking at keys runs the mapper a second time.
      if (link.kind !== "sample") addCounters(total, ran.counters);
      const next = nextLink(owner.spec, link, ran.counters);
      if (next === null) return { ...ran, counters: userCounters(total) };
      if (link.kind === "run") former = { link, counters: userCounters(ran.counters) };
      link = next;
    }
  }

  #runLink(link: Link, former: Former | null): Promise<OneRun> {
    const { owner } = this;
    const spec = childSpec(owner, link, former);
    return this.#runOne({ jobId: childIdOf(owner, link), spec, output: folderOf(owner, link) });
  }

  async #runOne({ jobId, spec, output }: ChainOwner): Promise<OneRun> {
    const plan = await this.#plan(spec);
    const { scratchFolder } = this;
    const job: InProcessJob = { jobId, spec, output, plan, scratchFolder, slotMemoryBytes };
    const { stepIndex = 0, copies = false } = spec.stepRun ?? {};
    const tapped = new Tapped();
    const loaded = userJobOf(this.definition, stepIndex, copies);
    const sides = await this.#sides.load(loaded.step, { spec, sides: plan.sides });
    const userJob: UserJob = { ...loaded, sides, tap: tapped.tap };
    const maps = await runMaps(job, userJob);
    const reduces = await runReduces(job, userJob);
    const counters: Counters = {};
    for (const outcome of [...maps, ...reduces]) addCounters(counters, outcome.counters);
    const parts = nameParts(spec.hasReducer ? reduces : maps);
    const { name: jobName, overwrite } = spec;
    const commit = { jobId, jobName, output, overwrite, parts, counters, nowMs: 0 };
    await commitJob(this.#backend, commit);
    return { folder: output, names: parts.map(({ name }) => name), tapped, counters };
  }

  async #plan(spec: JobSpec): Promise<JobPlan> {
    const planned = await planSpec(this.#backend, spec, slotCount);
    if (planned.ok) return planned.plan;
    const { code, message } = planned.failure;
    throw fault(Object.hasOwn(faultCodes, code) ? (code as FaultCode) : "MR_INTERNAL", message);
  }
}

interface OneRun extends RanJob {
  /** All of them, user counters as `user.<name>`. */
  readonly counters: Counters;
}

async function runMaps(job: InProcessJob, userJob: UserJob): Promise<AttemptOutcome[]> {
  const outcomes: AttemptOutcome[] = [];
  for (const [taskIndex, split] of job.plan.splits.entries()) {
    const order = inProcessOrder(job, taskIndex, { stage: "map", split });
    outcomes.push(await new MapAttempt(order, userJob, split, new Progress()).run());
  }
  return outcomes;
}

async function runReduces(job: InProcessJob, userJob: UserJob): Promise<AttemptOutcome[]> {
  const outcomes: AttemptOutcome[] = [];
  const runs = inProcessRuns(job);
  for (let partition = 0; partition < job.plan.partitionCount; partition++) {
    const order = inProcessOrder(job, partition, { stage: "reduce", runs });
    const attempt = new ReduceAttempt(order, userJob, new Progress(), ({ reason }) => {
      throw new Fault("MR_INTERNAL", "a run of a map task cannot be read", { reason });
    });
    attempt.addRuns(runs);
    outcomes.push(await attempt.run());
  }
  return outcomes;
}

/** Parts of the main output first, then folder by folder, each in the order of tasks. */
function nameParts(outcomes: readonly AttemptOutcome[]): (Part & { readonly name: string })[] {
  const named = outcomes.flatMap(({ parts }, index) =>
    parts.map((part) => ({
      ...part,
      name: outputPaths.part(index, part.folder, part.extension),
    })),
  );
  const folderOf = ({ folder = "" }: Part): string => folder;
  return named.sort((a, b) => {
    if (folderOf(a) === folderOf(b)) return 0;
    return folderOf(a) < folderOf(b) ? -1 : 1;
  });
}
