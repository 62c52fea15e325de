import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AnyJobDefinition, Job } from "#shared/authoring/any-job";
import { resolveParams } from "#shared/authoring/params";
import { hasNamedInputs, inputNamesOf, sideNamesOf, submissionOf } from "#shared/authoring/spec";
import { fault } from "#shared/errors/fault";
import { makeJobId } from "#shared/model/ids";
import { jobSpecSchema, type JobSpec, type ParamValue } from "#shared/model/job";
import { JobRunner } from "./run-steps.js";
import { filesByName, writeFiles, type TestFiles, type TestInput } from "./test-files.js";
import { resultOf } from "./tapped.js";
import type { TestResult } from "./test-result.js";

export interface TestOptions {
  /** Content of the input, or of each input by its name. A list is several files. */
  readonly input?: TestInput;
  readonly params?: Readonly<Record<string, ParamValue>>;
  /** Content of each side input by its name. */
  readonly side?: Readonly<Record<string, TestFiles>>;
  /** Reduce tasks of the last step; at least two unless the job or this says otherwise. */
  readonly reducers?: number;
  /** Target bytes of one map task; a small input is halved unless the job or this says otherwise. */
  readonly splitBytes?: number;
}

/** The engine keeps buffers for one attempt at a time. */
let present: Promise<unknown> = Promise.resolve();

/**
 * Runs a job in this process, in a temporary folder, through the engine of the cluster: planned, mapped,
 * sorted, reduced and written as there, with at least two map and two reduce tasks where the input
 * can be divided. Calls that overlap run one after another.
 * @throws what the job's own code throws, as it is; MR_ARGUMENT_INVALID and MR_PARAM_INVALID when the
 * options do not fit the job; what the engine refuses, as on a cluster
 */
export function testJob(job: Job, options: TestOptions = {}): Promise<TestResult> {
  const result = present.then(() => runJob(job, options));
  present = result.catch(() => undefined);
  return result;
}

async function runJob(job: Job, options: TestOptions): Promise<TestResult> {
  if (job?.millraceJob !== 1) {
    throw fault("MR_ARGUMENT_INVALID", "testJob takes what defineJob() returned");
  }
  const { definition } = job;
  const folder = mkdtempSync(join(tmpdir(), "millrace-test-"));
  try {
    const owner = {
      jobId: makeJobId(definition.name, 0, "test"),
      spec: specOf(definition, options, folder),
      output: join(folder, "output"),
    };
    const ran = await new JobRunner(definition, owner, join(folder, "scratch")).run();
    const outputs = Object.keys(definition.outputs ?? {});
    return await resultOf(ran.folder, ran.names, outputs, ran.tapped, ran.counters);
  } finally {
    // Programs that are being ended may still write there.
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 10 });
  }
}

/** What would be submitted, with its files written. */
function specOf(definition: AnyJobDefinition, options: TestOptions, folder: string): JobSpec {
  const names = inputNamesOf(definition);
  const inputs = filesByName("input", options.input, names, hasNamedInputs(definition));
  const sides = filesByName("side", options.side ?? {}, sideNamesOf(definition), true);
  const written = (kind: string, files: typeof inputs): Map<string, string[]> =>
    new Map([...files].map(([name, list]) => [name, writeFiles(join(folder, kind, name), list)]));
  const submission = submissionOf(definition, {
    bundleSha256: "0".repeat(64),
    inputs: written("input", inputs),
    sides: written("side", sides),
    params: paramsOf(definition, options.params ?? {}),
    output: join(folder, "output"),
    reducers: options.reducers,
    splitBytes: options.splitBytes,
  });
  const checked = jobSpecSchema.safeParse(submission);
  if (checked.success) return checked.data;
  const problems = checked.error.issues.map(({ path, message }) => `${path.join(".")} ${message}`);
  throw fault("MR_JOB_INVALID", `the job is not valid: ${problems.join("; ")}`);
}

function paramsOf(
  definition: AnyJobDefinition,
  given: Readonly<Record<string, ParamValue>>,
): Record<string, ParamValue> {
  const { params, problems } = resolveParams(definition.params ?? {}, given);
  if (problems.length === 0) return params;
  const shown = problems.map(({ field, problem }) => `${field} ${problem}`).join("; ");
  throw fault("MR_PARAM_INVALID", `testJob: ${shown}`);
}
