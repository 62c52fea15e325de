import { mkdtempSync, rmSync } from "node:fs";
import { Agent, createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { fetchRun, type SegmentSink } from "./fetch-run.js";
import { segmentBytes, writeRun, type Row } from "./fixtures/runs.js";

const folder = mkdtempSync(join(tmpdir(), "millrace-fetch-"));
const agent = new Agent({ keepAlive: true });
let segment: Buffer;
let server: Server | null = null;

beforeAll(() => {
  const path = join(folder, "run");
  writeRun(path, [Array.from({ length: 20_000 }, (_, at): Row => [`key ${at}`, at])]);
  segment = segmentBytes(path, 0);
});

afterAll(() => {
  agent.destroy();
  rmSync(folder, { recursive: true });
});

afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server === null ? resolve(null) : server.close(resolve)));
  server = null;
});

class Collected implements SegmentSink {
  begun: readonly [sizeBytes: number, records: number] | null = null;
  readonly chunks: Buffer[] = [];

  begin(sizeBytes: number, records: number): void {
    this.begun = [sizeBytes, records];
  }

  write(bytes: Buffer): void {
    this.chunks.push(Buffer.from(bytes));
  }
}

async function serve(listener: RequestListener): Promise<string> {
  const started = createServer(listener);
  server = started;
  await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(started.address() as AddressInfo).port}/`;
}

function get(url: string, sink: SegmentSink = new Collected(), silenceMs = 5_000) {
  return fetchRun(url, sink, { agent, token: null, silenceMs });
}

/** Answers with these bytes, announced as they are or as `announced` says. */
function whole(bytes: Buffer, announced = bytes.length): RequestListener {
  return (_request, response) => {
    response.writeHead(200, { "content-length": announced, "x-run-records": 20_000 });
    response.end(bytes);
  };
}

describe("fetching a run", () => {
  it("hands on size, records and bytes, and keeps the connection", async () => {
    const url = await serve(whole(segment));
    let connections = 0;
    server?.on("connection", () => connections++);
    for (let turn = 0; turn < 3; turn++) {
      const sink = new Collected();
      expect(await get(url, sink)).toBe(true);
      expect(sink.begun).toEqual([segment.length, 20_000]);
      expect(Buffer.concat(sink.chunks).equals(segment)).toBe(true);
    }
    expect(connections).toBe(1);
  });

  it("sends the token", async () => {
    const heard: unknown[] = [];
    const url = await serve((request, response) => {
      heard.push(request.headers.authorization);
      response.writeHead(204).end();
    });
    expect(await fetchRun(url, new Collected(), { agent, token: "t", silenceMs: 5_000 })).toBe(
      false,
    );
    expect(heard).toEqual(["Bearer t"]);
  });

  it.each([
    [404, "MR_RUN_NOT_FOUND"],
    [401, "MR_RUN_UNREACHABLE"],
    [500, "MR_RUN_UNREACHABLE"],
    [302, "MR_RUN_UNREACHABLE"],
  ])("takes status %i for %s", async (status, code) => {
    const url = await serve((_request, response) => response.writeHead(status).end("a body"));
    await expect(get(url)).rejects.toMatchObject({ code });
  });

  it("gives up what is cut off in the middle", async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { "content-length": segment.length, "x-run-records": 1 });
      response.write(segment.subarray(0, 5_000), () => response.destroy());
    });
    await expect(get(url)).rejects.toMatchObject({ code: "MR_RUN_UNREACHABLE" });
  });

  it("refuses a segment that ends inside a block, though all that was announced came", async () => {
    const url = await serve(whole(segment.subarray(0, 5_000)));
    await expect(get(url)).rejects.toMatchObject({ code: "MR_RUN_CORRUPT" });
  });

  it("takes no more than what was announced", async () => {
    const url = await serve(whole(Buffer.concat([segment, segment]), segment.length));
    const sink = new Collected();
    const [outcome] = await Promise.allSettled([get(url, sink)]);
    // What comes behind the announced end is another answer's, and ends the connection.
    if (outcome.status === "rejected") {
      expect(outcome.reason).toMatchObject({ code: "MR_RUN_UNREACHABLE" });
    }
    expect(Buffer.concat(sink.chunks).length).toBeLessThanOrEqual(segment.length);
  });

  it.each([["content-length"], ["x-run-records"]])("refuses an answer without %s", async (name) => {
    const url = await serve((_request, response) => {
      const headers: Record<string, number> = {
        "content-length": segment.length,
        "x-run-records": 1,
      };
      delete headers[name];
      response.writeHead(200, headers);
      response.end(segment);
    });
    await expect(get(url)).rejects.toMatchObject({ code: "MR_RUN_UNREACHABLE" });
  });

  it("refuses a flipped bit", async () => {
    const broken = Buffer.from(segment);
    broken[70_000] = (broken[70_000] ?? 0) ^ 4;
    const url = await serve(whole(broken));
    await expect(get(url)).rejects.toMatchObject({ code: "MR_RUN_CORRUPT" });
  });

  it("gives up a server that accepts and says nothing", async () => {
    const url = await serve(() => undefined);
    await expect(get(url, new Collected(), 50)).rejects.toMatchObject({
      code: "MR_RUN_UNREACHABLE",
    });
  });

  it("gives up a server that falls silent in the middle", async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { "content-length": segment.length, "x-run-records": 1 });
      response.write(segment.subarray(0, 20_000));
    });
    await expect(get(url, new Collected(), 50)).rejects.toMatchObject({
      code: "MR_RUN_UNREACHABLE",
    });
  });

  it("does not hold on to a connection that falls silent", async () => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { "content-length": segment.length, "x-run-records": 1 });
      response.write(segment.subarray(0, 20_000));
    });
    const closed = new Promise((resolve) => {
      server?.on("connection", (socket) => socket.once("close", resolve));
    });
    await expect(get(url, new Collected(), 50)).rejects.toThrow("connection to holder broke");
    await closed;
  });

  it("gives up where nobody listens", async () => {
    const url = await serve(() => undefined);
    await new Promise((resolve) => server?.close(resolve));
    server = null;
    await expect(get(url)).rejects.toMatchObject({ code: "MR_RUN_UNREACHABLE" });
  });

  it.each([["begin"], ["write"]] as const)(
    "throws what the sink's %s throws, and ends the connection",
    async (method) => {
      const url = await serve(whole(segment));
      const closed = new Promise((resolve) => {
        server?.on("connection", (socket) => socket.once("close", resolve));
      });
      const sink = new Collected();
      const full = Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
      sink[method] = () => {
        throw full;
      };
      await expect(get(url, sink)).rejects.toBe(full);
      await closed;
    },
  );

  it("ends when nobody wants it any more", async () => {
    const abort = new AbortController();
    const url = await serve((_request, response) => {
      response.writeHead(200, { "content-length": segment.length, "x-run-records": 1 });
      response.write(segment.subarray(0, 20_000), () => abort.abort());
    });
    const { signal } = abort;
    const options = { agent, token: null, silenceMs: 60_000, signal };
    await expect(fetchRun(url, new Collected(), options)).rejects.toMatchObject({
      code: "MR_RUN_UNREACHABLE",
    });
  });
});
