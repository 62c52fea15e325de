import { appendFile, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Fault } from "#shared/errors/fault";
import type { InputRange, Split } from "#shared/model/split";
import { expandInputs } from "#shared/storage/listing";
import { LocalStorage } from "#shared/storage/local";
import { parseLocation } from "#shared/storage/locations";
import { openRecords } from "./open-records.js";
import type { RecordSource } from "./record-source.js";

const storage = new LocalStorage("/");
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "millrace-readers-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function plan(splitBytes: number): Promise<Split[]> {
  const splits: Split[] = [];
  for (const { location, sizeBytes, version } of await expandInputs(storage, [folder])) {
    const step = location.endsWith(".gz") ? sizeBytes : splitBytes;
    for (let startByte = 0; startByte < sizeBytes; startByte += step) {
      const endByte = Math.min(sizeBytes, startByte + step);
      const range: InputRange = { location, startByte, endByte, fileBytes: sizeBytes, version };
      splits.push({ ranges: [range] });
    }
  }
  return splits;
}

function open(split: Split, blockBytes: number): RecordSource {
  const placeOf = (location: string) => ({ backend: storage, key: parseLocation(location).key });
  return openRecords({ kind: "text" }, split, placeOf, { blockBytes });
}

async function linesOf(source: RecordSource): Promise<string[]> {
  const lines: string[] = [];
  while (await source.advance()) {
    while (source.next()) lines.push(source.bytes.toString("utf8", source.start, source.end));
  }
  return lines;
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "none";
  } catch (error) {
    return error instanceof Fault ? error.code : String(error);
  }
}

describe("text records of files on disk", () => {
  it("are all found once, in order, plain and compressed", async () => {
    const lines = Array.from({ length: 4_000 }, (_, index) => `${index} ${"é".repeat(index % 97)}`);
    await writeFile(join(folder, "a.txt"), lines.join("\n"));
    await writeFile(join(folder, "b.txt.gz"), gzipSync(`${lines.join("\r\n")}\r\n`));
    for (const [splitBytes, blockBytes] of [
      [50_000, 4_096],
      [100_000, 1_048_576],
      [1_000_000, 777],
    ] as const) {
      const found: string[] = [];
      for (const split of await plan(splitBytes)) {
        found.push(...(await linesOf(open(split, blockBytes))));
      }
      expect(found).toEqual([...lines, ...lines]);
    }
  });

  it("are refused when the file changed since, before or while it is read", async () => {
    const path = join(folder, "a.txt");
    await writeFile(path, "line\n".repeat(1_000));
    const [split] = await plan(10_000);
    const source = open(split as Split, 100);
    await source.advance();
    await appendFile(path, "x");
    expect(await codeOf(linesOf(source))).toBe("MR_INPUT_CHANGED");
    await source.close();
    expect(await codeOf(linesOf(open(split as Split, 100)))).toBe("MR_INPUT_CHANGED");
    await writeFile(path, "line\n".repeat(1_000));
    await utimes(path, 1, 1);
    expect(await codeOf(linesOf(open(split as Split, 100)))).toBe("MR_INPUT_CHANGED");
    await rm(path);
    expect(await codeOf(linesOf(open(split as Split, 100)))).toBe("MR_INPUT_NOT_FOUND");
  });
});
