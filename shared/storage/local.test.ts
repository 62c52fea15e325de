import {
  mkdir,
  mkdtemp,
  open,
  readdir,
  rm,
  symlink,
  truncate,
  writeFile,
  utimes,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { codeOf, describeBackend, listKeys, put, readText } from "./conformance.js";
import { listObjects } from "./local-list.js";
import { LocalStorage } from "./local.js";

let root: string;
let storage: LocalStorage;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "millrace-local-"));
  storage = new LocalStorage(root);
});
afterEach(() => rm(root, { recursive: true }));

for (const durable of [true, false]) {
  describeBackend(`local disk (durable: ${durable})`, async () => {
    const folder = await mkdtemp(join(tmpdir(), "millrace-conformance-"));
    return {
      backend: new LocalStorage(folder, { durable }),
      close: () => rm(folder, { recursive: true }),
    };
  });
}

describe("LocalStorage", () => {
  it("leaves no file of its own behind", async () => {
    const version = await put(storage, "a", "1");
    await storage.putIfAbsent("a", Buffer.from("2"));
    await storage.replaceIfMatch("a", Buffer.from("2"), version);
    await storage.copy("a", "b");
    await (await storage.write("c")).discard();
    expect((await readdir(root)).sort()).toEqual(["a", "b"]);
  });

  it("hides unfinished writes and refuses their names", async () => {
    const writer = await storage.write("a");
    const [name = ""] = await readdir(root);
    expect(name).toMatch(/^\.a\.[a-z0-9]{12}\.tmp$/);
    expect(await listKeys(storage, "")).toEqual([]);
    expect(await codeOf(storage.write(name))).toBe("MR_KEY_INVALID");
    await writer.discard();
  });

  it("says that an object and a folder cannot have one name", async () => {
    await put(storage, "a/b", "1");
    expect(await codeOf(put(storage, "a", "2"))).toBe("MR_KEY_INVALID");
    expect(await codeOf(put(storage, "a/b/c", "2"))).toBe("MR_KEY_INVALID");
    expect(await codeOf(storage.putIfAbsent("a", Buffer.from("2")))).toBe("MR_KEY_INVALID");
    expect(await codeOf(put(storage, "x".repeat(300), "2"))).toBe("MR_KEY_INVALID");
    expect(await listKeys(storage, "")).toEqual(["a/b"]);
  });

  it("writes again into a folder that was removed meanwhile", async () => {
    await put(storage, "a/b", "1");
    await storage.deleteFolder("a");
    await put(storage, "a/b", "2");
    expect(await readText(storage, "a/b")).toBe("2");
  });

  it("ends a read early when the file was cut, and says so when a version was given", async () => {
    const version = await put(storage, "a", "x".repeat(100));
    const read = async (options: { version?: string }): Promise<number> => {
      let bytes = 0;
      for await (const block of storage.read("a", undefined, { blockBytes: 10, ...options })) {
        if (bytes === 0) await truncate(join(root, "a"), 30);
        bytes += block.length;
      }
      return bytes;
    };
    expect(await codeOf(read({ version }))).toBe("MR_OBJECT_CHANGED");
    await put(storage, "a", "x".repeat(100));
    expect(await read({})).toBe(30);
  });

  it("follows links to files and folders, not in circles, and skips links to nothing", async () => {
    await put(storage, "real/file", "1");
    await symlink(join(root, "real"), join(root, "linked"));
    await symlink(join(root, "real/file"), join(root, "link"));
    await symlink(join(root, "none"), join(root, "dangling"));
    await symlink(root, join(root, "real/up"));
    await symlink(join(root, "real"), join(root, "real/self"));
    expect(await listKeys(storage, "")).toEqual(["link", "linked/file", "real/file"]);
    expect(await listKeys(storage, "real")).toEqual(["real/file"]);
  });

  it("takes only regular files for objects", async () => {
    await mkdir(join(root, "folder"));
    expect(await storage.stat("folder")).toBeNull();
    const devices = new LocalStorage("/dev");
    expect(await devices.stat("null")).toBeNull();
    expect(await codeOf(readText(devices, "null"))).toBe("MR_OBJECT_NOT_FOUND");
  });

  it("refuses to leave out a file whose name is not UTF-8", async () => {
    const name = Buffer.concat([Buffer.from(`${root}/bad-`), Buffer.of(0xff)]);
    await (await open(name, "w")).close();
    expect(await codeOf(listKeys(storage, ""))).toBe("MR_INPUT_UNREADABLE");
  });

  it("lists large folders in batches of bounded size", async () => {
    const names = Array.from({ length: 57 }, (_, index) => `n${String(index).padStart(3, "0")}`);
    for (const name of names) await writeFile(join(root, name), "");
    for (const batch of [1, 2, 7, 28, 56, 57, 58, 200]) {
      const keys: string[] = [];
      for await (const page of listObjects(root, "", {}, batch)) {
        keys.push(...page.map((object) => object.key));
      }
      expect(keys, `batch ${batch}`).toEqual(names);
    }
  });

  it("pages a long listing", async () => {
    for (let index = 0; index < 2_100; index++) await writeFile(join(root, `n${index}`), "");
    const sizes: number[] = [];
    for await (const page of storage.list("")) sizes.push(page.length);
    expect(sizes).toEqual([1_000, 1_000, 100]);
  });

  it("breaks the lock of a process that is gone", async () => {
    const version = await put(storage, "a", "1");
    const { hostname } = await import("node:os");
    await writeFile(join(root, ".a.mrlock"), `${hostname()} ${process.pid} leftoftest00`);
    expect(await storage.replaceIfMatch("a", Buffer.from("2"), version)).toBe(true);
    expect(await readdir(root)).toEqual(["a"]);
  });

  it("never gives a version twice, however fast replacements follow each other", async () => {
    await put(storage, "a", "0");
    const quick = new LocalStorage(root, { durable: false });
    const versionOf = async (): Promise<string> => (await quick.stat("a"))?.version ?? "";
    // A file that is newer than the clock: every replacement has to be made newer still.
    const seconds = Date.now() / 1_000 + 3_600;
    await utimes(join(root, "a"), seconds, seconds);
    let version = await versionOf();
    const seen = new Set([version]);
    for (let index = 1; index <= 100; index++) {
      expect(await quick.replaceIfMatch("a", Buffer.from(String(index % 10)), version)).toBe(true);
      version = await versionOf();
      expect(seen.has(version)).toBe(false);
      seen.add(version);
    }
  });
});
