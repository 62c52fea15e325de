import type { Client } from "#shared/client/client";
import type { AttemptView, JobView, TaskView } from "#shared/client/types";
import { asFault } from "#shared/errors/fault";
import type { Stage } from "#shared/model/ids";
import { isFinal } from "#shared/model/job";
import { readOutput } from "./output.js";
import { until } from "./waiting.js";

/** A job as the tests follow it, through restarts of the master too. */
export class SubmittedJob {
  constructor(
    private readonly client: () => Client,
    readonly id: string,
    readonly output: string,
  ) {}

  view(): Promise<JobView> {
    return this.client().getJob(this.id);
  }

  /** The final view. */
  async ended(withinMs = 90_000): Promise<JobView> {
    let last: JobView | null = null;
    return until(
      () => `the end of job ${this.id}; it is ${describe(last)}`,
      async () => {
        try {
          last = await this.view();
        } catch (error) {
          if (asFault(error).kind !== "unavailable") throw error;
          return null;
        }
        return isFinal(last.status) ? last : null;
      },
      withinMs,
    );
  }

  /** The final view. @throws Error with the failure when it is none of success */
  async succeeded(withinMs?: number): Promise<JobView> {
    const view = await this.ended(withinMs);
    if (view.status === "succeeded") return view;
    throw new Error(`job ${view.status}: ${JSON.stringify(view.failure)}`);
  }

  /** The final view's failure. @throws Error when the job did not fail */
  async failed(withinMs?: number): Promise<NonNullable<JobView["failure"]>> {
    const view = await this.ended(withinMs);
    if (view.status === "failed" && view.failure !== null) return view.failure;
    throw new Error(`the job was to fail, but it ${view.status}`);
  }

  /** @returns the task once it is done */
  taskDone(stage: Stage, index: number): Promise<TaskView> {
    return until(`${stage} task ${index} of ${this.id} done`, async () => {
      const tasks = (await this.client().listTasks(this.id, { stage, state: "done" })).items;
      return tasks.find((task) => task.index === index);
    });
  }

  async attempts(stage: Stage, index: number): Promise<AttemptView[]> {
    return (await this.client().listAttempts(this.id, stage, index)).items;
  }

  /** Names of all attempts of all tasks: `map-00000.1`. */
  async allAttempts(): Promise<string[]> {
    const tasks = (await this.client().listTasks(this.id, { limit: 1000 })).items;
    const names: string[] = [];
    for (const { stage, index } of tasks) {
      names.push(...(await this.attempts(stage, index)).map(({ name }) => name));
    }
    return names;
  }

  async counters(): Promise<Readonly<Record<string, number>>> {
    return (await this.client().getCounters(this.id)).counters;
  }

  /** Lines of all parts, one part after another. */
  lines(): string[] {
    return readOutput(this.output);
  }
}

function describe(view: JobView | null): string {
  if (view === null) return "not known";
  const { status, map, reduce, attempts, waitingFor } = view;
  return JSON.stringify({ status, map, reduce, attempts, waitingFor });
}
