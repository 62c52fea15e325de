import type { Request, Response } from "express";
import { z } from "zod";
import * as views from "#master/schedule/views";
import {
  stageSchema,
  taskStateSchema,
  type AttemptView,
  type TaskView,
} from "#shared/client/types";
import { fault } from "#shared/errors/fault";
import { attemptName, taskName, type JobId, type Stage } from "#shared/model/ids";
import { limits } from "#shared/model/limits";
import type { ApiContext } from "./context.js";
import { instant, instantOrNull } from "./instant.js";
import { jobPath } from "./jobs.js";
import { beyond, pageOf, pageQuery, type Placed } from "./page.js";
import { check } from "./problem.js";
import { jobWithTasks } from "./steps.js";

const listQuery = z.strictObject({
  ...pageQuery,
  stage: stageSchema.optional(),
  state: taskStateSchema.optional(),
});

const attemptsPath = jobPath.extend({
  stage: stageSchema,
  index: z.coerce.number().int().min(0).max(limits.tasksMax),
});

const stages: readonly Stage[] = ["map", "reduce"];
/** Tasks looked at in one go while a filter searches. */
const slice = 1_000;

/** `GET /jobs/:jobId/tasks`: maps first, by index. */
export function listTasks(api: ApiContext, request: Request, response: Response): void {
  const path = check(jobPath, request.params, "path");
  const query = check(listQuery, request.query, "query");
  const { run, note } = jobWithTasks(api, path.jobId);
  const { jobId } = run;
  const wanted = query.stage === undefined ? stages : [query.stage];
  const page = pageOf(
    query,
    (place) => tasksAfter(api, jobId, wanted, query.state, place),
    (task) => taskView(api, jobId, task),
  );
  response.json({ ...page, ...noteOn(run, note) });
}

/** `GET /jobs/:jobId/tasks/:stage/:index/attempts`: oldest first. */
export function listAttempts(api: ApiContext, request: Request, response: Response): void {
  const { stage, index: taskIndex, ...path } = check(attemptsPath, request.params, "path");
  const query = check(z.strictObject(pageQuery), request.query, "query");
  const { run, note } = jobWithTasks(api, path.jobId);
  const { jobId } = run;
  if (taskIndex >= run[stage].taskCount) {
    throw fault("MR_TASK_NOT_FOUND", "the job has no such task", {
      jobId,
      stage,
      taskIndex,
      taskCount: run[stage].taskCount,
    });
  }
  const attempts = views
    .listAttempts(api.coordinator.state, { jobId, stage, taskIndex })
    .map((item) => ({ place: item.ref.attempt, item }));
  const page = pageOf(
    query,
    (place) => beyond(attempts, place),
    (attempt) => attemptView(api, attempt),
  );
  const isWhole = attempts.length > 0 && note === null;
  response.json(isWhole ? page : { ...page, ...noteOn(run, note) });
}

/** Says what is missing from lists of an ended job, and of which job they are. */
function noteOn({ remains }: views.JobView, ofRun: string | null): { note?: string } {
  const notes = ofRun === null ? [] : [ofRun];
  if (remains !== null && remains.detail !== "all") {
    const what = remains.detail === "none" ? "no tasks are" : "only tasks that had trouble are";
    notes.push(`the job ended: ${what} kept; its counts and counters are complete`);
  }
  return notes.length === 0 ? {} : { note: notes.join("; ") };
}

function* tasksAfter(
  api: ApiContext,
  jobId: JobId,
  wanted: readonly Stage[],
  state: TaskView["state"] | undefined,
  place: number | null,
): Generator<Placed<views.TaskView>> {
  for (const stage of wanted) {
    const base = stages.indexOf(stage) * (limits.tasksMax + 1);
    let from = Math.max(0, (place ?? -1) + 1 - base);
    for (;;) {
      const tasks = views.listTasks(api.coordinator.state, jobId, stage, from, slice);
      if (tasks.length === 0) break;
      for (const item of tasks) {
        if (state !== undefined && stateOf(item) !== state) continue;
        yield { place: base + item.taskIndex, item };
      }
      from = (tasks.at(-1)?.taskIndex ?? from) + 1;
    }
  }
}

function stateOf({ state }: views.TaskView): TaskView["state"] {
  return state === "waiting" ? "pending" : state;
}

function taskView(api: ApiContext, jobId: JobId, task: views.TaskView): TaskView {
  const { stage, taskIndex, attemptCount, workerId } = task;
  const state = stateOf(task);
  const ref = { jobId, stage, taskIndex, attempt: attemptCount };
  const reported = workerId === null ? null : api.coordinator.progress.of(workerId, ref);
  return {
    stage,
    index: taskIndex,
    name: taskName(task),
    state,
    fraction: state === "done" ? 1 : state === "running" ? (reported?.fraction ?? 0) : 0,
    attempts: attemptCount,
    failures: task.failureCount,
    losses: task.lossCount,
    retryAt: instantOrNull(task.dueAtMs),
    worker: workerId,
    inputBytes:
      stage === "map"
        ? views.splitBytesOf(api.coordinator.state, { jobId, stage, taskIndex })
        : null,
  };
}

function attemptView(api: ApiContext, attempt: views.AttemptView): AttemptView {
  const { ref, workerId, state } = attempt;
  const reported = api.coordinator.progress.of(workerId, ref);
  const fraction = state === "done" ? 1 : state === "running" ? (reported?.fraction ?? 0) : 0;
  return {
    stage: ref.stage,
    index: ref.taskIndex,
    attempt: ref.attempt,
    name: attemptName(ref),
    state,
    worker: workerId,
    startedAt: instant(attempt.startedAtMs),
    endedAt: instantOrNull(attempt.endedAtMs),
    fraction,
    reason: attempt.failure?.message ?? attempt.reason,
  };
}
