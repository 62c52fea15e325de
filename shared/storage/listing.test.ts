import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Fault } from "#shared/errors/fault";
import { isMatch, parsePatterns, startOf, step, type Positions } from "./glob.js";
import { expandInputs } from "./listing.js";
import { LocalStorage } from "./local.js";
import { parseLocation, toLocation } from "./locations.js";

const files = [
  "books/a.txt",
  "books/b.txt",
  "books/c.md",
  "books/old/d.txt",
  "books/old/deep/e.txt",
  "books/_temporary/x.txt",
  "books/.hidden",
  "books/_SUCCESS",
  "logs/2024-01/part-00000",
  "logs/2024-01/_SUCCESS",
  "logs/2024-01/manifest.json",
  "logs/2024-02/part-00000",
  "logs/2025-01/part-00000",
  "odd/manifest.json",
  "odd/a[1].txt",
  "odd/a1.txt",
];
const storage = new LocalStorage("/");
let root: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "millrace-listing-"));
  for (const file of files) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), file);
  }
  await mkdir(join(root, "empty"));
});
afterAll(() => rm(root, { recursive: true }));

async function expand(...inputs: string[]): Promise<string[]> {
  const found = await expandInputs(
    storage,
    inputs.map((input) => `${root}/${input}`),
  );
  return found.map((file) => file.location.slice(root.length + 1));
}

async function fail(...inputs: string[]): Promise<Fault> {
  try {
    await expand(...inputs);
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("expandInputs", () => {
  it("takes files and folders with all below them, hidden names excepted, sorted, each once", async () => {
    expect(await expand("books")).toEqual([
      "books/a.txt",
      "books/b.txt",
      "books/c.md",
      "books/old/d.txt",
      "books/old/deep/e.txt",
    ]);
    expect(await expand("books/b.txt", "books/a.txt", "books/./b.txt", "books//a.txt")).toEqual([
      "books/a.txt",
      "books/b.txt",
    ]);
  });

  it("takes hidden names when they are named", async () => {
    expect(await expand("books/.hidden")).toEqual(["books/.hidden"]);
    expect(await expand("books/_temporary")).toEqual(["books/_temporary/x.txt"]);
    expect(await expand("books/_*")).toEqual(["books/_SUCCESS", "books/_temporary/x.txt"]);
  });

  it("leaves out the manifest of a job's output, and nothing that is only called so", async () => {
    expect(await expand("logs/2024-01")).toEqual(["logs/2024-01/part-00000"]);
    expect(await expand("logs/*/manifest.json", "logs/2024-02")).toEqual([
      "logs/2024-02/part-00000",
    ]);
    expect(await expand("logs/2024-01/manifest.json")).toEqual(["logs/2024-01/manifest.json"]);
    expect(await expand("odd/*.json")).toEqual(["odd/manifest.json"]);
  });

  it("tells size and version as the backend does", async () => {
    const [file] = await expandInputs(storage, [`${root}/books/a.txt`]);
    const stat = await storage.stat(`${root}/books/a.txt`.slice(1));
    expect(file).toEqual({
      location: `${root}/books/a.txt`,
      sizeBytes: stat?.sizeBytes,
      version: stat?.version,
    });
  });

  it("expands globs over files and folders", async () => {
    expect(await expand("books/*.txt")).toEqual(["books/a.txt", "books/b.txt"]);
    expect(await expand("books/**/*.txt")).toEqual([
      "books/a.txt",
      "books/b.txt",
      "books/old/d.txt",
      "books/old/deep/e.txt",
    ]);
    expect(await expand("books/?.{md,txt}")).toEqual(["books/a.txt", "books/b.txt", "books/c.md"]);
    expect(await expand("logs/2024-*")).toEqual([
      "logs/2024-01/part-00000",
      "logs/2024-02/part-00000",
    ]);
    expect(await expand("logs/{2024-02,2025-01/part-*}")).toEqual([
      "logs/2024-02/part-00000",
      "logs/2025-01/part-00000",
    ]);
    expect(await expand("*/[!a]*[.]txt")).toEqual(["books/b.txt"]);
    expect(await expand("books/**")).toEqual(await expand("books"));
  });

  it("takes a name that exists as it is, and escapes", async () => {
    expect(await expand("odd/a[1].txt")).toEqual(["odd/a[1].txt"]);
    expect(await expand("odd/a[1].t?t")).toEqual(["odd/a1.txt"]);
    expect(await expand("odd/a\\[1].t?t")).toEqual(["odd/a[1].txt"]);
  });

  it("refuses what is not there, naming it", async () => {
    const missing = await fail("books", "none.txt");
    expect(missing.code).toBe("MR_INPUT_NOT_FOUND");
    expect(missing.message).toContain(`input=${root}/none.txt`);
    expect((await fail("books/a.txt/x")).code).toBe("MR_INPUT_NOT_FOUND");
    const noMatch = await fail("books", "books/*.csv");
    expect(noMatch.code).toBe("MR_INPUT_EMPTY");
    expect(noMatch.message).toContain(`${root}/books/*.csv`);
    const empty = await fail("empty");
    expect(empty.code).toBe("MR_INPUT_EMPTY");
    expect(empty.message).toContain(`${root}/empty`);
    expect((await fail(`books/${"{a,b}".repeat(10)}`)).code).toBe("MR_LOCATION_UNSUPPORTED");
  });
});

describe("patterns", () => {
  const match = (pattern: string, path: string): boolean =>
    (parsePatterns(pattern) ?? []).some((one) => {
      if (!`${path}/`.startsWith(one.base.map((name) => `${name}/`).join(""))) return false;
      let positions: Positions = startOf(one);
      for (const name of path.split("/").slice(one.base.length)) {
        positions = step(one, positions, name);
      }
      return isMatch(one, positions);
    });

  it("match as documented", () => {
    const yes: [string, string][] = [
      ["a*c", "abbbc"],
      ["*a*b*c", "xxaxxbxxc"],
      ["[a-c]?", "b\u{1f600}"],
      ["[]]", "]"],
      ["[a", "[a"],
      ["{a", "{a"],
      ["{a}", "{a}"],
      ["x{a,{b,c}d}", "xcd"],
      ["x{,y}", "x"],
      ["**/a", "a"],
      ["a/**/b", "a/b"],
      ["a/**/b", "a/x/y/b"],
      ["a/*", "a/folder/below"],
      ["\\*", "*"],
      ["_*", "_x"],
      ["[^a]", "b"],
    ];
    for (const [pattern, path] of yes)
      expect(match(pattern, path), `${pattern} ${path}`).toBe(true);
    const no: [string, string][] = [
      ["a*c", "abbbd"],
      ["*", ".hidden"],
      ["*", "_hidden"],
      ["?x", "_x"],
      ["[_]x", "_x"],
      ["**/a", "_x/a"],
      ["a/*", "a/folder/.below"],
      ["a/*", "a"],
      ["[!a]", "a"],
      ["*.txt", "a.txt.gz"],
    ];
    for (const [pattern, path] of no)
      expect(match(pattern, path), `${pattern} ${path}`).toBe(false);
  });

  it("stay fast on names that a backtracking matcher would choke on", () => {
    expect(match(`${"*a".repeat(40)}*b`, "a".repeat(250))).toBe(false);
  });
});

describe("locations", () => {
  it("are absolute paths, normalised", () => {
    expect(parseLocation("//data/./x//y/")).toEqual({ scheme: "file", key: "data/x/y" });
    expect(parseLocation("/")).toEqual({ scheme: "file", key: "" });
    expect(toLocation(parseLocation("/data/x y").key)).toBe("/data/x y");
  });

  it("of other forms are refused with the allowed one", () => {
    for (const text of ["s3://bucket/key", "file:///x", "data/x", "", "/a/../b", "/a\0b"]) {
      expect(() => parseLocation(text), text).toThrow(/allowed: an absolute path/);
    }
    expect(() => parseLocation("s3://bucket/key")).toThrow(/scheme s3:\/\/.*"s3:\/\/bucket\/key"/);
  });
});
