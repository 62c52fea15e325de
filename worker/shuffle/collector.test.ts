import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { systemTimers } from "#shared/clock/system";
import { scratchPaths } from "#shared/model/keys";
import {
  closeAll,
  collect,
  groupsOf,
  holder,
  newFolder,
  removeFolders,
  runsAt,
  segmentWith,
  sends,
  serve,
  whenDone,
} from "./fixtures/collecting.js";
import { mapRef, readGroups, writeMapRun } from "./fixtures/runs.js";
import { locationType } from "./locate-run.js";
import { startRunServer } from "./run-server.js";

afterEach(closeAll);
afterAll(removeFolders);

describe("a collector of runs", () => {
  it("collects from several workers while runs are announced", async () => {
    const one = await holder({ 0: [["a", 1]], 2: [["a", 3]] });
    const two = await holder({ 1: [["a", 2]], 3: [] });
    const collecting = collect(4);
    const groups = groupsOf(collecting);
    collecting.collector.add(runsAt(one, [2, 1, 0, 1]));
    collecting.collector.add(runsAt(two, [1, 1]));
    collecting.collector.add(runsAt(two, [3, 1, 1, 1]));
    expect(await groups).toEqual([["a", [1, 2, 3]]]);
    expect(collecting.collector.records).toBe(3);
    expect(collecting.collector.fetchedBytes).toBeGreaterThan(0);
    expect(collecting.reports).toEqual([]);
  });

  it("reads runs of another worker on this machine where they lie", async () => {
    const large = "x".repeat(400_000);
    const other = await holder({ 0: [["a", 1]], 1: [["a", large]], 2: [] });
    const collecting = collect(3, { readsInPlace: true });
    collecting.collector.add(runsAt(other, [0, 1, 1, 1, 2, 1]));
    expect(await groupsOf(collecting)).toEqual([["a", [1, large]]]);
    expect(collecting.collector.fetchedBytes).toBe(0);
    expect(collecting.collector.records).toBe(2);
  });

  it("still has such a run when its worker removes it before the merge", async () => {
    const large = "x".repeat(400_000);
    const scratchFolder = newFolder();
    writeMapRun(scratchFolder, mapRef(0), [[["a", large]]]);
    const server = await startRunServer({ scratchFolder, host: "127.0.0.1", port: 0, token: null });
    whenDone(() => server.close());
    const collecting = collect(2, { readsInPlace: true });
    const collected = new Promise<void>((resolve) => {
      const poll = systemTimers.every(1, () => {
        if (collecting.collector.records === 0) return;
        poll.cancel();
        resolve();
      });
    });
    collecting.collector.add(runsAt(server.address, [0, 1]));
    await collected;
    rmSync(scratchFolder, { recursive: true });
    collecting.collector.add(runsAt(await holder({ 1: [["b", 2]] }), [1, 1]));
    expect(await groupsOf(collecting)).toEqual([
      ["a", [large]],
      ["b", [2]],
    ]);
  });

  it("fetches a run whose file it may not read", async () => {
    const segment = segmentWith([["a", 1]]);
    const address = await serve((request, response) => {
      if (request.headers.accept !== locationType) return sends(segment)(request, response);
      const { length: storedBytes } = segment;
      const place = { offset: 0, storedBytes, rawBytes: storedBytes, records: 1 };
      response.writeHead(200, { "content-type": locationType });
      response.end(JSON.stringify({ path: newFolder(), segment: place }));
    });
    const collecting = collect(1, { readsInPlace: true });
    collecting.collector.add(runsAt(address, [0, 1]));
    expect(await groupsOf(collecting)).toEqual([["a", [1]]]);
    expect(collecting.collector.fetchedBytes).toBe(segment.length);
  });

  it("has nothing to wait for without map tasks", async () => {
    expect(await groupsOf(collect(0))).toEqual([]);
  });

  it("takes runs of its own worker from disk, more than its memory holds", async () => {
    const collecting = collect(40, { memoryBytes: 64 * 1024 });
    const maps: number[] = [];
    for (let task = 0; task < 40; task++) {
      const large = task % 10 === 0 ? 50_000 : 5_000;
      writeMapRun(collecting.scratchFolder, mapRef(task), [[["a", "x".repeat(large) + task]]]);
      maps.push(task, 1);
    }
    collecting.collector.add(runsAt("http://127.0.0.1:1", maps, "me"));
    const [group] = readGroups(await collecting.collector.collect());
    expect(group?.[1].map((text) => Number(String(text).replaceAll("x", "")))).toEqual(
      Array.from({ length: 40 }, (_, task) => task),
    );
    expect(collecting.collector.fetchedBytes).toBe(0);
  });

  it("reports a missing run once and waits for the next announcement", async () => {
    const empty = await holder({});
    const full = await holder({ 0: [["a", 1]] }, 2);
    const collecting = collect(1);
    const groups = groupsOf(collecting);
    collecting.collector.add(runsAt(empty, [0, 1]));
    await collecting.reported(1);
    collecting.collector.add(runsAt(empty, [0, 1]));
    collecting.collector.drop(0, 1);
    collecting.collector.add(runsAt(full, [0, 2]));
    expect(await groups).toEqual([["a", [1]]]);
    expect(collecting.reports).toEqual([
      { holderId: "other", mapTaskIndex: 0, mapAttempt: 1, reason: "missing" },
    ]);
  });

  it("reports a missing run of its own worker", async () => {
    const collecting = collect(1);
    collecting.collector.add(runsAt("http://127.0.0.1:1", [0, 1], "me"));
    await collecting.reported(1);
    expect(collecting.reports[0]).toMatchObject({ holderId: "me", reason: "missing" });
  });

  it("reports a corrupt run of its own worker instead of counting it as collected", async () => {
    const collecting = collect(1);
    writeMapRun(collecting.scratchFolder, mapRef(0), [[["a", "some value"]]]);
    const path = join(collecting.scratchFolder, scratchPaths.run(mapRef(0)));
    const bytes = readFileSync(path);
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    collecting.collector.add(runsAt("http://127.0.0.1:1", [0, 1], "me"));
    await collecting.reported(1);
    expect(collecting.reports[0]).toMatchObject({ holderId: "me", reason: "corrupt" });
    expect(collecting.collector.records).toBe(0);
  });

  it("tries again before it reports a corrupt run, and then waits", async () => {
    const good = segmentWith([["a", 1]]);
    const bad = Buffer.from(good);
    bad[17] = (bad[17] ?? 0) ^ 8;
    let asked = 0;
    const address = await serve((request, response) => {
      asked++;
      sends(request.url?.includes("/1/1/") === true && asked > 2 ? good : bad)(request, response);
    });
    const healed = collect(1);
    // One flipped on the way only: the third try is fine.
    healed.collector.add(runsAt(address, [0, 1]));
    await healed.reported(1);
    expect(healed.reports).toMatchObject([{ reason: "corrupt" }]);
    expect(asked).toBe(4);
    const once = collect(2);
    writeMapRun(once.scratchFolder, mapRef(0), [[["b", 1]]]);
    once.collector.add(runsAt(address, [0, 1], "me"));
    once.collector.add(runsAt(address, [1, 1]));
    expect(await groupsOf(once)).toEqual([
      ["a", [1]],
      ["b", [1]],
    ]);
    expect(once.reports).toEqual([]);
  });

  it("tries a worker that answers 500, or is silent, or is cut off, until it is fine", async () => {
    const good = segmentWith([["a", 1]]);
    const acts: RequestListener[] = [
      (_request, response) => response.writeHead(500).end(),
      () => undefined,
      (_request, response) => {
        response.writeHead(200, { "content-length": good.length, "x-run-records": 1 });
        response.write(good.subarray(0, 5), () => response.destroy());
      },
    ];
    const address = await serve((request, response) => {
      (acts.shift() ?? sends(good))(request, response);
    });
    const collecting = collect(1);
    collecting.collector.add(runsAt(address, [0, 1]));
    expect(await groupsOf(collecting)).toEqual([["a", [1]]]);
    expect(collecting.reports).toEqual([]);
  });

  it("reports an unreachable run again and again, and gives up when it is withdrawn", async () => {
    const collecting = collect(1);
    const groups = groupsOf(collecting);
    let asked = 0;
    const address = await serve((_request, response) => {
      asked++;
      response.writeHead(500).end();
    });
    collecting.collector.add(runsAt(address, [0, 1]));
    await collecting.reported(2);
    collecting.collector.drop(0, 1);
    const askedBefore = asked;
    collecting.collector.add(runsAt(await holder({ 0: [["a", 1]] }, 2), [0, 2]));
    expect(await groups).toEqual([["a", [1]]]);
    expect(asked - askedBefore).toBeLessThanOrEqual(1);
    expect(collecting.reports.map(({ reason }) => reason)).toEqual(["unreachable", "unreachable"]);
  });

  it("is not kept from healthy workers by one that hangs", async () => {
    const silent = await serve(() => undefined);
    const healthy = await holder({ 9: [["a", 9]] });
    const collecting = collect(10, { silenceMs: 50 });
    const progress = new Promise<void>((resolve) => {
      const tasks = Array.from({ length: 9 }, (_, task) => [task, 1]).flat();
      collecting.collector.add(runsAt(silent, tasks));
      collecting.collector.add(runsAt(healthy, [9, 1]));
      const look = (): void => {
        if (collecting.collector.records === 1) resolve();
        else setTimeout(look, 5);
      };
      look();
    });
    await progress;
    // Nine runs of four tries each take far longer than the healthy one had to wait.
    expect(collecting.reports).toEqual([]);
  });

  it("keeps one run of a map, whichever of two attempts comes first", async () => {
    const older = segmentWith([["a", "older"]]);
    const release: (() => void)[] = [];
    const asked: (() => void)[] = [];
    const slow = await serve((_request, response) => {
      response.writeHead(200, { "content-length": older.length, "x-run-records": 1 });
      response.write(older.subarray(0, 4));
      release.push(() => response.end(older.subarray(4)));
      asked.shift()?.();
    });
    const newer = await holder({ 0: [["a", "newer"]], 1: [["b", 1]] }, 2);
    for (const isWithdrawn of [true, false]) {
      const collecting = collect(2, { silenceMs: 5_000 });
      const started = new Promise<void>((resolve) => asked.push(resolve));
      collecting.collector.add(runsAt(slow, [0, 1]));
      await started;
      if (isWithdrawn) collecting.collector.drop(0, 1);
      collecting.collector.add(runsAt(newer, [0, 2]));
      release.shift()?.();
      // Both answers are here before the last run is asked for.
      await new Promise((resolve) => setTimeout(resolve, 100));
      collecting.collector.add(runsAt(newer, [1, 2]));
      const groups = readGroups(await collecting.collector.collect());
      expect(groups[0]?.[1]).toHaveLength(1);
      expect(collecting.collector.records).toBe(2);
    }
  });

  it("ends with the error when its own disk fails, and asks for nothing more", async () => {
    let asked = 0;
    const large = segmentWith([["a", "x".repeat(100_000)]]);
    const address = await serve((request, response) => {
      asked++;
      sends(large)(request, response);
    });
    const notAFolder = newFolder();
    writeFileSync(notAFolder, "");
    const collecting = collect(100, { memoryBytes: 1024, folder: join(notAFolder, "x") });
    collecting.collector.add(
      runsAt(address, Array.from({ length: 100 }, (_, at) => [at, 1]).flat()),
    );
    await expect(collecting.collector.collect()).rejects.toMatchObject({ code: "ENOTDIR" });
    expect(collecting.reports).toEqual([]);
    expect(asked).toBeLessThanOrEqual(8);
  });

  it("names the run of its own worker that turns out corrupt when it is merged", async () => {
    const collecting = collect(3, { memoryBytes: 16 * 1024 });
    // Larger than what is read, and so verified, at once.
    writeMapRun(collecting.scratchFolder, mapRef(0), [[["a", "x".repeat(5_000)]]]);
    const path = join(collecting.scratchFolder, scratchPaths.run(mapRef(0)));
    const bytes = readFileSync(path);
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    collecting.collector.add(runsAt("http://127.0.0.1:1", [0, 1], "me"));
    const good = await holder({ 1: [["a", 1]], 2: [["a", 2]] });
    collecting.collector.add(runsAt(good, [1, 1, 2, 1]));
    const merger = await collecting.collector.collect();
    expect(() => readGroups(merger)).toThrow(
      expect.objectContaining({ code: "MR_RUN_CORRUPT", details: { run: "me|0|1" } }),
    );
    merger.close();
  });

  it("ends when files cannot be merged: what they held must not be missing", async () => {
    const collecting = collect(80, { memoryBytes: 1024 });
    const maps: number[] = [];
    for (let task = 0; task < 70; task++) {
      writeMapRun(collecting.scratchFolder, mapRef(task), [[["a", "x".repeat(500)]]]);
      maps.push(task, 1);
    }
    const path = join(collecting.scratchFolder, scratchPaths.run(mapRef(3)));
    const bytes = readFileSync(path);
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    collecting.collector.add(runsAt("http://127.0.0.1:1", maps, "me"));
    await expect(collecting.collector.collect()).rejects.toMatchObject({
      code: "MR_RUN_CORRUPT",
      details: { run: "me|3|1" },
    });
    expect(collecting.reports).toEqual([]);
  });

  it("makes no folder for what fits into memory", async () => {
    const address = await holder({ 0: [["a", 1]] });
    const collecting = collect(1);
    collecting.collector.add(runsAt(address, [0, 1]));
    expect(await groupsOf(collecting)).toEqual([["a", [1]]]);
    expect(() => readdirSync(collecting.folder)).toThrow("ENOENT");
  });
});
