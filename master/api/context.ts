import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
import type { Response } from "express";
import type { Coordinator } from "#master/coordinate/coordinator";
import type { Clock, Ids } from "#shared/clock/clock";
import { fault } from "#shared/errors/fault";
import type { Logger } from "#shared/log/logger";
import type { MasterMetrics } from "#shared/metrics/master-metrics";
import { findJob, type JobView } from "#master/schedule/views";
import type { StorageBackend } from "#shared/storage/backend";

export interface ApiOptions {
  readonly coordinator: Coordinator;
  /** Rooted at `/`. */
  readonly backend: StorageBackend;
  /** Absolute path. */
  readonly dataFolder: string;
  readonly token: string | null;
  readonly version: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
  readonly metrics: MasterMetrics;
}

/** What every route works with. */
export class ApiContext {
  readonly startedAtMs: number;

  constructor(readonly options: ApiOptions) {
    this.startedAtMs = options.clock.nowMs();
  }

  get coordinator(): Coordinator {
    return this.options.coordinator;
  }

  get backend(): StorageBackend {
    return this.options.backend;
  }

  /** Backend key of something in the data folder. */
  dataKey(key: string): string {
    return `${this.options.dataFolder.replace(/^\/+|\/+$/g, "")}/${key}`;
  }

  /** @throws MR_JOB_NOT_FOUND */
  job(jobId: string): JobView {
    const job = findJob(this.coordinator.state, jobId);
    if (job === null) throw fault("MR_JOB_NOT_FOUND", "no job has this id", { jobId });
    return job;
  }

  async sendObject(response: Response, key: string): Promise<void> {
    await pipeline(Readable.from(this.backend.read(key), { objectMode: false }), response);
  }
}
