import { expect } from "vitest";
import { Fault } from "#shared/errors/fault";
import type { ReaderSpec } from "#shared/model/formats";
import type { InputRange, Split } from "#shared/model/split";
import type { MemoryStorage } from "#shared/storage/memory";
import { openRecords } from "./open-records.js";
import type { ReadSettings, RecordSource } from "./record-source.js";

export type Found = readonly [offset: number, record: string];

/** An object in memory under `/<name>`. */
export async function store(
  storage: MemoryStorage,
  name: string,
  content: string | Buffer,
): Promise<InputRange> {
  const writer = await storage.write(name);
  const bytes = typeof content === "string" ? Buffer.from(content, "latin1") : content;
  await writer.write(bytes);
  const { version } = await writer.commit();
  const fileBytes = bytes.length;
  return { location: `/${name}`, startByte: 0, endByte: fileBytes, fileBytes, version };
}

export function splitsOf(range: InputRange, splitBytes: number): Split[] {
  const splits: Split[] = [];
  for (let startByte = 0; startByte < range.fileBytes; startByte += splitBytes) {
    const endByte = Math.min(range.fileBytes, startByte + splitBytes);
    splits.push({ ranges: [{ ...range, startByte, endByte }] });
  }
  return splits;
}

export function open(
  storage: MemoryStorage,
  spec: ReaderSpec,
  split: Split,
  settings?: Partial<ReadSettings>,
): RecordSource {
  const placeOf = (location: string) => ({ backend: storage, key: location.slice(1) });
  return openRecords(spec, split, placeOf, settings);
}

export async function drain(source: RecordSource): Promise<Found[]> {
  const found: Found[] = [];
  let fraction = 0;
  while (await source.advance()) {
    const { bytes } = source;
    while (source.next()) {
      expect(source.fraction()).toBeGreaterThanOrEqual(fraction);
      fraction = source.fraction();
      found.push([source.offset, bytes.latin1Slice(source.start, source.end)]);
    }
  }
  expect(source.fraction()).toBe(1);
  expect(await source.advance()).toBe(false);
  return found;
}

export async function records(
  storage: MemoryStorage,
  spec: ReaderSpec,
  splits: readonly Split[],
  settings?: Partial<ReadSettings>,
): Promise<Found[]> {
  const found: Found[] = [];
  for (const split of splits) {
    const source = open(storage, spec, split, settings);
    found.push(...(await drain(source)));
    const size = split.ranges.reduce((sum, range) => sum + range.endByte - range.startByte, 0);
    expect(source.bytesRead).toBe(size);
  }
  return found;
}

export async function codeOf(work: Promise<unknown>): Promise<Fault> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}
