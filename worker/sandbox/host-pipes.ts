import { parentPort } from "node:worker_threads";
import { fault } from "#shared/errors/fault";
import { openOurEnds, type Ends, type PipePaths } from "#worker/streaming/pipes";
import type { HostToThread, ThreadToHost } from "./orders.js";

type Reply = Extract<HostToThread, { readonly type: "pipes-open" }>;

const waiting = new Map<number, (reply: Reply) => void>();
let requestCount = 0;

/** Has the host open our ends of a program's pipes; see `OpenOurEnds`. Outside of threads it does so itself. */
export async function openAtHost(paths: PipePaths): Promise<Ends> {
  if (parentPort === null) return openOurEnds(paths);
  const request = ++requestCount;
  const replied = new Promise<Reply>((resolve) => waiting.set(request, resolve));
  parentPort.postMessage({ type: "open-pipes", request, ...paths } satisfies ThreadToHost);
  const { ends, problem } = await replied;
  if (ends !== null) return ends;
  throw fault("MR_STORAGE_UNAVAILABLE", "cannot open the pipes of a program", { problem });
}

/** The host's answer, which is for whoever asked. */
export function takePipes(reply: Reply): void {
  waiting.get(reply.request)?.(reply);
  waiting.delete(reply.request);
}

/** The host's side. */
export function answerPipes(
  request: Extract<ThreadToHost, { readonly type: "open-pipes" }>,
): Reply {
  const { type: _type, request: number, ...paths } = request;
  try {
    return { type: "pipes-open", request: number, ends: openOurEnds(paths), problem: "" };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { type: "pipes-open", request: number, ends: null, problem };
  }
}
