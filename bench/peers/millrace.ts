import fs from "node:fs";
import path from "node:path";
import { bundleJob, type Bundle } from "../cluster/bundle.js";
import { Cluster } from "../cluster/cluster.js";
import { partsOf, runJob } from "../cluster/job-run.js";
import { MemoryWatch } from "../harness/memory.js";
import type { BenchOptions } from "../options.js";
import type { Contender, RunOrder, RunResult, Surroundings } from "./contender.js";

export interface MillraceFacts {
  readonly name: string;
  readonly about: string;
  /** Name of the file in `bench/jobs/`. */
  readonly job: string;
  /** Null for a map-only job. */
  readonly partitionCount: number | null;
  /** Parameters of the job; the time this takes is part of the measurement. */
  readonly params?: (input: string, partitionCount: number) => Readonly<Record<string, string>>;
}

/**
 * Millrace as a contender: every run has a cluster of its own, started before the clock, so that no
 * run finds warm threads or memory of the one before. The clock runs from the submit, before the
 * parameters are made, until `_SUCCESS` exists.
 */
export function millraceContender(
  surroundings: Surroundings,
  options: BenchOptions,
  facts: MillraceFacts,
): Contender {
  const { name, about } = facts;
  let bundle: Promise<Bundle> | null = null;
  return {
    name,
    about,
    isMillrace: true,
    isDurable: true,
    version: millraceVersion(surroundings.root),
    absence: "master and worker are not built (npm run build)",
    run: async (order) => {
      bundle ??= bundleJob(surroundings.root, facts.job, path.join(options.dataFolder, "bundles"));
      return runOnCluster(surroundings, options, facts, { order, bundle: await bundle });
    },
  };
}

/** Null when the two programs are not there. */
export function millraceVersion(root: string): string | null {
  const programs = ["dist/master/main.js", "dist/worker/main.js"];
  if (!programs.every((program) => fs.existsSync(path.join(root, program)))) return null;
  const facts = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8")) as {
    version: string;
  };
  return `Millrace ${facts.version}`;
}

async function runOnCluster(
  surroundings: Surroundings,
  options: BenchOptions,
  facts: MillraceFacts,
  run: { readonly order: RunOrder; readonly bundle: Bundle },
): Promise<RunResult> {
  const { order, bundle } = run;
  const cluster = await Cluster.start(surroundings, {
    folder: path.join(order.folder, "cluster"),
    workers: options.workers,
    slots: options.slots,
  });
  const watch = new MemoryWatch(cluster.pids);
  try {
    await cluster.client.putBundle(bundle.sha256, bundle.bytes);
    const output = path.join(order.folder, "output");
    watch.start();
    const startedMs = performance.now();
    const submission = bundle.submit({
      input: order.input.path,
      output,
      params: facts.params?.(order.input.path, facts.partitionCount ?? 0) ?? {},
      reducers: facts.partitionCount ?? undefined,
      splitBytes: options.splitBytes ?? undefined,
    });
    await runJob(cluster.client, submission);
    const wallMs = performance.now() - startedMs;
    watch.finish();
    const [, ...workers] = cluster.pids;
    const workerPeaks = workers.map((pid) => watch.peakOf(pid) ?? 0);
    return {
      wallMs,
      peakBytes: watch.peakBytes,
      workerPeakBytes: Math.max(...workerPeaks),
      outputs: partsOf(output),
    };
  } finally {
    watch.stop();
    await cluster.stop();
  }
}
