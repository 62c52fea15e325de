import type { Request, Response } from "express";
import { z } from "zod";
import type { AttemptLog } from "#shared/client/types";
import { fault } from "#shared/errors/fault";
import type { JobId, Stage } from "#shared/model/ids";
import { keys } from "#shared/model/keys";
import { limits } from "#shared/model/limits";
import type { ApiContext } from "./context.js";
import { jobPath } from "./jobs.js";
import { beyond, pageOf, pageQuery, type Placed } from "./page.js";
import { check } from "./problem.js";
import { jobWithTasks } from "./steps.js";

const taskPattern = /^(map|reduce)-(\d{5,7})$/;
const logPattern = /(?:^|\/)((map|reduce)-(\d{5,7}))\.(\d{1,6})\.log$/;

const query = z
  .strictObject({
    ...pageQuery,
    task: z.string().regex(taskPattern, "must be the name of a task, such as map-00003").optional(),
    attempt: z.coerce.number().int().min(1).max(999_999).optional(),
  })
  .refine((given) => (given.task === undefined) === (given.attempt === undefined), {
    error: "task and attempt go together",
    path: ["attempt"],
  });

/** `GET /jobs/:jobId/logs`: what attempts printed; with `task` and `attempt`, that one's text. */
export async function getLogs(api: ApiContext, request: Request, response: Response) {
  const path = check(jobPath, request.params, "path");
  const given = check(query, request.query, "query");
  const { run, note } = jobWithTasks(api, path.jobId);
  const { jobId } = run;
  if (given.task !== undefined && given.attempt !== undefined) {
    await sendLog(api, response, jobId, given.task, given.attempt);
    return;
  }
  const logs = await listLogs(api, jobId);
  const page = pageOf(
    given,
    (place) => beyond(logs, place),
    (log) => log,
  );
  response.json(note === null ? page : { ...page, note });
}

async function sendLog(
  api: ApiContext,
  response: Response,
  jobId: JobId,
  task: string,
  attempt: number,
): Promise<void> {
  const [, stage, index] = taskPattern.exec(task) ?? [];
  const ref = { jobId, stage: stage as Stage, taskIndex: Number(index), attempt };
  const key = api.dataKey(keys.log(ref));
  if ((await api.backend.stat(key)) === null) {
    throw fault("MR_LOG_NOT_FOUND", "this attempt printed nothing, or its log is gone", {
      jobId,
      task,
      attempt,
    });
  }
  // No length: it may still grow while it is sent.
  response.type("text/plain; charset=utf-8");
  await api.sendObject(response, key);
}

async function listLogs(api: ApiContext, jobId: JobId): Promise<Placed<AttemptLog>[]> {
  const logs: Placed<AttemptLog>[] = [];
  for await (const objects of api.backend.list(api.dataKey(keys.logFolder(jobId)))) {
    for (const { key, sizeBytes } of objects) {
      const [, task, stage, index, number] = logPattern.exec(key) ?? [];
      if (task === undefined) continue;
      const attempt = Number(number);
      const position = Number(index) + (stage === "reduce" ? limits.tasksMax + 1 : 0);
      logs.push({ place: position * 1_000_000 + attempt, item: { task, attempt, sizeBytes } });
    }
  }
  return logs.toSorted((a, b) => a.place - b.place);
}
