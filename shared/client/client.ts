import { randomUUID } from "node:crypto";
import type { JobStatus, JobSubmission } from "#shared/model/job";
import type { Stage } from "#shared/model/ids";
import { Http, type HttpOptions } from "./http.js";
import {
  apiPrefix,
  attemptLogSchema,
  attemptViewSchema,
  clusterViewSchema,
  jobAnswerSchema,
  jobCountersSchema,
  jobOutputSchema,
  jobViewSchema,
  pageLimits,
  pageSchema,
  planViewSchema,
  taskViewSchema,
  workerViewSchema,
  type AttemptLog,
  type AttemptView,
  type ClusterView,
  type JobCounters,
  type JobOutput,
  type JobView,
  type Page,
  type PlanView,
  type TaskView,
  type WorkerView,
} from "./types.js";

export interface PageQuery {
  /** Items a page, 1 to 1000. */
  readonly limit?: number;
  readonly cursor?: string;
}

export interface JobFilter extends PageQuery {
  readonly status?: JobStatus;
  readonly name?: string;
  /** Instead of the jobs that were submitted: those that run the steps of this one. */
  readonly parent?: string;
}

export interface TaskFilter extends PageQuery {
  readonly stage?: Stage;
  readonly state?: TaskView["state"];
}

/** Talks to a master over REST. Every method throws a Fault with the master's own code and kind. */
export class Client {
  readonly #http: Http;

  constructor(options: HttpOptions) {
    this.#http = new Http(options);
  }

  /** `http://host:port` of the master. */
  get baseUrl(): string {
    return this.#http.baseUrl;
  }

  /** Uploads the bundled job code; again is fine. @param sha256 of the bytes, in hex */
  async putBundle(sha256: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#http.text({
      method: "PUT",
      path: `${apiPrefix}/bundles/${part(sha256)}`,
      headers: { "content-type": "text/javascript" },
      body: bytes,
      isIdempotent: true,
    });
  }

  getBundle(sha256: string): Promise<string> {
    return this.#http.text(get(`/bundles/${part(sha256)}`));
  }

  /** @param idempotencyKey the same key gives the same job, however often it is submitted */
  async submitJob(
    submission: JobSubmission,
    idempotencyKey: string = randomUUID(),
  ): Promise<JobView> {
    const request = post("/jobs", submission, { "idempotency-key": idempotencyKey });
    return (await this.#http.json(request, jobAnswerSchema)).job;
  }

  /** What a submission would become, without running it; the bundle need not exist. */
  plan(submission: JobSubmission): Promise<PlanView> {
    return this.#http.json(post("/plan", submission), planViewSchema);
  }

  /** Newest first. */
  listJobs(filter: JobFilter = {}): Promise<Page<JobView>> {
    return this.#http.json(get("/jobs", filter), pageSchema(jobViewSchema));
  }

  async getJob(jobId: string, signal?: AbortSignal): Promise<JobView> {
    const request = { ...get(`/jobs/${part(jobId)}`), signal };
    return (await this.#http.json(request, jobAnswerSchema)).job;
  }

  async cancelJob(jobId: string): Promise<JobView> {
    const request = post(`/jobs/${part(jobId)}/cancel`, {});
    return (await this.#http.json(request, jobAnswerSchema)).job;
  }

  listTasks(jobId: string, filter: TaskFilter = {}): Promise<Page<TaskView>> {
    return this.#http.json(get(`/jobs/${part(jobId)}/tasks`, filter), pageSchema(taskViewSchema));
  }

  listAttempts(jobId: string, stage: Stage, taskIndex: number): Promise<Page<AttemptView>> {
    const path = `/jobs/${part(jobId)}/tasks/${stage}/${taskIndex}/attempts`;
    return this.#http.json(get(path), pageSchema(attemptViewSchema));
  }

  getCounters(jobId: string): Promise<JobCounters> {
    return this.#http.json(get(`/jobs/${part(jobId)}/counters`), jobCountersSchema);
  }

  /** Attempts whose log can be read. */
  listLogs(jobId: string, query: PageQuery = {}): Promise<Page<AttemptLog>> {
    return this.#http.json(get(`/jobs/${part(jobId)}/logs`, query), pageSchema(attemptLogSchema));
  }

  /** @param task `map-00003` */
  getLog(jobId: string, task: string, attempt: number): Promise<string> {
    return this.#http.text(get(`/jobs/${part(jobId)}/logs`, { task, attempt }));
  }

  /** @throws MR_JOB_ENDED when the job did not succeed, or not yet */
  getOutput(jobId: string): Promise<JobOutput> {
    return this.#http.json(get(`/jobs/${part(jobId)}/output`), jobOutputSchema);
  }

  listWorkers(query: PageQuery = {}): Promise<Page<WorkerView>> {
    return this.#http.json(get("/workers", query), pageSchema(workerViewSchema));
  }

  getWorker(workerId: string): Promise<WorkerView> {
    return this.#http.json(get(`/workers/${part(workerId)}`), workerViewSchema);
  }

  getCluster(): Promise<ClusterView> {
    return this.#http.json(get("/cluster"), clusterViewSchema);
  }

  /** Prometheus text. */
  getMetrics(): Promise<string> {
    return this.#http.text({ method: "GET", path: "/metrics", isIdempotent: true });
  }
}

/** All items of a list, page after page. */
export async function* everyItem<Item>(
  fetchPage: (query: PageQuery) => Promise<Page<Item>>,
): AsyncGenerator<Item> {
  let cursor: string | null = null;
  do {
    const query: PageQuery = cursor === null ? {} : { cursor };
    const page: Page<Item> = await fetchPage({ limit: pageLimits.max, ...query });
    yield* page.items;
    cursor = page.nextCursor;
  } while (cursor !== null);
}

function part(text: string): string {
  return encodeURIComponent(text);
}

function get(path: string, query: object = {}) {
  return {
    method: "GET",
    path: apiPrefix + path,
    query: query as Readonly<Record<string, string | number | undefined>>,
    isIdempotent: true,
  } as const;
}

/** Every POST may be repeated: a submit carries its idempotency key, the others change nothing twice. */
function post(path: string, body: object, headers: Readonly<Record<string, string>> = {}) {
  return {
    method: "POST",
    path: apiPrefix + path,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
    isIdempotent: true,
  } as const;
}
