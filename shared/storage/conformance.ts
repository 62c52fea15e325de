import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Fault } from "#shared/errors/fault";
import type { ByteRange, ListOptions, ReadOptions, StorageBackend } from "./backend.js";

export interface BackendUnderTest {
  readonly backend: StorageBackend;
  /** Removes what the test left. */
  close(): Promise<void>;
}

/** What every backend promises; `makeBackend` gives an empty one for each test. */
export function describeBackend(name: string, makeBackend: () => Promise<BackendUnderTest>): void {
  describe(`${name} as a storage backend`, () => {
    let under: BackendUnderTest;
    let backend: StorageBackend;
    beforeEach(async () => {
      under = await makeBackend();
      backend = under.backend;
    });
    afterEach(() => under.close());

    describeWriting(() => backend);
    describeReading(() => backend);
    describeListing(() => backend);
    describeConditions(() => backend);
    describeMoving(() => backend);
    describeKeys(() => backend);
  });
}

export async function put(backend: StorageBackend, key: string, content: string): Promise<string> {
  const writer = await backend.write(key);
  await writer.write(Buffer.from(content));
  return (await writer.commit()).version;
}

export async function readText(
  backend: StorageBackend,
  key: string,
  range?: ByteRange,
  options?: ReadOptions,
): Promise<string> {
  const blocks: Buffer[] = [];
  for await (const block of backend.read(key, range, options)) blocks.push(Buffer.from(block));
  return Buffer.concat(blocks).toString("latin1");
}

export async function listKeys(
  backend: StorageBackend,
  prefix: string,
  options?: ListOptions,
): Promise<string[]> {
  const keys: string[] = [];
  for await (const page of backend.list(prefix, options)) keys.push(...page.map((o) => o.key));
  return keys;
}

export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return "none";
  } catch (error) {
    return error instanceof Fault ? error.code : String(error);
  }
}

function describeWriting(get: () => StorageBackend): void {
  it("shows nothing before the commit and all of it after", async () => {
    const writer = await get().write("a/b");
    await writer.write(Buffer.from("one "));
    expect(await get().stat("a/b")).toBeNull();
    expect(await listKeys(get(), "")).toEqual([]);
    await writer.write(Buffer.from("two"));
    expect(writer.sizeBytes).toBe(7);
    const committed = await writer.commit();
    expect(committed).toMatchObject({ key: "a/b", sizeBytes: 7 });
    expect(await get().stat("a/b")).toEqual(committed);
    expect(await readText(get(), "a/b")).toBe("one two");
  });

  it("leaves the former object when a writer is discarded, and allows a discard after commit", async () => {
    await put(get(), "a", "old");
    const dropped = await get().write("a");
    await dropped.write(Buffer.from("new"));
    await dropped.discard();
    expect(await readText(get(), "a")).toBe("old");
    const kept = await get().write("a");
    await kept.write(Buffer.from("new"));
    await kept.commit();
    await kept.discard();
    expect(await readText(get(), "a")).toBe("new");
  });

  it("takes the bytes before a write resolves, in pieces of any size", async () => {
    const writer = await get().write("big");
    const expected: Buffer[] = [];
    for (const size of [1, 700_000, 400_000, 3_000_000, 0, 5, 1_048_576, 1_048_575, 2]) {
      const piece = Buffer.alloc(size, size % 251);
      expected.push(Buffer.from(piece));
      await writer.write(piece);
      piece.fill(255);
    }
    const { sizeBytes } = await writer.commit();
    const whole = Buffer.concat(expected);
    expect(sizeBytes).toBe(whole.length);
    const found: Buffer[] = [];
    for await (const block of get().read("big")) found.push(block);
    expect(Buffer.concat(found).equals(whole)).toBe(true);
  });

  it("keeps the last of two writers of one key, and changes the version", async () => {
    const first = await put(get(), "a", "1");
    const second = await put(get(), "a", "2");
    expect(second).not.toBe(first);
    expect(await readText(get(), "a")).toBe("2");
  });

  it("writes an empty object", async () => {
    await (await get().write("empty")).commit();
    expect((await get().stat("empty"))?.sizeBytes).toBe(0);
    expect(await readText(get(), "empty")).toBe("");
  });
}

function describeReading(get: () => StorageBackend): void {
  it("reads every range in blocks of every size", async () => {
    const content = "0123456789";
    await put(get(), "a", content);
    for (let startByte = 0; startByte <= 11; startByte++) {
      for (let endByte = startByte; endByte <= 12; endByte++) {
        for (const blockBytes of [1, 3, 100]) {
          for (const reuseBuffer of [true, false]) {
            const range = { startByte, endByte };
            expect(await readText(get(), "a", range, { blockBytes, reuseBuffer })).toBe(
              content.slice(startByte, endByte),
            );
          }
        }
      }
    }
  });

  it("hands out blocks that stay valid unless reuse is asked for", async () => {
    await put(get(), "a", "abcdef");
    const blocks: Buffer[] = [];
    for await (const block of get().read("a", undefined, { blockBytes: 2 })) blocks.push(block);
    expect(blocks.map(String)).toEqual(["ab", "cd", "ef"]);
  });

  it("can be left in the middle", async () => {
    await put(get(), "a", "abcdef");
    for await (const block of get().read("a", undefined, { blockBytes: 1 })) {
      expect(block.toString()).toBe("a");
      break;
    }
    await get().delete("a");
  });

  it("refuses an object that is not there, and one of another version", async () => {
    expect(await codeOf(readText(get(), "none"))).toBe("MR_OBJECT_NOT_FOUND");
    await put(get(), "f/a", "1");
    expect(await codeOf(readText(get(), "f"))).toBe("MR_OBJECT_NOT_FOUND");
    expect(await get().stat("f")).toBeNull();
    const version = await put(get(), "a", "1");
    expect(await readText(get(), "a", undefined, { version })).toBe("1");
    await put(get(), "a", "2");
    expect(await codeOf(readText(get(), "a", undefined, { version }))).toBe("MR_OBJECT_CHANGED");
  });
}

function describeListing(get: () => StorageBackend): void {
  it("lists below a folder in key order, never half a name", async () => {
    const keys = ["a", "a.txt", "a/b", "a/b.c", "a/b/c", "ab/x", "b", "é/\u{10000}", "é/\uffff"];
    for (const key of ["a/z", ...keys.filter((key) => !["a", "a/b"].includes(key))]) {
      await put(get(), key, key);
    }
    expect(await listKeys(get(), "")).toEqual(
      ["a.txt", "a/b.c", "a/b/c", "a/z", "ab/x", "b", "é/\uffff", "é/\u{10000}"].sort((x, y) =>
        Buffer.compare(Buffer.from(x), Buffer.from(y)),
      ),
    );
    expect(await listKeys(get(), "a")).toEqual(["a/b.c", "a/b/c", "a/z"]);
    expect(await listKeys(get(), "a/")).toEqual(["a/b.c", "a/b/c", "a/z"]);
    expect(await listKeys(get(), "none")).toEqual([]);
    expect(await listKeys(get(), "b")).toEqual([]);
  });

  it("does not walk folders that are declined", async () => {
    for (const key of ["a/x", "b/x", "b/c/x"]) await put(get(), key, key);
    const descend = (folder: string): boolean => folder !== "b/c";
    expect(await listKeys(get(), "", { descend })).toEqual(["a/x", "b/x"]);
  });

  it("knows folders", async () => {
    await put(get(), "a/b/c", "1");
    expect(await get().hasFolder("a")).toBe(true);
    expect(await get().hasFolder("a/b/")).toBe(true);
    expect(await get().hasFolder("a/b/c")).toBe(false);
    expect(await get().hasFolder("none")).toBe(false);
  });

  it("removes a folder with all below it, unfinished writes too", async () => {
    for (const key of ["a/b/c", "a/b/d/e", "a/bc"]) await put(get(), key, key);
    const open = await get().write("a/b/open");
    await open.write(Buffer.from("x"));
    await get().deleteFolder("a/b");
    await get().deleteFolder("a/b/");
    expect(await listKeys(get(), "")).toEqual(["a/bc"]);
    expect(await get().hasFolder("a/b")).toBe(false);
    await open.discard();
    expect(await codeOf(get().deleteFolder(""))).toBe("MR_KEY_INVALID");
  });
}

function describeConditions(get: () => StorageBackend): void {
  it("lets exactly one of many writers take a free key", async () => {
    const tries = Array.from({ length: 20 }, (_, index) =>
      get().putIfAbsent("a/claim", Buffer.from(`${index}`)),
    );
    const won = (await Promise.all(tries)).flatMap((isWinner, index) => (isWinner ? [index] : []));
    expect(won).toHaveLength(1);
    expect(await readText(get(), "a/claim")).toBe(String(won[0]));
    expect(await listKeys(get(), "")).toEqual(["a/claim"]);
  });

  it("replaces only what still has the version", async () => {
    const version = await put(get(), "a", "1");
    expect(await get().replaceIfMatch("a", Buffer.from("2"), version)).toBe(true);
    expect(await get().replaceIfMatch("a", Buffer.from("3"), version)).toBe(false);
    expect(await get().replaceIfMatch("none", Buffer.from("3"), version)).toBe(false);
    expect(await readText(get(), "a")).toBe("2");
    expect(await listKeys(get(), "")).toEqual(["a"]);
  });

  it("loses no update among concurrent replacements", async () => {
    await put(get(), "counter", "0");
    const addOne = async (): Promise<void> => {
      for (;;) {
        const stat = await get().stat("counter");
        const version = stat?.version ?? "";
        let text = "";
        try {
          text = await readText(get(), "counter", undefined, { version });
        } catch (error) {
          if (error instanceof Fault && error.code === "MR_OBJECT_CHANGED") continue;
          throw error;
        }
        const next = Buffer.from(String(Number(text) + 1));
        if (await get().replaceIfMatch("counter", next, version)) return;
      }
    };
    await Promise.all(Array.from({ length: 12 }, addOne));
    expect(await readText(get(), "counter")).toBe("12");
  });
}

function describeMoving(get: () => StorageBackend): void {
  it("moves and copies over what is there, and refuses what is not", async () => {
    await put(get(), "a", "1");
    await put(get(), "x/b", "2");
    await get().copy("a", "x/c");
    await get().move("a", "x/b");
    expect(await listKeys(get(), "")).toEqual(["x/b", "x/c"]);
    expect(await readText(get(), "x/b")).toBe("1");
    expect(await readText(get(), "x/c")).toBe("1");
    expect(await codeOf(get().move("a", "b"))).toBe("MR_OBJECT_NOT_FOUND");
    expect(await codeOf(get().copy("a", "b"))).toBe("MR_OBJECT_NOT_FOUND");
    await get().move("x/b", "new/deep/b");
    expect(await readText(get(), "new/deep/b")).toBe("1");
  });

  it("deletes, also what is not there", async () => {
    await put(get(), "a/b", "1");
    await get().delete("a/b");
    await get().delete("a/b");
    await get().delete("a");
    expect(await get().stat("a/b")).toBeNull();
  });
}

function describeKeys(get: () => StorageBackend): void {
  it("refuses keys that leave the root or name nothing", async () => {
    for (const key of ["", "/a", "a/", "a//b", "..", "a/../b", ".", "a/./b", "a\0b", "\ud800"]) {
      expect(await codeOf(get().stat(key)), key).toBe("MR_KEY_INVALID");
      expect(await codeOf(get().write(key)), key).toBe("MR_KEY_INVALID");
      expect(await codeOf(get().delete(key)), key).toBe("MR_KEY_INVALID");
      expect(await codeOf(get().putIfAbsent(key, Buffer.of())), key).toBe("MR_KEY_INVALID");
      expect(await codeOf((async () => readText(get(), key))()), key).toBe("MR_KEY_INVALID");
    }
    for (const prefix of ["/", "..", "a/..", "a//b"]) {
      expect(await codeOf((async () => listKeys(get(), prefix))()), prefix).toBe("MR_KEY_INVALID");
    }
  });

  it("takes names with any other characters", async () => {
    const keys = ["a b", "__proto__", "\t\n", "ü\u{1f600}", "a\\b", "*?[", "x".repeat(250)];
    for (const key of keys) await put(get(), key, key);
    expect(new Set(await listKeys(get(), ""))).toEqual(new Set(keys));
  });
}
