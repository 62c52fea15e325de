import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { AnyMapper } from "#shared/authoring/any-job";
import { csv } from "#shared/authoring/formats";
import { csvColumns, fields, jsonFields, regex, words } from "#shared/authoring/mappers";
import { jsonl, text, type Reader } from "#shared/authoring/readers";
import type { JobKey } from "#shared/authoring/values";
import { keyKinds, decodeKey } from "#shared/format/key";
import { LocalStorage } from "#shared/storage/local";
import type { Emitter } from "../emitter.js";
import { openRecords } from "../readers/open-records.js";
import { MapRun } from "../run-map.js";
import { readerFor } from "./make-byte-mapper.js";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "millrace-builtin-"));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));
const backend = new LocalStorage("/");

/** Keeps what is emitted, in order. */
class Kept implements Emitter {
  readonly records: [JobKey, unknown][] = [];
  readonly isFull = false;
  get recordCount(): number {
    return this.records.length;
  }
  emit(key: JobKey, value: unknown): void {
    this.records.push([key, value]);
  }
  emitBytes(): void {
    throw new Error("built-ins emit texts");
  }
  emitEncoded(): void {
    throw new Error("built-ins emit texts");
  }
  emitLine(): void {
    throw new Error("built-ins emit texts");
  }
  emitText(bytes: Buffer, start: number, end: number, value: number): void {
    this.records.push([decodeKey(keyKinds.string, bytes, start, end), value]);
  }
  async drain(): Promise<void> {}
}

interface Outcome {
  readonly records: readonly [JobKey, unknown][];
  readonly recordsIn: number;
  readonly skipped: number;
  readonly error: string | null;
}

/** Maps the content of one file, cut in two at `cut`. */
async function mapped(
  content: Buffer,
  cut: number,
  input: Reader<unknown>,
  map: AnyMapper,
): Promise<Outcome> {
  const file = path.join(folder, "input");
  fs.writeFileSync(file, content);
  const stat = await backend.stat(file.slice(1));
  const source = { name: "input", input, map };
  const emitter = new Kept();
  let skipped = 0;
  let recordsIn = 0;
  let error: string | null = null;
  for (const [startByte, endByte] of [
    [0, cut],
    [cut, content.length],
  ] as const) {
    const range = {
      location: file,
      startByte,
      endByte,
      fileBytes: content.length,
      version: stat?.version ?? "",
    };
    const placeOf = (location: string) => ({ backend, key: location.slice(1) });
    const records = openRecords(readerFor(source), { ranges: [range] }, placeOf, {
      blockBytes: 64,
    });
    const base = {
      params: {},
      side: {},
      former: { counters: {} },
      round: 1,
      stage: "map" as const,
      taskIndex: 0,
      attempt: 1,
      count: (_name: string, amount = 1) => {
        skipped += amount;
      },
    };
    const hooks = { onRecord: () => undefined, onProgress: () => undefined };
    const run = new MapRun({ name: "x" }, source, records, emitter, base, hooks, () => undefined);
    try {
      await run.run();
    } catch (thrown) {
      error = (thrown as { code?: string }).code ?? String(thrown);
    } finally {
      await records.close();
    }
    recordsIn += run.recordsIn;
  }
  return { records: emitter.records, recordsIn, skipped, error };
}

const inOrder = ({ records, ...rest }: Outcome) => ({
  ...rest,
  records: records.map((record) => JSON.stringify(record)).sort(),
});

/** Holds a built-in against a function, for any content and any border. */
function same(
  content: fc.Arbitrary<Buffer>,
  input: Reader<unknown>,
  builtin: AnyMapper,
  own: AnyMapper,
  numRuns = 150,
): Promise<void> {
  return fc.assert(
    fc.asyncProperty(content, fc.nat(), async (bytes, place) => {
      const cut = bytes.length === 0 ? 0 : place % (bytes.length + 1);
      const found = await mapped(bytes, cut, input, builtin);
      const expected = await mapped(bytes, cut, input, own);
      if (found.error === null && expected.error === null) {
        expect(inOrder(found)).toEqual(inOrder(expected));
      } else {
        expect(found.error).toBe(expected.error);
      }
    }),
    { numRuns },
  );
}

const lines = (line: fc.Arbitrary<string>): fc.Arbitrary<Buffer> =>
  fc
    .tuple(
      fc.array(fc.tuple(line, fc.constantFrom("\n", "\n", "\r\n")), { maxLength: 12 }),
      fc.boolean(),
    )
    .map(([list, isOpen]) => {
      const all = list.map(([one, end]) => one + end).join("");
      return Buffer.from(isOpen ? all.replace(/\r?\n$/, "") : all);
    });

const word = fc.constantFrom(
  "a",
  "B",
  "the",
  "ÉTÉ",
  "Straße",
  "ΣΊΣΥΦΟΣ",
  "x1y",
  "日本",
  "İ",
  "-",
  "'",
);
const textLine = fc.array(fc.oneof(word, fc.constantFrom(" ", "\t", "  ", "_")), { maxLength: 12 });
const sentences = fc
  .tuple(fc.constantFrom("", "", "\ufeff"), lines(textLine.map((parts) => parts.join(""))))
  .map(([mark, content]) => Buffer.concat([Buffer.from(mark), content]));
const wild = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
const number = fc.constantFrom(
  "1",
  "-2.5",
  "007",
  "1e3",
  "",
  "x",
  "3.",
  ".5",
  "+4",
  "12345678901234567890",
  " 1",
);

const decimal = (shown: string | undefined): number =>
  shown !== undefined && /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(shown) ? Number(shown) : NaN;

describe("built-in mappers do what their functions do:", () => {
  it("words()", async () => {
    const own: AnyMapper = (line, { emit }) => {
      for (const one of String(line).match(/\p{L}+/gu) ?? []) emit(one.toLowerCase(), 1);
    };
    await same(sentences, text(), words(), own);
    await same(wild, text(), words(), own);
  });

  it("words() by space, as they are", async () => {
    const own: AnyMapper = (line, { emit }) => {
      for (const one of String(line).match(/[^\t-\r ]+/g) ?? []) emit(one, 1);
    };
    await same(sentences, text(), words({ by: "space", lowerCase: false }), own);
    await same(wild, text(), words({ by: "space", lowerCase: false }), own);
  });

  it("fields()", async () => {
    const line = fc.array(fc.oneof(word, number, fc.constantFrom(" ", "\t", "  ", ",")), {
      maxLength: 10,
    });
    const content = lines(line.map((parts) => parts.join("")));
    await same(content, text(), fields({ key: [1, 0], value: 2 }), (given, { emit, count }) => {
      const parts = String(given).match(/[^ \t]+/g) ?? [];
      const value = decimal(parts[2]);
      if (parts.length < 3 || Number.isNaN(value)) count("fields.skipped");
      else emit(`${parts[1]} ${parts[0]}`, value);
    });
    const comma = fields({ separator: ",", key: 1 });
    await same(content, text(), comma, (given, { emit, count }) => {
      const parts = String(given).split(",");
      if (parts.length < 2) count("fields.skipped");
      else emit(parts[1] ?? "", 1);
    });
    const long = fields({ separator: "  ", key: [0, 1], joinWith: "|" });
    await same(content, text(), long, (given, { emit, count }) => {
      const parts = String(given).split("  ");
      if (parts.length < 2) count("fields.skipped");
      else emit(`${parts[0]}|${parts[1]}`, 1);
    });
  });

  it("regex()", async () => {
    const content = lines(
      fc.array(fc.oneof(word, number), { maxLength: 8 }).map((l) => l.join(" ")),
    );
    const pattern = /(\p{L}+)|(\d+)/gu;
    await same(content, text(), regex(pattern, { key: 1 }), (line, { emit, count }) => {
      const all = [...String(line).matchAll(pattern)];
      if (all.length === 0) count("regex.skipped");
      for (const found of all) {
        if (found[1] === undefined) count("regex.skipped");
        else emit(found[1], 1);
      }
    });
    const pair = /^(\S+) (\S+)/;
    await same(content, text(), regex(pair, { key: [2, 1], value: 2 }), (line, { emit, count }) => {
      const found = pair.exec(String(line));
      const value = decimal(found?.[2]);
      if (found === null || Number.isNaN(value)) count("regex.skipped");
      else emit(`${found[2]} ${found[1]}`, value);
    });
  });

  it("regex() passes matches of nothing by whole characters", async () => {
    const contents = fc.constantFrom(
      ...["😀", "x😀xx", "a😀😀", ""].map((each) => Buffer.from(each)),
    );
    for (const pattern of [/x*/gu, /x*/g, new RegExp("x*", "gv")]) {
      await same(contents, text(), regex(pattern, { key: 0 }), (line, { emit }) => {
        for (const [found] of String(line).matchAll(pattern)) emit(found, 1);
      });
    }
  });

  it("csvColumns()", async () => {
    const cell = fc.oneof(word, number, fc.constantFrom('"a,b"', '"say ""hi"""', '"7"'));
    const row = fc.tuple(cell, cell, cell).map((cells) => cells.join(","));
    const content = lines(row).map((rows) => Buffer.concat([Buffer.from("k,n,other\n"), rows]));
    const named = csvColumns({ key: ["other", "k"], value: "n" });
    await same(content, csv(), named, (given, { emit, count }) => {
      const { k, n, other } = given as Record<string, string>;
      const value = decimal(n);
      if (Number.isNaN(value)) count("csvColumns.skipped");
      else emit(`${other} ${k}`, value);
    });
    await same(
      content,
      csv({ header: false }),
      csvColumns({ key: 3 }),
      (given, { emit, count }) => {
        const parts = given as readonly string[];
        if (parts.length < 4) count("csvColumns.skipped");
        else emit(parts[3] ?? "", 1);
      },
    );
  });

  it("jsonFields()", async () => {
    const shape = fc.record(
      {
        user: fc.record(
          { id: fc.oneof(fc.string(), fc.integer(), fc.double()) },
          { requiredKeys: [] },
        ),
        n: fc.oneof(fc.double({ noNaN: true }), fc.integer(), fc.constant("1"), fc.constant(null)),
        more: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    const line = fc.oneof(
      shape.map((value) => JSON.stringify(value)),
      shape.map((value) => JSON.stringify(value, null, " ").replaceAll("\n", "")),
      fc.jsonValue().map((value) => JSON.stringify(value)),
      fc.constantFrom(
        '{"user":{"id":"a\\u00e9\\n"},"n":1}',
        '{"n":1,"n":2,"user":{"id":1.0}}',
        "",
        "  ",
      ),
      fc.constantFrom(
        '{"us\\u0065r":{"id":[1, 2]},"n":3}',
        '{"user":{"id":"x"},"n":4}x',
        '{"n":01}',
      ),
    );
    const own: AnyMapper = (given, { emit, count }) => {
      const { user, n } = (given ?? {}) as { user?: { id?: unknown } | null; n?: unknown };
      const isObject = typeof given === "object" && given !== null && !Array.isArray(given);
      const holdsId = typeof user === "object" && user !== null && !Array.isArray(user);
      const id = isObject && holdsId ? user.id : undefined;
      if (typeof n !== "number" || id === undefined || id === null) count("jsonFields.skipped");
      else emit(typeof id === "string" ? id : JSON.stringify(id), n);
    };
    await same(lines(line), jsonl(), jsonFields({ key: "user.id", value: "n" }), own, 400);
  });
});
