import type { Request, Response } from "express";
import type { ApiContext } from "./context.js";

/** `GET /health/live`: the process answers. */
export function getLive(_api: ApiContext, _request: Request, response: Response): void {
  response.json({ status: "ok" });
}

/** `GET /health/ready`: the journal was replayed, and work is taken. */
export function getReady(api: ApiContext, _request: Request, response: Response): void {
  if (api.coordinator.isReady) {
    response.json({ status: "ok" });
    return;
  }
  const reasons = ["the journal is being replayed, or the master stops"];
  response.status(503).setHeader("Retry-After", "1").json({ status: "not-ready", reasons });
}

/** `GET /metrics`: for Prometheus. */
export async function getMetrics(api: ApiContext, _request: Request, response: Response) {
  const { metrics } = api.options;
  response.setHeader("Content-Type", metrics.contentType);
  response.end(await metrics.text());
}
