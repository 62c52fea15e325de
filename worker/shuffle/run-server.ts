import { createHash, timingSafeEqual } from "node:crypto";
import { createReadStream } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { asFault } from "#shared/errors/fault";
import { isJobId, type AttemptRef } from "#shared/model/ids";
import { scratchPaths } from "#shared/model/keys";
import type { Segment } from "#shared/format/run-index";
import { isMissing, readRunIndex } from "#worker/runs/run-file";
import { encodeLocation, locationType } from "./locate-run.js";

export interface RunServer {
  /** `http://host:port`, as bound. */
  readonly address: string;
  close(): Promise<void>;
}

export interface RunServerOptions {
  readonly scratchFolder: string;
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly token: string | null;
}

/** Indexes kept in memory: every reduce task of a job asks for every run once. */
const cachedIndexes = 1_000;
const idleMs = 60_000;
/** A reader that takes nothing for so long is gone, whatever TCP knows: its file is closed. */
const stalledMs = 300_000;

/**
 * Serves partitions of this worker's runs: `GET /runs/<job>/<map task>/<attempt>/<partition>`, the
 * stored blocks as they are, or to a reader on this machine that asks for it, where they lie. Answers 204 for an empty partition, 404 for a run that is not here.
 */
export async function startRunServer(options: RunServerOptions): Promise<RunServer> {
  const indexes = new Map<string, Segment[]>();
  const server = createServer((request, response) => serve(options, indexes, request, response));
  server.keepAliveTimeout = idleMs;
  server.requestTimeout = idleMs;
  server.timeout = stalledMs;
  await listen(server, options);
  const { port, family, address } = server.address() as AddressInfo;
  const host = family === "IPv6" ? `[${address}]` : address;
  return {
    address: `http://${host}:${port}`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, options: RunServerOptions): Promise<void> {
  return new Promise((done, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host, () => {
      server.off("error", reject);
      // A connection that could not be taken is that reader's to repeat; the server goes on.
      server.on("error", () => undefined);
      done();
    });
  });
}

function serve(
  options: RunServerOptions,
  indexes: Map<string, Segment[]>,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (options.token !== null && !isAuthorized(request, options.token)) return refuse(response, 401);
  const asked = parsePath(request.url ?? "");
  if (request.method !== "GET" || asked === null) return refuse(response, 404);
  const path = join(options.scratchFolder, scratchPaths.run(asked.ref));
  let segment: Segment | undefined;
  try {
    segment = indexOf(path, indexes)[asked.partition];
  } catch (error) {
    return refuse(response, asFault(error).code === "MR_RUN_NOT_FOUND" ? 404 : 500);
  }
  if (segment === undefined) return refuse(response, 404);
  if (segment.storedBytes === 0) return refuse(response, 204);
  if (request.headers.accept === locationType && isFromLoopback(request)) {
    return sendLocation(path, segment, response);
  }
  sendSegment(path, segment, response);
}

/** A reader on this machine reads the file itself, if it may. */
function sendLocation(path: string, segment: Segment, response: ServerResponse): void {
  const body = encodeLocation({ path: resolve(path), segment });
  response.writeHead(200, {
    "content-type": locationType,
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}

function isFromLoopback(request: IncomingMessage): boolean {
  const { remoteAddress = "" } = request.socket;
  return remoteAddress === "::1" || /^(::ffff:)?127\./.test(remoteAddress);
}

function sendSegment(path: string, segment: Segment, response: ServerResponse): void {
  const { offset, storedBytes } = segment;
  const file = createReadStream(path, {
    start: offset,
    end: offset + storedBytes - 1,
    highWaterMark: 1024 * 1024,
  });
  file.once("open", () => {
    response.writeHead(200, {
      "content-type": "application/octet-stream",
      "content-length": storedBytes,
      "x-run-records": segment.records,
    });
    file.pipe(response);
  });
  // The reader sees a response that is too short, or none, and tries again.
  file.once("error", (error) => {
    if (response.headersSent) response.destroy();
    else refuse(response, isMissing(error) ? 404 : 500);
  });
  response.once("close", () => file.destroy());
}

function indexOf(path: string, indexes: Map<string, Segment[]>): Segment[] {
  const cached = indexes.get(path);
  if (cached !== undefined) return cached;
  const index = readRunIndex(path);
  if (indexes.size >= cachedIndexes) {
    const oldest = indexes.keys().next();
    if (oldest.done !== true) indexes.delete(oldest.value);
  }
  indexes.set(path, index);
  return index;
}

function parsePath(url: string): { readonly ref: AttemptRef; readonly partition: number } | null {
  const [empty, runs, jobId = "", ...numbers] = url.split("/");
  if (empty !== "" || runs !== "runs" || !isJobId(jobId) || numbers.length !== 3) return null;
  if (!numbers.every((text) => /^\d{1,9}$/.test(text))) return null;
  const [taskIndex = 0, attempt = 0, partition = 0] = numbers.map(Number);
  return { ref: { jobId, stage: "map", taskIndex, attempt }, partition };
}

function isAuthorized(request: IncomingMessage, token: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(request.headers.authorization ?? ""), digest(`Bearer ${token}`));
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status).end();
}
