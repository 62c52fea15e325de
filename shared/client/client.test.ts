import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { asFault, type Fault } from "#shared/errors/fault";
import type { JobSubmission } from "#shared/model/job";
import { Client, everyItem } from "./client.js";
import type { JobView } from "./types.js";
import { watchJob } from "./watch.js";

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function serve(answer: Answer, options: { token?: string; timeoutMs?: number } = {}) {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => answer(request, response, Buffer.concat(chunks).toString()));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return new Client({
    baseUrl: `http://127.0.0.1:${port}/`,
    token: options.token ?? null,
    timeoutMs: options.timeoutMs ?? 5_000,
    retryBaseMs: 1,
  });
}

function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

const progress = { total: 1, pending: 0, running: 0, done: 1, fraction: 1 };
const job: JobView = {
  id: "wordcount-20260101-000000-abcd",
  name: "wordcount",
  status: "succeeded",
  submittedAt: "2026-01-01T00:00:00.000Z",
  startedAt: null,
  endedAt: null,
  output: "/out",
  waitingFor: null,
  map: progress,
  reduce: progress,
  attempts: { running: 0, failed: 0, lost: 0 },
  failure: null,
  parent: null,
  steps: [],
  stepsLeftOut: 0,
  spec: {
    name: "wordcount",
    paramSpecs: {},
    params: {},
    inputs: ["/in"],
    overwrite: false,
    reader: { kind: "text" },
    writer: { kind: "tsv" },
    hasReducer: true,
    hasCombiner: false,
    attemptsMax: 4,
    lossesMax: 8,
    taskTimeoutMs: 600_000,
  },
};
const submission: JobSubmission = {
  name: "wordcount",
  bundleSha256: "0".repeat(64),
  inputs: ["/in"],
  reader: { kind: "text" },
  writer: { kind: "tsv" },
  hasReducer: true,
  hasCombiner: false,
};

async function faultOf(promise: Promise<unknown>): Promise<Fault> {
  return promise.then(
    () => {
      throw new Error("nothing was thrown");
    },
    (error: unknown) => asFault(error),
  );
}

describe("Client", () => {
  it("asks where and what the interface says, with the token", async () => {
    const seen: string[] = [];
    const client = await serve(
      (request, response) => {
        seen.push(`${request.method} ${request.url} ${request.headers.authorization}`);
        json(response, { items: [job], nextCursor: null });
      },
      { token: "long-enough" },
    );
    const page = await client.listJobs({ status: "running", limit: 2 });
    expect(page.items[0]).toEqual(job);
    expect(seen).toEqual(["GET /api/v1/jobs?status=running&limit=2 Bearer long-enough"]);
  });

  it("repeats a submit with the same key when the master is not ready", async () => {
    const keys: (string | undefined)[] = [];
    const client = await serve((request, response, body) => {
      keys.push(request.headers["idempotency-key"] as string | undefined);
      expect(JSON.parse(body)).toEqual(submission);
      if (keys.length < 3) response.writeHead(503).end("starting");
      else json(response, { job }, 201);
    });
    expect((await client.submitJob(submission)).id).toBe(job.id);
    expect(keys).toHaveLength(3);
    expect(new Set(keys).size).toBe(1);
  });

  it("gives a problem back as the fault that it was", async () => {
    let calls = 0;
    const client = await serve((_request, response) => {
      calls++;
      json(
        response,
        {
          type: "about:blank",
          title: "conflict",
          status: 409,
          detail: "the output exists output=/out",
          code: "MR_OUTPUT_EXISTS",
          errors: [{ field: "output", detail: "is not empty" }],
        },
        409,
      );
    });
    const fault = await faultOf(client.submitJob(submission));
    expect(fault.code).toBe("MR_OUTPUT_EXISTS");
    expect(fault.kind).toBe("conflict");
    expect(fault.message).toBe("the output exists output=/out\n  output: is not empty");
    expect(calls).toBe(1);
  });

  it("makes sense of errors that are not ours", async () => {
    const client = await serve((_request, response) => response.writeHead(404).end("<html>"));
    const fault = await faultOf(client.getCluster());
    expect(fault.kind).toBe("not-found");
    expect(fault.message).toContain("body=<html>");
  });

  it("says that nobody listens, after its attempts", async () => {
    const client = new Client({ baseUrl: "http://127.0.0.1:1", token: null, retryBaseMs: 1 });
    const fault = await faultOf(client.getCluster());
    expect(fault.code).toBe("MR_MASTER_UNREACHABLE");
    expect(fault.message).toContain("url=http://127.0.0.1:1");
  });

  it("gives up on an answer that does not come", async () => {
    const client = await serve(() => undefined, { timeoutMs: 20 });
    expect((await faultOf(client.getCluster())).code).toBe("MR_TIMED_OUT");
  });

  it("refuses answers of another shape, naming the field", async () => {
    const client = await serve((_request, response) => json(response, { job: { id: 7 } }));
    const fault = await faultOf(client.getJob(job.id));
    expect(fault.code).toBe("MR_PROTOCOL_VIOLATION");
    expect(fault.message).toContain("field=job.id");
  });

  it("walks all pages", async () => {
    const client = await serve((request, response) => {
      const cursor = new URL(request.url ?? "", "http://x").searchParams.get("cursor");
      if (cursor === null) json(response, { items: [job, job], nextCursor: "2" });
      else json(response, { items: [job], nextCursor: null });
    });
    const found: JobView[] = [];
    for await (const each of everyItem((query) => client.listJobs(query))) found.push(each);
    expect(found).toHaveLength(3);
  });
});

describe("watchJob", () => {
  it("yields until the job is final, through a master that goes and comes back", async () => {
    let calls = 0;
    const client = await serve((_request, response) => {
      calls++;
      if (calls > 1 && calls < 8) response.writeHead(503).end();
      else json(response, { job: { ...job, status: calls === 1 ? "running" : "succeeded" } });
    });
    const seen: string[] = [];
    let absences = 0;
    const onUnreachable = () => absences++;
    for await (const view of watchJob(client, job.id, { periodMs: 1, onUnreachable })) {
      seen.push(view.status);
    }
    expect(seen).toEqual(["running", "succeeded"]);
    expect(absences).toBe(1);
  });

  it("stops when told to", async () => {
    const client = await serve((_request, response) =>
      json(response, { job: { ...job, status: "running" } }),
    );
    const controller = new AbortController();
    const run = async () => {
      for await (const view of watchJob(client, job.id, { signal: controller.signal })) {
        expect(view.status).toBe("running");
        controller.abort();
      }
    };
    await expect(run()).rejects.toThrow(/abort/i);
  });
});
