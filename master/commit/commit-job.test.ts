import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { decodeManifest } from "#shared/format/manifest";
import type { NamedPart } from "#master/schedule/views";
import { outputPaths } from "#shared/model/keys";
import { FailingStorage } from "#shared/storage/failing";
import { LocalStorage } from "#shared/storage/local";
import { MemoryStorage } from "#shared/storage/memory";
import { codeOf, finalNames, jobId, otherId, prepare, put, tree } from "./commit.fixture.js";
import { commitJob, type CommitRequest } from "./commit-job.js";
import { outputExists } from "./output-exists.js";
import { removePending } from "./remove-pending.js";

describe("commitJob", () => {
  it("moves the parts, writes manifest and mark, and leaves nothing private", async () => {
    const backend = new MemoryStorage();
    const request = await prepare(backend);
    expect(await commitJob(backend, request)).toEqual({
      output: "/out",
      partCount: 3,
      records: 3,
      bytes: 12,
    });
    const after = await tree(backend);
    expect(Object.keys(after)).toEqual(finalNames);
    expect(after["out/part-00002"]).toBe("b\t2\nc\t3\n");
    const manifest = decodeManifest(Buffer.from(after["out/manifest.json"] ?? ""));
    expect(manifest).toMatchObject({
      jobId,
      createdAt: "2023-11-14T22:13:20.000Z",
      totals: { parts: 3, records: 3, bytes: 12 },
      counters: { "user.words": 6 },
    });
    expect(manifest.parts[2]).toEqual({
      name: "part-00002",
      records: 2,
      bytes: 8,
      sha256: request.parts[2]?.sha256,
    });
  });

  it("repeated after a crash at any step ends in the same output, and is never final too early", async () => {
    for (const overwrite of [false, true]) {
      let crashCount = 0;
      for (let operations = 0; ; operations++) {
        const backend = new MemoryStorage();
        if (overwrite) {
          const earlier = await prepare(backend, otherId);
          await commitJob(backend, earlier);
          await put(backend, "out/part-00007", "an earlier, larger output");
          // As large as ours: only its place tells that it is not ours.
          await put(backend, "out/part-00000", "x\t9\n");
        }
        const request = { ...(await prepare(backend)), overwrite };
        const failing = new FailingStorage(backend, operations);
        const crashed = (await codeOf(commitJob(failing, request))) !== "none";
        if (crashed) {
          crashCount++;
          const between = await tree(backend);
          const isOld = between["out/manifest.json"]?.includes(otherId) === true;
          if (between["out/_SUCCESS"] !== undefined) expect(isOld).toBe(true);
          const later = { ...request, nowMs: request.nowMs + 5_000 };
          expect(await commitJob(backend, later)).toMatchObject({ partCount: 3, bytes: 12 });
        }
        const after = await tree(backend);
        expect(Object.keys(after), `crash after ${operations}`).toEqual(finalNames);
        expect(after["out/part-00000"]).toBe("a\t1\n");
        expect(decodeManifest(Buffer.from(after["out/manifest.json"] ?? "")).jobId).toBe(jobId);
        // Once more, as after a crash behind the last step.
        await commitJob(backend, request);
        expect(await tree(backend)).toEqual(after);
        if (!crashed) break;
      }
      expect(crashCount).toBeGreaterThan(15);
    }
  });

  it("refuses an output that exists, and leaves it and the parts alone", async () => {
    const backend = new MemoryStorage();
    await commitJob(backend, await prepare(backend, otherId));
    const request = await prepare(backend);
    const before = await tree(backend);
    expect(await codeOf(commitJob(backend, request))).toBe("MR_OUTPUT_EXISTS");
    expect(await tree(backend)).toEqual(before);
    expect(await codeOf(commitJob(backend, { ...request, overwrite: true }))).toBe("none");
  });

  it("when overwriting removes only what a job wrote", async () => {
    const backend = new MemoryStorage();
    await commitJob(backend, await prepare(backend, otherId));
    const strange = ["out/notes.txt", "out/part-1", "out/sub/part-00009", "out/_pending-other/x"];
    for (const key of strange) await put(backend, key, "not of a job");
    const request = { ...(await prepare(backend)), overwrite: true };
    await commitJob(backend, request);
    expect(Object.keys(await tree(backend)).sort()).toEqual([...finalNames, ...strange].sort());
  });

  it("refuses missing, cut or foreign parts before anything is changed", async () => {
    const backend = new MemoryStorage();
    await commitJob(backend, await prepare(backend, otherId));
    const good = { ...(await prepare(backend)), overwrite: true };
    const spoil = (change: Partial<NamedPart>): CommitRequest => {
      const [first, ...rest] = good.parts;
      return { ...good, parts: [{ ...(first as NamedPart), ...change }, ...rest] };
    };
    const before = await tree(backend);
    for (const request of [
      spoil({ bytes: 5 }),
      spoil({ location: `/out/_pending-${jobId}/reduce-00000.9` }),
      spoil({ location: `/out/part-00000` }),
      spoil({ location: `/out/_pending-${otherId}/reduce-00000.1` }),
    ]) {
      expect(await codeOf(commitJob(backend, request))).toBe("MR_OUTPUT_CORRUPT");
      expect(await tree(backend)).toEqual(before);
    }
  });

  it("lets one of two jobs have an output folder", async () => {
    const backend = new MemoryStorage();
    const requests = [await prepare(backend), await prepare(backend, otherId)];
    const codes = await Promise.all(requests.map((one) => codeOf(commitJob(backend, one))));
    expect(codes).toEqual(["none", "MR_OUTPUT_EXISTS"]);
  });

  it("commits a job without parts, and into a folder that is not there", async () => {
    const backend = new MemoryStorage();
    const request = { ...(await prepare(backend, jobId, "deep/out")), parts: [] };
    await commitJob(backend, { ...request, output: "/other/place" });
    expect(await backend.stat("other/place/_SUCCESS")).not.toBeNull();
  });

  it("works on a local disk, with hundreds of parts", async () => {
    const root = await mkdtemp(join(tmpdir(), "millrace-commit-"));
    const backend = new LocalStorage("/");
    const output = `${root.slice(1)}/out`;
    const request = await prepare(backend, jobId, output);
    const parts = [...request.parts];
    for (let index = parts.length; index < 300; index++) {
      const key = `${output}/_pending-${jobId}/reduce-${index}.1`;
      await backend.putIfAbsent(key, Buffer.from("x"));
      const name = outputPaths.part(index);
      parts.push({ name, location: `/${key}`, records: 1, bytes: 1, sha256: "0".repeat(64) });
    }
    // An attempt that was killed while it wrote.
    const unfinished = await backend.write(`${output}/_pending-${jobId}/reduce-00009.4`);
    await commitJob(backend, { ...request, parts });
    await unfinished.discard();
    const names = (await readdir(join(root, "out"))).sort();
    expect(names).toHaveLength(302);
    expect(names.slice(0, 3)).toEqual(["_SUCCESS", "manifest.json", "part-00000"]);
    await rm(root, { recursive: true });
  });
});

describe("outputExists", () => {
  it("sees what a reader would take for output", async () => {
    for (const [key, expected] of [
      ["out/part-00000", true],
      ["out/_SUCCESS", true],
      ["out/sub/x", true],
      ["out", true],
      ["out/_pending-x/reduce-00000.1", false],
      ["outside/x", false],
    ] as const) {
      const backend = new MemoryStorage();
      await put(backend, key, "");
      expect(await outputExists(backend, "/out"), key).toBe(expected);
    }
  });
});

describe("removePending", () => {
  it("removes what this job's attempts left and nothing else", async () => {
    const backend = new MemoryStorage();
    await prepare(backend);
    await prepare(backend, otherId);
    await put(backend, "out/notes.txt", "");
    await removePending(backend, "/out", jobId);
    await removePending(backend, "/out", jobId);
    const keys = Object.keys(await tree(backend));
    expect(keys.filter((key) => key.includes(jobId))).toEqual([]);
    expect(keys).toContain("out/notes.txt");
    expect(keys.filter((key) => key.includes(otherId))).toHaveLength(4);
  });
});
