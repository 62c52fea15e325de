import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runUrlPath, scratchPaths } from "#shared/model/keys";
import { fixtureJobId, mapRef, segmentBytes, writeMapRun, type Row } from "./fixtures/runs.js";
import { startRunServer, type RunServer } from "./run-server.js";

const folder = mkdtempSync(join(tmpdir(), "millrace-run-server-"));
const runPath = join(folder, scratchPaths.run(mapRef(0)));
let server: RunServer;
let guarded: RunServer;

beforeAll(async () => {
  const large = Array.from({ length: 200 }, (_, at): Row => [`k${at}`, "x".repeat(64 * 1024)]);
  writeMapRun(folder, mapRef(0), [[["a", 1]], [], large]);
  const options = { scratchFolder: folder, host: "127.0.0.1", port: 0 };
  server = await startRunServer({ ...options, token: null });
  guarded = await startRunServer({ ...options, token: "secret" });
});

afterAll(async () => {
  await server.close();
  await guarded.close();
  rmSync(folder, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Buffer;
}

/** Sends the path as it is: `fetch` would tidy it first. */
function ask(path: string, options: object = {}, from: RunServer = server): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(from.address);
    const call = request({ hostname, port, path, agent: false, ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const { statusCode: status = 0, headers } = response;
        resolve({ status, headers, body: Buffer.concat(chunks) });
      });
    });
    call.on("error", reject);
    call.end();
  });
}

function openFiles(path: string): number {
  return readdirSync("/proc/self/fd").filter((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`) === path;
    } catch {
      return false;
    }
  }).length;
}

async function until(isTrue: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  while (!isTrue()) {
    if (performance.now() > deadlineMs) throw new Error("waited in vain");
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("the run server", () => {
  it("gives the stored bytes of a partition, with their number of records", async () => {
    const { status, headers, body } = await ask(runUrlPath(mapRef(0), 0));
    expect(status).toBe(200);
    expect(headers["x-run-records"]).toBe("1");
    expect(Number(headers["content-length"])).toBe(body.length);
    expect(body.equals(segmentBytes(runPath, 0))).toBe(true);
  });

  it("answers 204 for an empty partition", async () => {
    const { status, body } = await ask(runUrlPath(mapRef(0), 1));
    expect([status, body.length]).toEqual([204, 0]);
  });

  it.each([
    ["another task", `/runs/${fixtureJobId}/7/1/0`],
    ["another attempt", `/runs/${fixtureJobId}/0/2/0`],
    ["a partition that the run does not have", `/runs/${fixtureJobId}/0/1/3`],
    ["a path that leaves the folder", `/runs/../../../../etc/passwd`],
    ["a job that leaves the folder", `/runs/..%2f..%2fetc/0/1/0`],
    ["a job that is dots", `/runs/../0/1/0`],
    ["a negative number", `/runs/${fixtureJobId}/-1/1/0`],
    ["a number with a fraction", `/runs/${fixtureJobId}/0.0/1/0`],
    ["a number in hexadecimal", `/runs/${fixtureJobId}/0x0/1/0`],
    ["a number beyond all tasks", `/runs/${fixtureJobId}/99999999999/1/0`],
    ["no number", `/runs/${fixtureJobId}//1/0`],
    ["too many parts", `/runs/${fixtureJobId}/0/1/0/0`],
    ["too few parts", `/runs/${fixtureJobId}/0/1`],
    ["a query", `/runs/${fixtureJobId}/0/1/0?x=1`],
    ["the root", "/"],
  ])("answers 404 for %s", async (_name, path) => {
    expect((await ask(path)).status).toBe(404);
  });

  it("answers 404 for another method", async () => {
    expect((await ask(runUrlPath(mapRef(0), 0), { method: "DELETE" })).status).toBe(404);
  });

  it("tells a run that cannot be read from one that is not there", async () => {
    const broken = join(folder, scratchPaths.run(mapRef(1)));
    mkdirSync(dirname(broken), { recursive: true });
    writeFileSync(broken, "this is no run file at all");
    expect((await ask(runUrlPath(mapRef(1), 0))).status).toBe(500);
    // A folder opens, but cannot be read: the run may be there all the same.
    mkdirSync(join(folder, scratchPaths.run(mapRef(2))), { recursive: true });
    expect((await ask(runUrlPath(mapRef(2), 0))).status).toBe(500);
  });

  it("answers 404 once a run that it has served was removed", async () => {
    writeMapRun(folder, mapRef(3), [[["a", 1]]]);
    expect((await ask(runUrlPath(mapRef(3), 0))).status).toBe(200);
    rmSync(join(folder, scratchPaths.run(mapRef(3))));
    expect((await ask(runUrlPath(mapRef(3), 0))).status).toBe(404);
  });

  it("asks for the token", async () => {
    const path = runUrlPath(mapRef(0), 0);
    const status = async (authorization?: string): Promise<number> => {
      const headers = authorization === undefined ? {} : { authorization };
      return (await ask(path, { headers }, guarded)).status;
    };
    expect(await status()).toBe(401);
    expect(await status("Bearer wrong")).toBe(401);
    expect(await status("secret")).toBe(401);
    expect(await status("Bearer secret")).toBe(200);
    expect((await ask("/anything", {}, guarded)).status).toBe(401);
  });

  it("serves a large partition to many at once, from the middle of the file", async () => {
    const whole = segmentBytes(runPath, 2);
    expect(whole.length).toBeGreaterThan(12 * 1024 * 1024);
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => ask(runUrlPath(mapRef(0), 2))),
    );
    for (const { body } of answers) expect(body.equals(whole)).toBe(true);
    await until(() => openFiles(runPath) === 0);
  });

  it("closes the file when the reader goes away in the middle", async () => {
    const { hostname, port } = new URL(server.address);
    const sockets = Array.from({ length: 10 }, () => connect(Number(port), hostname));
    for (const socket of sockets) {
      socket.on("error", () => undefined);
      socket.write(`GET ${runUrlPath(mapRef(0), 2)} HTTP/1.1\r\nHost: x\r\n\r\n`);
      await new Promise((resolve) => socket.once("data", resolve));
      socket.pause();
    }
    await until(() => openFiles(runPath) === 10);
    for (const socket of sockets) socket.destroy();
    await until(() => openFiles(runPath) === 0);
  });

  it("keeps connections for the next request", async () => {
    const { hostname, port } = new URL(server.address);
    const socket = connect(Number(port), hostname);
    const heard: string[] = [];
    socket.on("data", (chunk: Buffer) => heard.push(chunk.toString("latin1")));
    const get = `GET ${runUrlPath(mapRef(0), 1)} HTTP/1.1\r\nHost: x\r\n\r\n`;
    socket.write(get + get + get);
    await until(() => heard.join("").split("204 No Content").length === 4);
    socket.destroy();
  });

  it("says when its port is taken", async () => {
    const port = Number(new URL(server.address).port);
    await expect(
      startRunServer({ scratchFolder: folder, host: "127.0.0.1", port, token: null }),
    ).rejects.toThrow("EADDRINUSE");
  });
});
