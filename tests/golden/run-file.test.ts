import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { AggregateSpec } from "#shared/authoring/aggregates";
import { encodeKey, keyKindOf } from "#shared/format/key";
import { Scratch } from "#shared/format/scratch";
import {
  encodePartialCount,
  encodePartialMean,
  encodeValue,
  valueTags,
} from "#shared/format/value";
import { makeAccumulator } from "#worker/runs/make-accumulator";
import { hashBytes, partitionOfHash } from "#worker/runs/hash";
import { RunWriter } from "#worker/runs/run-writer";

/**
 * The bytes of every binary format, byte for byte. A test that fails here says that files written
 * before can no longer be read, or that keys move between parts: a new format version is due.
 * To accept a change on purpose, run the test with `--update`.
 */
const folder = mkdtempSync(join(tmpdir(), "millrace-golden-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A file that is missing is written, except in CI, where it is a failure. */
async function expectGolden(name: string, bytes: Buffer): Promise<void> {
  const lines = bytes.toString("hex").match(/.{1,64}/g) ?? [];
  const path = join(import.meta.dirname, `${name}.hex`);
  await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(path);
}

type Key = string | number | Uint8Array;

function writeRun(rows: readonly (readonly [number, Key, unknown])[], hasOrigins: boolean): Buffer {
  const path = join(folder, "run");
  const writer = new RunWriter(path, 3, "none", hasOrigins);
  writer.keyKind = keyKindOf(rows[0]?.[1]);
  const [key, value] = [new Scratch(), new Scratch()];
  for (const [index, [partition, rowKey, rowValue]] of rows.entries()) {
    key.length = 0;
    value.length = 0;
    encodeKey(key, rowKey);
    encodeValue(value, rowValue);
    writer.startPartition(partition);
    writer.addParts(key.bytes, key.length, value.bytes, 0, value.length, index * 100);
  }
  writer.finish();
  return readFileSync(path);
}

describe("golden bytes", () => {
  it("of a run with string keys and every kind of value", async () => {
    const bytes = writeRun(
      [
        [0, "", null],
        [0, "a", true],
        [0, "é", false],
        [0, "\ud800", 1],
        [2, "number", -1.5],
        [2, "object", { list: [1, "two", null] }],
        [2, "text", "tab\tand \udfff"],
        [2, "z", new Uint8Array([0, 255])],
      ],
      false,
    );
    await expectGolden("run-strings", bytes);
  });

  it("of a run with number keys that remembers where records came from", async () => {
    const rows = [-Infinity, -1, 0, 1e-300, 42, NaN].map((key) => [1, key, 300] as const);
    await expectGolden("run-numbers-origins", writeRun(rows, true));
  });

  it("of a run with bytes as keys", async () => {
    await expectGolden("run-bytes", writeRun([[1, new Uint8Array([0, 1, 254]), "x"]], false));
  });

  it("of partial results", async () => {
    const scratch = new Scratch();
    encodePartialCount(scratch, 1_000_000);
    encodePartialMean(scratch, 2.5, 4);
    await expectGolden("partial-results", Buffer.from(scratch.bytes.subarray(0, scratch.length)));
  });

  it("of partial results of aggregates of several values", async () => {
    const emitted = [5, "five", 2.5].map((value) => {
      const scratch = new Scratch();
      encodeValue(scratch, value);
      return Buffer.from(scratch.bytes.subarray(0, scratch.length));
    });
    const scratch = new Scratch();
    const fold = (spec: AggregateSpec, values: readonly Buffer[]): void => {
      const accumulator = makeAccumulator(spec);
      for (const value of values) accumulator.add(value, 0, value.length);
      accumulator.encode(scratch, false);
    };
    const numbers = emitted.filter((value) => value[0] !== valueTags.string);
    fold({ name: "all", parts: ["count", "mean", "min", "max", "sum"] }, numbers);
    fold({ name: "collect", limit: 2 }, emitted);
    fold({ name: "topK", limit: 2 }, emitted);
    fold({ name: "first" }, emitted);
    fold({ name: "histogram", bounds: [1, 3] }, numbers);
    const bytes = Buffer.from(scratch.bytes.subarray(0, scratch.length));
    await expectGolden("partial-results-of-several", bytes);
  });

  it("of partitions: which of ten each key goes to", async () => {
    const keys = ["", "a", "b", "the", "partition", "日本語", "a rather long key, of many words"];
    const placed = keys.map((key) => {
      const bytes = Buffer.from(key);
      return partitionOfHash(hashBytes(bytes, 0, bytes.length), 10);
    });
    await expectGolden("partitions", Buffer.from(placed));
  });
});
