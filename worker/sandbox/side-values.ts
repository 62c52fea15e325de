import { fault } from "#shared/errors/fault";
import { readWtf8 } from "#shared/format/wtf8";
import type { ReaderSpec, SideAs } from "#shared/model/formats";
import { limits } from "#shared/model/limits";
import type { InputRange } from "#shared/model/split";
import { identity } from "#shared/authoring/aggregates";
import { openRecords } from "#worker/map/readers/open-records";
import type { RecordSource } from "#worker/map/readers/record-source";
import { recordMaker } from "#worker/map/record-values";
import { deepFreeze, freezeMap } from "./deep-freeze.js";
import { placeOf } from "./storage.js";

/** How the files of each kind are read. */
const readers: Readonly<Record<SideAs, ReaderSpec>> = {
  text: { kind: "file", as: "text" },
  json: { kind: "file", as: "text" },
  lines: { kind: "text" },
  table: { kind: "text" },
  csv: { kind: "csv", header: true, quotedNewlines: true },
  records: { kind: "records" },
};

/** Bytes that were read for side inputs, decompressed, against what is allowed. */
export class SideBudget {
  usedBytes = 0;

  /** @throws MR_RECORD_TOO_LARGE */
  take(sizeBytes: number): void {
    this.usedBytes += sizeBytes;
    const allowedBytes = limits.sideBytesMax;
    if (this.usedBytes <= allowedBytes) return;
    throw fault("MR_RECORD_TOO_LARGE", "side inputs are too large together; make it an input", {
      allowedBytes,
    });
  }
}

/**
 * The value that tasks see of a side input, frozen.
 * @throws MR_INPUT_CORRUPT naming location and offset, and what reading an input throws
 */
export async function readSide(
  as: SideAs,
  files: readonly InputRange[],
  budget: SideBudget,
): Promise<unknown> {
  switch (as) {
    case "text":
      return (await collect(as, files, budget, textOf)).join("");
    case "lines":
      return Object.freeze(await collect(as, files, budget, textOf));
    case "json":
      return readJson(files, budget);
    case "table":
      return readTable(files, budget);
    case "csv":
    case "records":
      return readRecords(as, files, budget);
  }
}

type Take<Item> = (source: RecordSource) => Item;

/** What `take` makes of each record, in the order of the files. */
async function collect<Item>(
  as: SideAs,
  files: readonly InputRange[],
  budget: SideBudget,
  take: Take<Item>,
): Promise<Item[]> {
  const options = { recordBytesMax: limits.sideBytesMax };
  const source = openRecords(readers[as], { ranges: [...files] }, placeOf, options);
  const items: Item[] = [];
  try {
    while (await source.advance()) {
      while (source.next()) {
        budget.take(source.end - source.start);
        items.push(take(source));
      }
    }
  } finally {
    await source.close();
  }
  return items;
}

function textOf({ bytes, start, end }: RecordSource): string {
  return readWtf8(bytes, start, end);
}

async function readJson(files: readonly InputRange[], budget: SideBudget): Promise<unknown> {
  const [location = ""] = files.map((file) => file.location);
  const texts = await collect("json", files, budget, textOf);
  const [text] = texts;
  if (text === undefined || texts.length > 1) {
    throw fault("MR_INPUT_CORRUPT", "sideJson() takes one file", { files: texts.length });
  }
  try {
    return deepFreeze(JSON.parse(text) as unknown);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw fault("MR_INPUT_CORRUPT", `file is not JSON (${reason})`, { location }, error);
  }
}

async function readTable(files: readonly InputRange[], budget: SideBudget): Promise<unknown> {
  const table = new Map<string, string>();
  await collect("table", files, budget, (source) => {
    const line = textOf(source);
    if (line === "") return;
    const [name = "", value] = line.split("\t", 2);
    if (value === undefined) {
      const { location, offset } = source;
      throw fault("MR_INPUT_CORRUPT", "line has no tab", { location, offset });
    }
    table.set(name, value);
  });
  return freezeMap(table);
}

async function readRecords(
  as: "csv" | "records",
  files: readonly InputRange[],
  budget: SideBudget,
): Promise<unknown> {
  const input = { name: as, input: { spec: readers[as] }, map: identity() };
  let makeRecord: (() => unknown) | null = null;
  const records = await collect(as, files, budget, (source) => {
    makeRecord ??= recordMaker(input, source);
    return deepFreeze(makeRecord());
  });
  return Object.freeze(records);
}
