import { createHash } from "node:crypto";
import type { Request, Response } from "express";
import { fault } from "#shared/errors/fault";
import { isFinal, jobSpecSchema, type JobSpec } from "#shared/model/job";
import { makeJobId, type JobId } from "#shared/model/ids";
import { keys } from "#shared/model/keys";
import { parseLocation } from "#shared/storage/locations";
import { checkSpec } from "./check-spec.js";
import type { ApiContext } from "./context.js";
import { jobView } from "./job-view.js";
import { check, FieldFault } from "./problem.js";

const keyPattern = /^[\x21-\x7e]{1,200}$/;

/**
 * Submits in the making: what was checked stays true until the state knows the job. One instance a
 * process.
 */
export class Submits {
  /** Output folders of jobs that are being submitted. */
  readonly #outputs = new Set<string>();
  readonly #ids = new Set<JobId>();
  /** By idempotency key: repeats that come before the first was answered wait for it. */
  readonly #underWay = new Map<string, Promise<JobId>>();

  constructor(private readonly api: ApiContext) {}

  /** `POST /jobs`: 201 once the job is in the journal. */
  async post(request: Request, response: Response): Promise<void> {
    const key = readKey(request);
    const spec = check(jobSpecSchema, request.body);
    const { jobId, isRepeat } =
      key === null
        ? { jobId: await this.#submit(spec, null), isRepeat: false }
        : await this.#submitOnce(spec, key);
    response
      .status(isRepeat ? 200 : 201)
      .location(`/api/v1/jobs/${jobId}`)
      .json({ job: jobView(this.api, jobId) });
  }

  async #submitOnce(spec: JobSpec, key: string): Promise<{ jobId: JobId; isRepeat: boolean }> {
    const bodySha256 = createHash("sha256").update(JSON.stringify(spec)).digest("hex");
    for (;;) {
      const former = this.api.coordinator.findSubmission(key);
      if (former !== null) {
        if (former.bodySha256 === bodySha256) return { jobId: former.jobId, isRepeat: true };
        throw fault("MR_IDEMPOTENCY_MISMATCH", "this Idempotency-Key was used for another job", {
          idempotencyKey: key,
          jobId: former.jobId,
        });
      }
      const underWay = this.#underWay.get(key);
      if (underWay === undefined) break;
      // It may fail, and then this request takes its turn.
      await underWay.catch(() => null);
    }
    const submit = this.#submit(spec, { key, bodySha256 });
    this.#underWay.set(key, submit);
    try {
      return { jobId: await submit, isRepeat: false };
    } finally {
      this.#underWay.delete(key);
    }
  }

  async #submit(
    given: JobSpec,
    idempotency: { readonly key: string; readonly bodySha256: string } | null,
  ): Promise<JobId> {
    const { api } = this;
    const spec = checkSpec(given);
    await this.#checkBundle(spec);
    const jobId = this.#newId(spec.name);
    const output = spec.output ?? `${api.options.dataFolder}/${keys.output(jobId)}`;
    const folder = parseLocation(output).key;
    this.#checkFolder(folder, output);
    this.#claim(folder, output);
    this.#ids.add(jobId);
    try {
      if (folder !== "" && (await api.backend.stat(folder)) !== null) {
        throw fault("MR_OUTPUT_EXISTS", "a file lies where the output folder must be", { output });
      }
      if (!spec.overwrite && (await api.coordinator.outputExists(output))) {
        throw fault("MR_OUTPUT_EXISTS", "the output folder has content; overwrite is not set", {
          output,
        });
      }
      const submission = idempotency === null ? undefined : { ...idempotency, jobId };
      await api.coordinator.submit({ type: "job-submitted", jobId, spec, output }, submission);
    } finally {
      this.#outputs.delete(folder);
      this.#ids.delete(jobId);
    }
    return jobId;
  }

  #newId(name: string): JobId {
    const { clock, ids } = this.api.options;
    for (;;) {
      const jobId = makeJobId(name, clock.nowMs(), ids.suffix(4));
      if (!this.#ids.has(jobId) && !this.api.coordinator.state.jobs.has(jobId)) return jobId;
    }
  }

  /** In the data folder, outputs have a place of their own beside journal, bundles and logs. */
  #checkFolder(folder: string, output: string): void {
    const dataKey = this.api.dataKey("");
    const isOurs = `${folder}/`.startsWith(dataKey) && !folder.startsWith(`${dataKey}output/`);
    if (folder !== "" && !isOurs) return;
    const detail = `is ${JSON.stringify(output)}; allowed: a folder outside of the data folder, or below`;
    throw new FieldFault("MR_REQUEST_INVALID", "nothing may be written there: output", [
      { field: "output", detail: `${detail} /${dataKey}output/` },
    ]);
  }

  /** @throws MR_OUTPUT_EXISTS when another job writes there */
  #claim(folder: string, output: string): void {
    for (const job of this.api.coordinator.state.jobs.values()) {
      if (isFinal(job.status) || parseLocation(job.output).key !== folder) continue;
      throw fault("MR_OUTPUT_EXISTS", "another job writes to this output folder", {
        output,
        jobId: job.jobId,
      });
    }
    if (this.#outputs.has(folder)) {
      throw fault("MR_OUTPUT_EXISTS", "another job writes to this output folder", { output });
    }
    this.#outputs.add(folder);
  }

  async #checkBundle({ bundleSha256 }: JobSpec): Promise<void> {
    const stat = await this.api.backend.stat(this.api.dataKey(keys.bundle(bundleSha256)));
    if (stat !== null) return;
    throw fault("MR_BUNDLE_NOT_FOUND", "the job's bundle was not uploaded", { bundleSha256 });
  }
}

function readKey(request: Request): string | null {
  const key = request.get("idempotency-key");
  if (key === undefined) return null;
  if (keyPattern.test(key)) return key;
  throw fault("MR_REQUEST_INVALID", "header Idempotency-Key must be 1 to 200 printable characters");
}
