import type { Request, Response } from "express";
import { apiPrefix } from "#shared/client/types";
import { getBundle, putBundle } from "./bundles.js";
import type { ApiContext } from "./context.js";
import { getLive, getMetrics, getReady } from "./health.js";
import { cancelJob, getCounters, getJob, getOutput, listJobs } from "./jobs.js";
import { getLogs } from "./logs.js";
import { postPlan } from "./plan.js";
import { Submits } from "./submit.js";
import { listAttempts, listTasks } from "./tasks.js";
import { getCluster, getWorker, listWorkers } from "./workers.js";

type Handler = (api: ApiContext, request: Request, response: Response) => void | Promise<void>;

export interface Route {
  readonly method: "get" | "post" | "put";
  readonly path: string;
  readonly handle: Handler;
  /** Answers without a token and before the journal was replayed. */
  readonly isOpen?: true;
}

/** Every route there is; `docs/rest-api.md` has a heading for each. */
export function routesOf(api: ApiContext): readonly Route[] {
  const submits = new Submits(api);
  const versioned: readonly Route[] = [
    { method: "put", path: "/bundles/:sha256", handle: putBundle },
    { method: "get", path: "/bundles/:sha256", handle: getBundle },
    { method: "post", path: "/jobs", handle: (_api, ...call) => submits.post(...call) },
    { method: "get", path: "/jobs", handle: listJobs },
    { method: "get", path: "/jobs/:jobId", handle: getJob },
    { method: "post", path: "/jobs/:jobId/cancel", handle: cancelJob },
    { method: "get", path: "/jobs/:jobId/tasks", handle: listTasks },
    { method: "get", path: "/jobs/:jobId/tasks/:stage/:index/attempts", handle: listAttempts },
    { method: "get", path: "/jobs/:jobId/counters", handle: getCounters },
    { method: "get", path: "/jobs/:jobId/logs", handle: getLogs },
    { method: "get", path: "/jobs/:jobId/output", handle: getOutput },
    { method: "post", path: "/plan", handle: postPlan },
    { method: "get", path: "/workers", handle: listWorkers },
    { method: "get", path: "/workers/:workerId", handle: getWorker },
    { method: "get", path: "/cluster", handle: getCluster },
  ];
  return [
    ...versioned.map((route) => ({ ...route, path: apiPrefix + route.path })),
    { method: "get", path: "/health/live", handle: getLive, isOpen: true },
    { method: "get", path: "/health/ready", handle: getReady, isOpen: true },
    { method: "get", path: "/metrics", handle: getMetrics },
  ];
}
