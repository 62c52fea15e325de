import { createHash } from "node:crypto";
import os from "node:os";
import path from "node:path";
import { expect } from "vitest";
import { encodeKey, keyKindOf } from "#shared/format/key";
import { Scratch } from "#shared/format/scratch";
import { encodeValue } from "#shared/format/value";
import type { WriterSpec } from "#shared/model/formats";
import { MemoryStorage } from "#shared/storage/memory";
import { openPartWriter } from "./open-part-writer.js";
import type { PartWriter, WrittenPart } from "./part-writer.js";

export type Key = string | number | Uint8Array;
export type Entry = readonly [key: Key, value: unknown];

/** Adds a record; its bytes lie anywhere in their buffers, which are used for something else afterwards. */
export function addRecord(writer: PartWriter, key: Key, value: unknown): void {
  const into = new Scratch(64);
  into.append(Buffer.from("before"), 0, 6);
  const keyStart = into.length;
  encodeKey(into, key);
  const valueStart = into.length;
  encodeValue(into, value);
  const end = into.length;
  into.append(Buffer.from("behind"), 0, 6);
  const { bytes } = into;
  writer.add(keyKindOf(key), bytes, keyStart, valueStart, bytes, valueStart, end);
  bytes.fill(0xdd);
}

export interface Writing {
  /** Of one part of many. */
  readonly bufferBytes?: number;
  /** Records between two drains; absent: a drain where the part is full. */
  readonly drainEvery?: number;
  /** Records between two moves to the scratch file. */
  readonly overflowEvery?: number;
}

let overflowCount = 0;

/** A whole part; checks that it is what the writer reports. */
export async function writePart(
  spec: WriterSpec,
  entries: readonly Entry[],
  how: Writing = {},
): Promise<{ readonly bytes: Buffer; readonly part: WrittenPart }> {
  const storage = new MemoryStorage();
  const overflowPath = path.join(os.tmpdir(), `millrace-part-${process.pid}-${overflowCount++}`);
  const buffers =
    how.bufferBytes === undefined
      ? { overflowPath }
      : { overflowPath, bufferBytes: how.bufferBytes };
  const writer = openPartWriter(spec, await storage.write("part"), buffers);
  for (const [index, [key, value]] of entries.entries()) {
    addRecord(writer, key, value);
    if (how.overflowEvery !== undefined && index % how.overflowEvery === 0) writer.overflow();
    const isDue = how.drainEvery === undefined ? writer.isFull : index % how.drainEvery === 0;
    if (isDue) await writer.drain();
  }
  const part = await writer.finish();
  const blocks: Buffer[] = [];
  for await (const block of storage.read("part")) blocks.push(block);
  const bytes = Buffer.concat(blocks);
  expect(part).toMatchObject({
    records: entries.length,
    bytes: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
  });
  return { bytes, part };
}
