import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import type { AnyStep } from "#shared/authoring/any-job";
import { text } from "#shared/authoring/readers";
import {
  sideCsv,
  sideJson,
  sideLines,
  sideTable,
  sideText,
  type Side,
} from "#shared/authoring/sides";
import type { InputRange } from "#shared/model/split";
import { LocalStorage } from "#shared/storage/local";
import { fixtureSpec } from "./fixtures/orders.js";
import { SideInputs } from "./side-inputs.js";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "millrace-sides-"));
let inputs: SideInputs;

beforeEach(() => {
  inputs = new SideInputs();
});
afterAll(() => fs.rmSync(folder, { recursive: true }));

async function file(name: string, content: string | Uint8Array): Promise<InputRange> {
  const location = path.join(folder, name);
  fs.writeFileSync(location, content);
  const stat = await new LocalStorage("/").stat(location.slice(1));
  const fileBytes = stat?.sizeBytes ?? 0;
  const version = stat?.version ?? "";
  return { location, startByte: 0, endByte: fileBytes, fileBytes, version };
}

function stepWith(side: Record<string, Side<unknown>>): AnyStep {
  return { name: "job", input: text(), map: () => undefined, side };
}

/** What tasks see of one side input, `s`. */
async function load(side: Side<unknown>, ...files: readonly InputRange[]): Promise<unknown> {
  const spec = fixtureSpec("", { sides: [{ name: "s", as: side.as, inputs: [] }] });
  const { s } = await inputs.load(stepWith({ s: side }), { spec, sides: [files] });
  return s;
}

describe("side inputs", () => {
  it("are text, lines, JSON or a table", async () => {
    const [one, two] = [await file("one", "\ufeffa\r\nb"), await file("two", "ç\n\n")];
    expect(await load(sideText(), one, two)).toBe("a\r\nbç\n\n");
    expect(await load(sideLines(), one, two)).toEqual(["a", "b", "ç", ""]);
    expect(await load(sideJson(), await file("json", '{"a":[1,{"b":2}]}'))).toEqual({
      a: [1, { b: 2 }],
    });
    const table = await load(
      sideTable(),
      await file("table", "de\tBerlin\tx\n\nfr\tLyon\nfr\tParis"),
    );
    expect([...(table as Map<string, string>)]).toEqual([
      ["de", "Berlin"],
      ["fr", "Paris"],
    ]);
  });

  it("are rows of CSV by the names of the header", async () => {
    const csv = await file("csv", 'id,"full name"\r\n1,"A\nB"\r\n2,"say ""hi"""\r\n');
    expect(await load(sideCsv(), csv)).toEqual([
      { id: "1", "full name": "A\nB" },
      { id: "2", "full name": 'say "hi"' },
    ]);
  });

  it("are decompressed by extension", async () => {
    expect(await load(sideText(), await file("text.gz", gzipSync("packed")))).toBe("packed");
  });

  it("may be empty files", async () => {
    const empty = await file("empty", "");
    expect(await load(sideText(), empty)).toBe("");
    expect(await load(sideLines(), empty)).toEqual([]);
    expect((await load(sideTable(), empty)) as Map<string, string>).toEqual(new Map());
  });

  it("cannot be changed", async () => {
    const lines = (await load(sideLines(), await file("l", "a"))) as string[];
    expect(() => lines.push("b")).toThrow(TypeError);
    const json = (await load(sideJson(), await file("j", '{"a":[{}]}'))) as { a: object[] };
    expect(() => Object.assign(json.a[0] ?? {}, { b: 1 })).toThrow(TypeError);
    const table = (await load(sideTable(), await file("t", "a\tb"))) as Map<string, string>;
    expect(() => table.set("a", "c")).toThrow("a side input cannot be changed");
    expect(() => table.clear()).toThrow(TypeError);
    expect(table.get("a")).toBe("b");
  });

  it("are exactly the declared names", async () => {
    const range = await file("a", "x");
    const spec = fixtureSpec("", {
      sides: [
        { name: "other", as: "text", inputs: [] },
        { name: "mine", as: "text", inputs: [] },
      ],
    });
    const sides = await inputs.load(stepWith({ mine: sideText() }), {
      spec,
      sides: [[], [range]],
    });
    expect({ ...sides }).toEqual({ mine: "x" });
    expect(sides["toString"]).toBeUndefined();
    expect(() => Object.assign(sides, { more: 1 })).toThrow(TypeError);
    await expect(
      inputs.load(stepWith({ absent: sideText() }), { spec, sides: [] }),
    ).rejects.toThrow(
      "side input absent is declared by the job but was not given; allowed: --side absent=FILE",
    );
  });

  it("are read once a version, and let go when no attempt needs them any more", async () => {
    const range = await file("kept", '{"n":1}');
    const first = await load(sideJson(), range);
    expect(await load(sideJson(), range)).toBe(first);
    const changed = await file("kept", '{"n":22}');
    expect(await load(sideJson(), changed)).toEqual({ n: 22 });
    // Only the present version is held: the former one would have to be read again.
    await expect(load(sideJson(), range)).rejects.toThrow("changed since the job was planned");
  });

  it("that cannot be used fail with name and place", async () => {
    await expect(load(sideJson(), await file("bad.json", "{"))).rejects.toThrow(
      /side input s: file is not JSON \(.+\) location=.+bad\.json/,
    );
    await expect(load(sideTable(), await file("bad.tsv", "a\tb\nc\n"))).rejects.toThrow(
      /side input s: line has no tab location=.+bad\.tsv offset=4/,
    );
    const one = await file("1.json", "1");
    await expect(load(sideJson(), one, one)).rejects.toThrow("sideJson() takes one file files=2");
    const gone = { ...one, location: path.join(folder, "gone") };
    await expect(load(sideText(), gone)).rejects.toThrow(
      /side input s: input file is not there any more location=.+gone/,
    );
  });
});
