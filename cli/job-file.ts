import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type { AnyJobDefinition, Job } from "#shared/authoring/any-job";
import { fault, messageOf } from "#shared/errors/fault";
import { bundleJobFile, type Bundle } from "./bundle.js";

export interface LoadedJob {
  /** Absolute path of the job file. */
  readonly file: string;
  readonly bundle: Bundle;
  readonly definition: AnyJobDefinition;
}

/**
 * Bundles a job file and reads its definition from the bundle, so that what is checked here is what
 * workers will run.
 * @throws MR_JOB_FILE_INVALID, or MR_JOB_INVALID when a field of the definition is not right
 */
export async function loadJobFile(file: string): Promise<LoadedJob> {
  return loadBundle(await bundleJobFile(file), file);
}

/** Reads the definition from a bundle. @param file what it was made of, for messages */
export async function loadBundle(bundle: Bundle, file: string): Promise<LoadedJob> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "millrace-job-"));
  try {
    const module = path.join(folder, "job.mjs");
    await writeFile(module, bundle.bytes);
    return { file, bundle, definition: await readDefinition(module, file) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readDefinition(module: string, file: string): Promise<AnyJobDefinition> {
  process.setSourceMapsEnabled(true);
  let exported: { readonly default?: unknown };
  try {
    exported = (await import(pathToFileURL(module).href)) as { default?: unknown };
  } catch (error) {
    throw loadFault(error, file);
  }
  const job = exported.default;
  if (isJob(job)) return job.definition;
  const found = job === undefined ? "it has none" : `it is ${describe(job)}`;
  throw fault(
    "MR_JOB_FILE_INVALID",
    `the default export must be a job, "export default defineJob({ … })"; ${found}`,
    { file },
  );
}

/** Its own copy of our code was bundled, so its faults are known by their form, not their class. */
function loadFault(error: unknown, file: string) {
  const isDefinitionFault =
    error instanceof Error && "code" in error && error.code === "MR_JOB_INVALID";
  if (isDefinitionFault) return fault("MR_JOB_INVALID", error.message, { file });
  const frame = error instanceof Error ? frameIn(error.stack ?? "", file) : null;
  return fault(
    "MR_JOB_FILE_INVALID",
    `the job file fails while it is loaded: ${messageOf(error)}`,
    { at: frame ?? file },
    error,
  );
}

/** `file:line:column` of the first frame in that file. */
function frameIn(stack: string, file: string): string | null {
  const line = stack.split("\n").find((each) => each.includes(file));
  const position = line?.match(/:\d+:\d+(?=\)?$)/)?.[0];
  return position === undefined ? null : `${file}${position}`;
}

function isJob(value: unknown): value is Job {
  return (
    typeof value === "object" && value !== null && "millraceJob" in value && value.millraceJob === 1
  );
}

function describe(value: unknown): string {
  if (value === null) return "null";
  return typeof value === "object" ? "an object that defineJob did not make" : `a ${typeof value}`;
}
