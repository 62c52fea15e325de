import { monitorEventLoopDelay, type IntervalHistogram } from "node:perf_hooks";
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";
import type { JobStatus } from "#shared/model/job";
import type { Stage } from "#shared/model/ids";

/** What the gauges show, taken from the state when somebody looks. */
export interface ClusterGauges {
  readonly jobs: Readonly<Partial<Record<JobStatus, number>>>;
  readonly tasks: readonly {
    readonly stage: Stage;
    readonly state: "pending" | "running" | "done";
    readonly count: number;
  }[];
  readonly workers: Readonly<Record<"ready" | "draining", number>>;
  readonly slotsTotal: number;
  readonly slotsUsed: number;
  /** Of all jobs together, forgotten ones included. */
  readonly attempts: { readonly started: number; readonly failed: number; readonly lost: number };
}

/** Every metric of the master, each declared once. One instance a process or test. */
export class MasterMetrics {
  readonly registry = new Registry();
  readonly #loopDelay: IntervalHistogram = monitorEventLoopDelay({ resolution: 20 });
  #source: (() => ClusterGauges) | null = null;

  readonly jobs = this.#gauge("mapreduce_jobs_count", "Known jobs by status", ["status"]);
  readonly tasks = this.#gauge("mapreduce_tasks_count", "Tasks of unfinished jobs", [
    "stage",
    "state",
  ]);
  readonly workers = this.#gauge("mapreduce_workers_count", "Registered workers by state", [
    "state",
  ]);
  readonly slots = this.#gauge("mapreduce_slots_count", "Slots of the registered workers", []);
  readonly slotsUsed = this.#gauge("mapreduce_slots_used_count", "Slots with an attempt", []);
  readonly eventLoopLag = this.#gauge(
    "mapreduce_event_loop_lag_seconds",
    "Delay of the event loop since the last look",
    ["quantile"],
  );
  readonly attemptsStarted = this.#counter(
    "mapreduce_attempts_started_total",
    "Attempts launched, by all jobs in the journal",
    [],
  );
  readonly attemptsFailed = this.#counter(
    "mapreduce_attempts_failed_total",
    "Attempts that ended in an error",
    [],
  );
  readonly attemptsLost = this.#counter(
    "mapreduce_attempts_lost_total",
    "Attempts whose worker went away",
    [],
  );
  readonly reportsFenced = this.#counter(
    "mapreduce_reports_fenced_total",
    "Reports refused because their attempt or worker incarnation is not the present one",
    [],
  );
  readonly workersLost = this.#counter("mapreduce_workers_lost_total", "Workers lost", []);
  readonly journalEvents = this.#counter(
    "mapreduce_journal_events_total",
    "Events written to the journal",
    [],
  );
  readonly journalAppendSeconds = new Histogram({
    name: "mapreduce_journal_append_seconds",
    help: "Time to make one batch of events durable",
    buckets: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2],
    registers: [this.registry],
  });
  readonly messagesReceived = this.#counter(
    "mapreduce_messages_received_total",
    "Messages from workers",
    ["type"],
  );
  readonly messagesSent = this.#counter("mapreduce_messages_sent_total", "Messages to workers", [
    "type",
  ]);
  readonly httpRequests = this.#counter(
    "mapreduce_http_requests_total",
    "Requests answered, by method and status",
    ["method", "status"],
  );

  constructor() {
    this.#loopDelay.enable();
    collectDefaultMetrics({ register: this.registry });
  }

  /** Names the one place that the gauges are read from. */
  readFrom(source: () => ClusterGauges): void {
    this.#source = source;
  }

  /** All metrics in the text format of Prometheus. */
  async text(): Promise<string> {
    this.#sample();
    return await this.registry.metrics();
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  close(): void {
    this.#loopDelay.disable();
    this.registry.clear();
  }

  #sample(): void {
    for (const quantile of [50, 99]) {
      const lag = this.#loopDelay.percentile(quantile) / 1e9;
      this.eventLoopLag.set({ quantile: String(quantile / 100) }, lag);
    }
    this.#loopDelay.reset();
    if (this.#source === null) return;
    const now = this.#source();
    this.jobs.reset();
    for (const [status, count] of Object.entries(now.jobs)) this.jobs.set({ status }, count);
    this.tasks.reset();
    for (const { stage, state, count } of now.tasks) this.tasks.set({ stage, state }, count);
    for (const [state, count] of Object.entries(now.workers)) this.workers.set({ state }, count);
    this.slots.set(now.slotsTotal);
    this.slotsUsed.set(now.slotsUsed);
    const { started, failed, lost } = now.attempts;
    for (const [counter, total] of [
      [this.attemptsStarted, started],
      [this.attemptsFailed, failed],
      [this.attemptsLost, lost],
    ] as const) {
      counter.reset();
      counter.inc(total);
    }
  }

  #gauge<Label extends string>(name: string, help: string, labelNames: Label[]): Gauge<Label> {
    return new Gauge({ name, help, labelNames, registers: [this.registry] });
  }

  #counter<Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }
}
