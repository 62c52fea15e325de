import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { CombineContext, TaskContext } from "#shared/authoring/context";
import type { JobKey, JobValue } from "#shared/authoring/values";
import type { AggregateSpec } from "#shared/authoring/aggregates";
import type { AnySource, AnyStep } from "#shared/authoring/any-job";
import { combinerOf } from "#shared/authoring/combiner";
import { fault } from "#shared/errors/fault";
import type { KeyKind } from "#shared/format/key";
import { scratchPaths } from "#shared/model/keys";
import type { Counters, Part, RecordPlace } from "#shared/model/result";
import type { Split } from "#shared/model/split";
import { CombineEmitter, SortEmitter } from "#worker/map/emitter";
import type { FoldedAggregate } from "#worker/map/folded-aggregates";
import { OrderBytes } from "#worker/map/ordered-bytes";
import { OrderedEmitter } from "#worker/map/ordered-emitter";
import { writeDistinct } from "#worker/map/ordered-writers";
import { makePartitioner, type Partitioner } from "#worker/map/partitioner";
import { readerFor } from "#worker/map/builtin/make-byte-mapper";
import { openRecords } from "#worker/map/readers/open-records";
import { MapRun, type MapAll, type MapHooks } from "#worker/map/run-map";
import { Spills } from "#worker/map/spills";
import {
  writeAggregates,
  writeCombined,
  writeRecords,
  type StreamWriter,
} from "#worker/map/stream-writers";
import { refuseEmitTo } from "#worker/runs/emit-to";
import { UserCounters } from "#worker/runs/counters";
import type { GroupReader } from "#worker/runs/groups";
import { valueOrderOf } from "#worker/runs/order-values";
import { CombiningEmitter } from "#worker/streaming/combine-program";
import { mapWithProgram } from "#worker/streaming/map-program";
import type { LineForm } from "#worker/streaming/output-lines";
import { byFirstFields } from "#worker/streaming/partition-fields";
import type { ProgramSite } from "#worker/streaming/program-site";
import { threadMemoryBytes } from "./attempt-memory.js";
import { mapMemory } from "./map-memory.js";
import type { AttemptOrder } from "./orders.js";
import { PartEmitter } from "./part-emitter.js";
import { openOutput, outputCounters } from "./part.js";
import { isProgram, outputForm, siteOf, sortedForm, workFolder } from "./programs.js";
import type { Progress } from "./progress.js";
import { removeFolder } from "./remove-folder.js";
import { sampleOf, writeSample } from "./sampling.js";
import { placeOf } from "./storage.js";
import { makeContext, type UserJob } from "./user-job.js";

export interface AttemptOutcome {
  readonly counters: Counters;
  readonly hasRun: boolean;
  readonly parts: Part[];
}

/** An attempt that can say where it is. */
export interface RunningAttempt {
  readonly during: string;
  readonly place: RecordPlace | null;
  run(): Promise<AttemptOutcome>;
}

const inMapOfReducingJob = refuseEmitTo(
  "emitTo only in reduce, or in a job without a reducer; what map emits goes to the reducers",
);

/** A map attempt from split to run file, or to part when the job has no reducer. */
export class MapAttempt implements RunningAttempt {
  readonly #counters = new UserCounters();
  #run: MapRun | null = null;
  #combining: { readonly groups: GroupReader; readonly kind: KeyKind } | null = null;

  constructor(
    readonly order: AttemptOrder,
    readonly job: UserJob,
    readonly split: Split,
    readonly progress: Progress,
  ) {}

  get during(): string {
    return this.#combining === null ? (this.#run?.during ?? "map") : "combine";
  }

  get place(): RecordPlace | null {
    if (this.#combining === null) return this.#run?.place ?? null;
    const { groups, kind } = this.#combining;
    const key = String(groups.decodeKey(kind)).slice(0, 200);
    const location = this.split.ranges[0]?.location ?? "";
    return { location, offset: groups.groupCount, preview: `key ${JSON.stringify(key)}` };
  }

  async run(): Promise<AttemptOutcome> {
    const source = openRecords(readerFor(this.#source()), this.split, placeOf);
    try {
      const counters = await (this.order.spec.hasReducer
        ? this.#runToRun(source)
        : this.#runToPart(source));
      counters.counters["map.bytes.in"] = source.bytesRead;
      this.#counters.addTo(counters.counters);
      return counters;
    } finally {
      await source.close();
      removeFolder(workFolder(this.order));
    }
  }

  async #runToRun(source: ReturnType<typeof openRecords>): Promise<AttemptOutcome> {
    const { order, job } = this;
    const { definition, step } = job;
    const folder = join(order.scratchFolder, scratchPaths.attempt(order.ref));
    mkdirSync(folder, { recursive: true });
    const base = makeContext(order, definition, this.#counters, job.sides);
    const { partitionCount, boundaries } = order;
    const partitioner = this.#byFields(
      makePartitioner(step.partition, base.params, partitionCount, boundaries),
    );
    const combine = combinerOf(step);
    const writer = this.#streamWriter(combine, base);
    const spills = new Spills(folder, order.partitionCount, order.compression, writer);
    const memory = mapMemory(order.slotMemoryBytes);
    const valueOrder = valueOrderOf(step);
    const emitter =
      valueOrder !== null
        ? new OrderedEmitter(
            spills,
            partitioner,
            new OrderBytes(valueOrder, this.split.source ?? 0),
            memory,
          )
        : typeof combine === "object" && combine.kind === "aggregate" && isFolded(combine.spec)
          ? new CombineEmitter(combine.spec, spills, partitioner, memory)
          : isProgram(combine)
            ? new CombiningEmitter(spills, partitioner, memory, combine, this.#site(base))
            : new SortEmitter(spills, partitioner, memory);
    const run = new MapRun(
      step,
      this.#source(),
      source,
      emitter,
      base,
      this.#hooks(),
      inMapOfReducingJob,
      this.#mapAll(base, sortedForm),
    );
    this.#run = run;
    await run.run();
    const summary = emitter instanceof CombiningEmitter ? await emitter.close() : emitter.finish();
    return {
      hasRun: true,
      parts: [],
      counters: {
        "map.records.in": run.recordsIn,
        "map.records.out": emitter.recordCount,
        "map.run.records": summary.records,
        "map.run.bytes": summary.fileBytes,
        "map.spills": spills.count,
        "map.spilled.bytes": spills.spilledBytes,
        "map.spilled.records": spills.spilledRecords,
      },
    };
  }

  async #runToPart(source: ReturnType<typeof openRecords>): Promise<AttemptOutcome> {
    const { order, job } = this;
    const { definition, step } = job;
    const output = await openOutput(order, definition, job.tap);
    try {
      const { sampleKeysMax } = order.spec.stepRun ?? {};
      const sample =
        sampleKeysMax === undefined ? null : sampleOf(this.split, source, sampleKeysMax);
      const emitter = sample ?? new PartEmitter(output.writer);
      const emitTo = sample === null ? output.emitTo : inMapOfReducingJob;
      const base = makeContext(order, definition, this.#counters, job.sides);
      const run = new MapRun(
        step,
        this.#source(),
        source,
        emitter,
        base,
        this.#hooks(),
        emitTo,
        this.#mapAll(base, outputForm(order, definition)),
      );
      this.#run = run;
      await run.run();
      if (sample !== null) await writeSample(sample, output.writer);
      const parts = await output.finish();
      return {
        hasRun: false,
        parts,
        counters: {
          "map.records.in": run.recordsIn,
          "map.records.out": emitter.recordCount,
          ...outputCounters(parts),
        },
      };
    } catch (error) {
      await output.discard().catch(() => undefined);
      throw error;
    }
  }

  #streamWriter(combine: AnyStep["combine"], base: ReturnType<typeof makeContext>): StreamWriter {
    if (combine === undefined) return writeRecords;
    if (typeof combine === "object") {
      // It runs before records are written, not while they are.
      if (combine.kind === "program") return writeRecords;
      return combine.spec.name === "distinct" ? writeDistinct : writeAggregates(combine.spec);
    }
    return writeCombined({
      combine,
      makeContext: (emit): CombineContext<JobKey, JobValue, unknown> => ({ ...base, emit }),
      onGroup: (groups, kind) => {
        this.#combining = { groups, kind };
        this.#run?.gate.shut("the emit of map was called in combine, which has one of its own");
        this.progress.step();
      },
      onEnd: () => {
        this.#combining = null;
        this.#run?.gate.open();
      },
    });
  }

  /** A mapper that is a program has a loop of its own. */
  #mapAll(base: TaskContext<unknown>, form: LineForm): MapAll | null {
    const { map } = this.#source();
    return isProgram(map) ? mapWithProgram(map, this.split, this.#site(base), form) : null;
  }

  #byFields(partitioner: Partitioner): Partitioner {
    const { map } = this.#source();
    if (!isProgram(map) || map.partitionFields === undefined) return partitioner;
    return byFirstFields(partitioner, map.separator, map.partitionFields);
  }

  #site(base: TaskContext<unknown>): ProgramSite {
    return siteOf(this.order, base, this.progress);
  }

  /** The input that the split is of. */
  #source(): AnySource {
    const source = this.job.sources[this.split.source ?? 0];
    if (source !== undefined) return source;
    throw fault("MR_JOB_FILE_INVALID", "the job in the bundle has no such input", {
      source: this.split.source ?? 0,
    });
  }

  #hooks(): MapHooks {
    const { progress, split } = this;
    let present = "";
    let range = 0;
    return {
      onRecord(location, offset) {
        if (location !== present) {
          present = location;
          range = 1 + split.ranges.findIndex((one) => one.location === location);
        }
        progress.stepAt(range, offset);
      },
      onProgress(fraction, recordsIn, recordsOut) {
        progress.step();
        progress.set("fraction", fraction);
        progress.set("recordsIn", recordsIn);
        progress.set("recordsOut", recordsOut);
        progress.set("memoryBytes", threadMemoryBytes());
      },
    };
  }
}

/** Whether a table of numbers can fold it; the others fold what was sorted. */
function isFolded(spec: AggregateSpec): spec is FoldedAggregate {
  return ["sum", "count", "min", "max", "mean", "all"].includes(spec.name);
}
