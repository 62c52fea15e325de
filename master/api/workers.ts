import type { Request, Response } from "express";
import { z } from "zod";
import * as views from "#master/schedule/views";
import type { ClusterView, WorkerView } from "#shared/client/types";
import { fault } from "#shared/errors/fault";
import { taskName } from "#shared/model/ids";
import type { ApiContext } from "./context.js";
import { instant } from "./instant.js";
import { beyond, pageOf, pageQuery } from "./page.js";
import { check } from "./problem.js";

const workerPath = z.object({ workerId: z.string() });

/** `GET /workers`: in the order of registration; those lost lately are there too. */
export function listWorkers(api: ApiContext, request: Request, response: Response): void {
  const query = check(z.strictObject(pageQuery), request.query, "query");
  const workers = [...views.listWorkers(api.coordinator.state)]
    .map((item) => ({ place: item.incarnation, item }))
    .toSorted((a, b) => a.place - b.place);
  response.json(
    pageOf(
      query,
      (place) => beyond(workers, place),
      (worker) => workerView(api, worker),
    ),
  );
}

/** `GET /workers/:workerId` */
export function getWorker(api: ApiContext, request: Request, response: Response): void {
  const { workerId } = check(workerPath, request.params, "path");
  const worker = views.findWorker(api.coordinator.state, workerId);
  if (worker === null) throw fault("MR_WORKER_NOT_FOUND", "no worker has this id", { workerId });
  response.json(workerView(api, worker));
}

/** `GET /cluster` */
export function getCluster(api: ApiContext, _request: Request, response: Response): void {
  const { state } = api.coordinator;
  const jobs: ClusterView["jobs"] = {};
  for (const { status } of state.jobs.values()) jobs[status] = (jobs[status] ?? 0) + 1;
  let workers = 0;
  for (const worker of state.workers.values()) if (worker.state !== "lost") workers += 1;
  const answer: ClusterView = {
    version: api.options.version,
    startedAt: instant(api.startedAtMs),
    workers,
    slots: views.countSlots(state),
    jobs,
  };
  response.json(answer);
}

function workerView(api: ApiContext, worker: views.WorkerView): WorkerView {
  const { leases, progress } = api.coordinator;
  const { workerId, state, registeredAtMs, lostAtMs } = worker;
  const lastSeenAtMs = leases.lastSeenAtMs(workerId) ?? lostAtMs ?? registeredAtMs;
  return {
    id: workerId,
    state: state === "active" ? "ready" : state === "lost" ? "lost" : "draining",
    incarnation: worker.incarnation,
    slots: worker.slots,
    slotsUsed: Math.min(worker.slots, worker.running.length),
    slotMemoryBytes: worker.slotMemoryBytes,
    address: worker.runAddress,
    version: worker.version,
    registeredAt: instant(registeredAtMs),
    lastSeenAt: instant(lastSeenAtMs),
    rssBytes: progress.rssBytes(workerId),
    attempts: worker.running.map((ref) => ({
      jobId: ref.jobId,
      task: taskName(ref),
      attempt: ref.attempt,
      fraction: progress.of(workerId, ref)?.fraction ?? 0,
    })),
  };
}
