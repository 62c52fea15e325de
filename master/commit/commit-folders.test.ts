import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { decodeManifest } from "#shared/format/manifest";
import type { NamedPart } from "#master/schedule/views";
import { outputPaths } from "#shared/model/keys";
import type { StorageBackend } from "#shared/storage/backend";
import { FailingStorage } from "#shared/storage/failing";
import { LocalStorage } from "#shared/storage/local";
import { MemoryStorage } from "#shared/storage/memory";
import { codeOf, finalNames, jobId, otherId, prepare, put, tree } from "./commit.fixture.js";
import { commitJob, type CommitRequest } from "./commit-job.js";

/** Beside the main output, parts in a named output and in folders, one of them compressed. */
const furtherParts = [
  ["errors", ".gz", "e0"],
  ["date=2015-05-17/host=a", "", "d0\n"],
  ["date=2015-05-17/host=b", "", "d1\n"],
  ["date=2015-05-18/host=%2E%2E", "", "d2\n"],
] as const;

async function prepareFolders(
  backend: StorageBackend,
  id = jobId,
  further: readonly (readonly [string, string, string])[] = furtherParts,
): Promise<CommitRequest> {
  const request = await prepare(backend, id);
  const parts = [...request.parts];
  for (const [number, [folder, extension, content]] of further.entries()) {
    const place = `out/_pending-${id}/reduce-00000.1.d/${number}`;
    await put(backend, place, content);
    parts.push({
      name: outputPaths.part(0, folder, extension),
      location: `/${place}`,
      folder,
      extension,
      records: 1,
      bytes: content.length,
      sha256: createHash("sha256").update(content).digest("hex"),
    });
  }
  return { ...request, parts };
}

describe("commitJob with folders", () => {
  const names = [
    "out/_SUCCESS",
    "out/date=2015-05-17/host=a/part-00000",
    "out/date=2015-05-17/host=b/part-00000",
    "out/date=2015-05-18/host=%2E%2E/part-00000",
    "out/errors/part-00000.gz",
    ...finalNames.slice(1),
  ];

  it("lists the parts by their paths below the output", async () => {
    const backend = new MemoryStorage();
    const request = await prepareFolders(backend);
    expect(await commitJob(backend, request)).toMatchObject({ partCount: 7, records: 7 });
    const after = await tree(backend);
    expect(Object.keys(after).sort()).toEqual([...names].sort());
    const { parts, totals } = decodeManifest(Buffer.from(after["out/manifest.json"] ?? ""));
    expect(totals).toEqual({ parts: 7, records: 7, bytes: 23 });
    expect(parts.map(({ name }) => `out/${name}`).sort()).toEqual(
      names.filter((name) => name.includes("/part-")).sort(),
    );
  });

  it("repeated after a crash at any step ends in the same output, an earlier one's folders gone", async () => {
    const former = [
      ["errors", "", "of the former"],
      ["warnings", ".gz", "of the former"],
      ["date=2015-05-16/host=a", "", "of the former"],
      // As large as ours: only its place tells that it is not ours.
      ["date=2015-05-17/host=a", "", "x0\n"],
    ] as const;
    const strange = ["out/notes.txt", "out/errors/notes.txt", "out/others/part-00000"];
    let crashCount = 0;
    for (let operations = 0; ; operations++) {
      const backend = new MemoryStorage();
      await commitJob(backend, await prepareFolders(backend, otherId, former));
      for (const key of strange) await put(backend, key, "not of a job");
      const request = { ...(await prepareFolders(backend)), overwrite: true };
      const failing = new FailingStorage(backend, operations);
      const crashed = (await codeOf(commitJob(failing, request))) !== "none";
      if (crashed) {
        crashCount++;
        const between = await tree(backend);
        const isOld = between["out/manifest.json"]?.includes(otherId) === true;
        if (between["out/_SUCCESS"] !== undefined) expect(isOld).toBe(true);
        await commitJob(backend, request);
      }
      const after = await tree(backend);
      const expected = [...names, ...strange].sort();
      expect(Object.keys(after).sort(), `crash after ${operations}`).toEqual(expected);
      expect(after["out/date=2015-05-17/host=a/part-00000"]).toBe("d0\n");
      await commitJob(backend, request);
      expect(await tree(backend)).toEqual(after);
      if (!crashed) break;
    }
    expect(crashCount).toBeGreaterThan(25);
  });

  it("removes what is called like a part where it writes, listed or not", async () => {
    const backend = new MemoryStorage();
    for (const key of ["part-00009.gz", "errors/part-00009", "date=2015-05-17/part-00009"]) {
      await put(backend, `out/${key}`, "of a commit that nobody repeated");
    }
    await commitJob(backend, { ...(await prepareFolders(backend)), overwrite: true });
    expect(Object.keys(await tree(backend)).sort()).toEqual([...names].sort());
  });

  it("removes nothing that a manifest names outside of the output's parts", async () => {
    const backend = new MemoryStorage();
    await commitJob(backend, await prepare(backend, otherId));
    const manifest = (await tree(backend))["out/manifest.json"] ?? "";
    const outside = ["out/notes.txt", "out/_data/part-00000", "other/part-00000"];
    for (const key of outside) await put(backend, key, "mine");
    const paths = ["notes.txt", "_data/part-00000", "../other/part-00000", "/other/part-00000"];
    const first = "part-00000";
    for (const name of paths) {
      await put(backend, "out/manifest.json", manifest.replace(`"${first}"`, `"${name}"`));
      const request = { ...(await prepareFolders(backend)), overwrite: true };
      await commitJob(backend, request);
      expect(Object.keys(await tree(backend))).toEqual(expect.arrayContaining(outside));
    }
  });

  it("refuses names that lead elsewhere, or that two parts have, before anything is changed", async () => {
    const backend = new MemoryStorage();
    const good = await prepareFolders(backend);
    const before = await tree(backend);
    for (const name of [
      "../part-00000",
      "/part-00000",
      "_logs/part-00000",
      ".hidden/part-00000",
      "errors/../part-00000",
      "errors/part-00000/part-00000",
      "errors//part-00000",
      "manifest.json",
      "errors/_SUCCESS",
      "part-00001",
      "",
    ]) {
      const [first, ...rest] = good.parts;
      const request = { ...good, parts: [{ ...(first as NamedPart), name }, ...rest] };
      expect(await codeOf(commitJob(backend, request)), name).toBe("MR_OUTPUT_CORRUPT");
      expect(await tree(backend)).toEqual(before);
    }
  });

  it("refuses a file in the place of a folder, and leaves the former output alone", async () => {
    const backend = new MemoryStorage();
    await commitJob(backend, await prepare(backend, otherId));
    await put(backend, "out/date=2015-05-17", "a file");
    const before = await tree(backend);
    const request = { ...(await prepareFolders(backend)), overwrite: true };
    expect(await codeOf(commitJob(backend, request))).toBe("MR_OUTPUT_EXISTS");
    expect(await tree(backend)).toMatchObject(before);
  });

  it("works on a local disk, over an earlier output", async () => {
    const root = await mkdtemp(join(tmpdir(), "millrace-commit-"));
    const backend = new LocalStorage(root);
    for (const id of [otherId, jobId]) {
      await commitJob(backend, { ...(await prepareFolders(backend, id)), overwrite: true });
    }
    expect(Object.keys(await tree(backend)).sort()).toEqual([...names].sort());
    await rm(root, { recursive: true });
  });
});
