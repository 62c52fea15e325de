import { createHash } from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemIds, systemTimers } from "#shared/clock/system";
import { Bundles } from "./bundles.js";

const bundle = Buffer.from("export default {};\n");
const sha256 = createHash("sha256").update(bundle).digest("hex");

let scratchFolder = "";
let master: http.Server;
let requests: http.IncomingMessage[] = [];
/** What the master does, one after the other; the bundle when nothing is left. */
let answers: (number | "torn" | "broken")[] = [];
let bundles: Bundles;

beforeEach(async () => {
  scratchFolder = fs.mkdtempSync(path.join(os.tmpdir(), "millrace-bundles-"));
  requests = [];
  answers = [];
  master = http.createServer((request, response) => {
    requests.push(request);
    const next = answers.shift();
    if (typeof next === "number") response.writeHead(next).end();
    else if (next === "torn") response.end(bundle.subarray(1));
    else if (next === "broken") request.socket.destroy();
    else response.end(bundle);
  });
  await new Promise<void>((resolve) => master.listen(0, "127.0.0.1", resolve));
  bundles = makeBundles("sesame-open");
});

afterEach(async () => {
  master.closeAllConnections();
  await new Promise((resolve) => master.close(resolve));
  fs.rmSync(scratchFolder, { recursive: true, force: true });
});

function makeBundles(token: string | null): Bundles {
  return new Bundles({
    masterHttpUrl: `http://127.0.0.1:${(master.address() as AddressInfo).port}/below`,
    token,
    scratchFolder,
    random: { next: () => 0.001 },
    timers: systemTimers,
    ids: systemIds,
  });
}

describe("a bundle", () => {
  it("is fetched with the token and kept under its hash", async () => {
    const file = await bundles.get(sha256);
    expect(file).toBe(path.join(scratchFolder, "bundles", `${sha256}.mjs`));
    expect(fs.readFileSync(file)).toEqual(bundle);
    expect(fs.readdirSync(path.dirname(file))).toHaveLength(1);
    expect(requests[0]?.url).toBe(`/below/api/v1/bundles/${sha256}`);
    expect(requests[0]?.headers.authorization).toBe("Bearer sesame-open");
    await makeBundles(null).get(sha256);
    expect(requests).toHaveLength(1);
  });

  it("is fetched once for all who ask", async () => {
    const files = await Promise.all([bundles.get(sha256), bundles.get(sha256)]);
    expect(files[0]).toBe(files[1]);
    expect(requests).toHaveLength(1);
  });

  it("is fetched again after errors and torn answers", async () => {
    answers = [503, 500, "torn", "broken"];
    expect(fs.readFileSync(await bundles.get(sha256))).toEqual(bundle);
    expect(requests).toHaveLength(5);
  });

  it("that was damaged on disk is fetched anew", async () => {
    fs.mkdirSync(path.join(scratchFolder, "bundles"));
    fs.writeFileSync(bundles.pathOf(sha256), "damaged");
    expect(fs.readFileSync(await bundles.get(sha256))).toEqual(bundle);
  });

  it.each([
    [404, "MR_BUNDLE_NOT_FOUND"],
    [401, "MR_TOKEN_WRONG"],
    [403, "MR_TOKEN_WRONG"],
  ])("is given up at once when the master answers %d", async (status, code) => {
    answers = [status];
    await expect(bundles.get(sha256)).rejects.toMatchObject({ code });
    expect(requests).toHaveLength(1);
    expect(fs.readFileSync(await bundles.get(sha256))).toEqual(bundle);
  });

  it("is given up when it stays unreachable or wrong", async () => {
    answers = Array.from({ length: 10 }, () => 500);
    await expect(bundles.get(sha256)).rejects.toMatchObject({ code: "MR_MASTER_UNREACHABLE" });
    answers = Array.from({ length: 10 }, () => "torn" as const);
    await expect(bundles.get(sha256)).rejects.toMatchObject({ code: "MR_BUNDLE_CORRUPT" });
    expect(requests).toHaveLength(20);
  });

  it("that is forgotten is removed and fetched when it is asked for again", async () => {
    const file = await bundles.get(sha256);
    bundles.forget(sha256);
    expect(fs.existsSync(file)).toBe(false);
    await bundles.get(sha256);
    expect(requests).toHaveLength(2);
  });

  it("that is forgotten on its way leaves nothing", async () => {
    const file = await new Promise<string>((resolve) => {
      const coming = bundles.get(sha256);
      bundles.forget(sha256);
      resolve(coming);
    });
    expect(fs.existsSync(file)).toBe(false);
  });
});
