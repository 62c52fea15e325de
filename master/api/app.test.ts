import { mkdir, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Client } from "#shared/client/client";
import { limits } from "#shared/model/limits";
import { bundle, bundleSha256, makeFolder, submissionFor, TestMaster } from "./cluster.fixture.js";

let folder: string;
let remove: () => Promise<void>;
let master: TestMaster;

beforeEach(async () => {
  ({ folder, remove } = await makeFolder());
});
afterEach(async () => {
  await master.stop();
  await remove();
});
async function start(token?: string): Promise<Client> {
  const options = token === undefined ? {} : { token };
  master = await TestMaster.start(join(folder, "data"), options);
  return new Client({ baseUrl: master.url, token: token ?? null, attemptsMax: 1 });
}

/** With headers that `fetch` does not let one set. */
function ask(path: string, headers: Record<string, string>, method = "GET") {
  return new Promise<{ status: number; code: string }>((resolve, reject) => {
    const sent = request(`${master.url}${path}`, { method, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("end", () => {
        const { code } = JSON.parse(text) as { code?: string };
        resolve({ status: response.statusCode ?? 0, code: code ?? "" });
      });
    });
    sent.on("error", reject);
    sent.end();
  });
}

describe("who may ask", () => {
  it("shows the token everywhere but at the health checks", async () => {
    const client = await start("a-long-secret");
    for (const path of ["/api/v1/jobs", "/api/v1/nothing", "/metrics"]) {
      expect(await ask(path, {})).toEqual({ status: 401, code: "MR_TOKEN_MISSING" });
      const wrong = await ask(path, { authorization: "Bearer a-long-guess" });
      expect(wrong).toEqual({ status: 403, code: "MR_TOKEN_WRONG" });
    }
    expect((await ask("/health/live", {})).status).toBe(200);
    expect((await ask("/health/ready", {})).status).toBe(200);
    expect((await client.getCluster()).workers).toBe(0);
  });

  it("is on this machine when there is no token, whatever name leads here", async () => {
    await start();
    const { port } = new URL(master.url);
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, "[::1]"]) {
      expect((await ask("/api/v1/jobs", { host })).status).toBe(200);
    }
    const refused = { status: 403, code: "MR_ORIGIN_REFUSED" };
    expect(await ask("/api/v1/jobs", { host: `evil.example:${port}` })).toEqual(refused);
  });

  it("is no page of another origin when something is to change", async () => {
    await start();
    const path = "/api/v1/jobs/x/cancel";
    const refused = { status: 403, code: "MR_ORIGIN_REFUSED" };
    expect(await ask(path, { origin: "http://evil.example" }, "POST")).toEqual(refused);
    expect(await ask(path, { "sec-fetch-site": "cross-site" }, "POST")).toEqual(refused);
    expect((await ask(path, { origin: master.url }, "POST")).code).toBe("MR_JOB_NOT_FOUND");
  });
});

describe("answers", () => {
  it("carry the client's request id, or a new one", async () => {
    await start();
    const url = `${master.url}/api/v1/cluster`;
    const named = await fetch(url, { headers: { "x-request-id": "mine-1" } });
    expect(named.headers.get("x-request-id")).toBe("mine-1");
    expect((await fetch(url)).headers.get("x-request-id")).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("to errors are problem documents", async () => {
    await start();
    const response = await fetch(`${master.url}/api/v1/nothing-here`);
    expect(response.status).toBe(404);
    expect(response.headers.get("content-type")).toContain("application/problem+json");
    expect(await response.json()).toMatchObject({
      type: "urn:millrace:problem:MR_ROUTE_NOT_FOUND",
      status: 404,
      code: "MR_ROUTE_NOT_FOUND",
      path: "/api/v1/nothing-here",
    });
  });

  it.each([
    ["/jobs?limit=0", 400, "MR_REQUEST_INVALID"],
    ["/jobs?limit=x", 400, "MR_REQUEST_INVALID"],
    ["/jobs?status=done", 400, "MR_REQUEST_INVALID"],
    ["/jobs?colour=red", 400, "MR_REQUEST_INVALID"],
    ["/jobs?cursor=nonsense", 400, "MR_REQUEST_INVALID"],
    ["/jobs/nothing", 404, "MR_JOB_NOT_FOUND"],
    ["/jobs/%E0%A4%A", 400, "MR_REQUEST_INVALID"],
    ["/jobs/..%2f..%2fetc/logs", 404, "MR_JOB_NOT_FOUND"],
    ["/jobs/__proto__", 404, "MR_JOB_NOT_FOUND"],
    ["/workers/nobody", 404, "MR_WORKER_NOT_FOUND"],
    ["/bundles/xyz", 400, "MR_REQUEST_INVALID"],
    [`/bundles/${"0".repeat(64)}`, 404, "MR_BUNDLE_NOT_FOUND"],
  ])("%s is %i %s", async (path, status, code) => {
    await start();
    expect(await ask(`/api/v1${path}`, {})).toEqual({ status, code });
  });
});

describe("bundles", () => {
  const put = (sha256: string, body: Uint8Array<ArrayBuffer>, type = "text/javascript") =>
    fetch(`${master.url}/api/v1/bundles/${sha256}`, {
      method: "PUT",
      headers: { "content-type": type },
      body,
    });

  it("come back as they were uploaded, however often", async () => {
    const client = await start();
    expect((await put(bundleSha256, bundle)).status).toBe(201);
    expect((await put(bundleSha256, bundle)).status).toBe(200);
    expect(await client.getBundle(bundleSha256)).toBe(bundle.toString());
  });

  it("are refused under another hash, also when it is taken", async () => {
    const client = await start();
    expect((await put("0".repeat(64), bundle)).status).toBe(400);
    await expect(client.getBundle("0".repeat(64))).rejects.toMatchObject({
      code: "MR_BUNDLE_NOT_FOUND",
    });
    await put(bundleSha256, bundle);
    const other = await put(bundleSha256, Buffer.from("something else"));
    expect(await other.json()).toMatchObject({ code: "MR_BUNDLE_CORRUPT" });
  });

  it("are refused when too large or of another type", async () => {
    await start();
    const large = await put(bundleSha256, Buffer.alloc(limits.bundleBytesMax + 1));
    expect([large.status, await large.json()]).toMatchObject([413, { code: "MR_BODY_TOO_LARGE" }]);
    expect((await put(bundleSha256, bundle, "image/png")).status).toBe(415);
  });
});

describe("lists", () => {
  it("of jobs: newest first, filtered, page by page", async () => {
    const client = await start();
    await client.putBundle(bundleSha256, bundle);
    const ids: string[] = [];
    for (const name of ["one", "two", "one", "two", "one"]) {
      const output = join(folder, `out-${ids.length}`);
      ids.push((await client.submitJob(submissionFor(folder, { name, output }))).id);
    }
    const first = await client.listJobs({ limit: 2 });
    expect(first.items.map((job) => job.id)).toEqual([ids[4], ids[3]]);
    const rest = await client.listJobs({ limit: 9, cursor: first.nextCursor ?? "" });
    expect(rest.items.map((job) => job.id)).toEqual([ids[2], ids[1], ids[0]]);
    expect(rest.nextCursor).toBeNull();
    expect((await client.listJobs({ name: "two" })).items).toHaveLength(2);
    expect((await client.listJobs({ status: "cancelled" })).items).toEqual([]);
  });

  it("of logs: what attempts printed, and the text of one", async () => {
    const client = await start();
    await client.putBundle(bundleSha256, bundle);
    const { id } = await client.submitJob(submissionFor(folder));
    expect((await client.listLogs(id)).items).toEqual([]);
    const logs = join(folder, "data", "logs", id);
    await mkdir(logs, { recursive: true });
    for (const name of ["map-00002.10", "map-00002.9", "reduce-00000.1"]) {
      await writeFile(join(logs, `${name}.log`), `printed by ${name}\n`);
    }
    await writeFile(join(logs, "other.txt"), "not ours");
    const { items } = await client.listLogs(id);
    expect(items.map(({ task, attempt }) => `${task}.${attempt}`)).toEqual([
      "map-00002.9",
      "map-00002.10",
      "reduce-00000.1",
    ]);
    expect(await client.getLog(id, "map-00002", 10)).toBe("printed by map-00002.10\n");
    await expect(client.getLog(id, "map-00007", 1)).rejects.toMatchObject({
      code: "MR_LOG_NOT_FOUND",
    });
    expect((await ask(`/api/v1/jobs/${id}/logs?task=map-00002`, {})).status).toBe(400);
    expect((await ask(`/api/v1/jobs/${id}/logs?task=../x&attempt=1`, {})).status).toBe(400);
  });
});

describe("a plan", () => {
  it("says what a submission would become, without the bundle and without a job", async () => {
    const client = await start();
    const plan = await client.plan(submissionFor(folder, { splitBytes: 8 }));
    expect(plan).toMatchObject({ partitionCount: 2, fileCount: 3, inputBytes: 36 });
    expect(plan.splitCount).toBe(plan.splits.length);
    expect((await client.listJobs()).items).toEqual([]);
    const inputs = [join(folder, "none")];
    await expect(client.plan(submissionFor(folder, { inputs }))).rejects.toMatchObject({
      code: "MR_INPUT_NOT_FOUND",
    });
  });
});
