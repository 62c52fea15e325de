import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Fault } from "#shared/errors/fault";
import { loadSettings } from "./load.js";
import { childEnvironment, showSettings } from "./show.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "millrace-config-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const load = (
  env: Record<string, string> = {},
  flags: Record<string, string> = {},
  cwd: string = folder,
) => loadSettings({ env, flags, cwd });

function faultOf(run: () => unknown): Fault {
  try {
    run();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("loadSettings", () => {
  it("gives defaults, with absolute paths", () => {
    const { settings, sources, warnings } = load();
    expect(settings.port).toBe(7400);
    expect(settings.dataFolder).toBe(path.join(folder, "millrace-data"));
    expect(settings.scratchFolder).toBe(
      path.join(settings.dataFolder, "workers", settings.workerName),
    );
    expect(settings.token).toBeNull();
    expect(sources.port).toBe("default");
    expect(warnings).toEqual([]);
  });

  it("keeps a generated worker name for the life of the process", () => {
    expect(load().settings.workerName).toBe(load().settings.workerName);
    expect(load().settings.workerName).toMatch(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}$/);
  });

  it("lets the file win over defaults, the environment over the file, flags over all", () => {
    const cwd = path.join(folder, "ladder");
    mkdirSync(cwd);
    const file = { port: 1, slots: 2, dataFolder: "data" };
    writeFileSync(path.join(cwd, "millrace.config.json"), JSON.stringify(file));
    const loaded = load({ MILLRACE_SLOTS: "3", MILLRACE_PORT: "4" }, { port: "5" }, cwd);
    expect(loaded.settings).toMatchObject({ port: 5, slots: 3 });
    expect(loaded.settings.dataFolder).toBe(path.join(cwd, "data"));
    expect(loaded.sources).toMatchObject({ port: "flag", slots: "environment", host: "default" });
    expect(loaded.sources.dataFolder).toBe("file");
  });

  it("resolves paths of a named file against that file's folder", () => {
    const file = path.join(folder, "elsewhere", "m.json");
    mkdirSync(path.dirname(file));
    writeFileSync(file, JSON.stringify({ dataFolder: "d" }));
    expect(load({}, { config: file }).settings.dataFolder).toBe(
      path.join(folder, "elsewhere", "d"),
    );
    expect(load({ MILLRACE_CONFIG: file }).settings.dataFolder).toBe(
      path.join(folder, "elsewhere", "d"),
    );
  });

  it("refuses a named file that is missing, is not JSON or holds no object", () => {
    expect(faultOf(() => load({}, { config: "nowhere.json" })).message).toContain("does not exist");
    for (const [content, phrase] of [
      ["{", "not JSON"],
      ["[]", "must hold a JSON object"],
    ] as const) {
      const file = path.join(folder, "bad.json");
      writeFileSync(file, content);
      const fault = faultOf(() => load({}, { config: file }));
      expect(fault.code).toBe("MR_SETTING_INVALID");
      expect(fault.message).toContain(phrase);
    }
  });

  it("takes sizes with units", () => {
    const bytes = (text: string) => load({ MILLRACE_SLOT_MEMORY: text }).settings.slotMemoryBytes;
    expect(bytes("512MB")).toBe(512_000_000);
    expect(bytes("512MiB")).toBe(536_870_912);
    expect(bytes("1.5 gib")).toBe(1_610_612_736);
    expect(bytes("100000000")).toBe(100_000_000);
    expect(faultOf(() => bytes("1 parsec")).message).toContain("allowed: a size from");
    expect(faultOf(() => bytes("1MiB")).message).toContain('MILLRACE_SLOT_MEMORY is "1MiB"');
  });

  it("turns http addresses of the master into ws ones", () => {
    const url = (text: string) => load({ MILLRACE_MASTER: text }).settings.masterUrl;
    expect(url("http://h:1/")).toBe("ws://h:1");
    expect(url("https://h/base/")).toBe("wss://h/base");
    expect(url("ws://[::1]:7400")).toBe("ws://[::1]:7400");
    for (const bad of ["h:1", "ftp://h", "ws://user:pw@h", "nonsense"]) {
      expect(faultOf(() => url(bad)).message).toContain("allowed: ws://host:port");
    }
  });

  it("reports all faults at once: field, value, what is allowed", () => {
    const fault = faultOf(() =>
      load({ MILLRACE_PORT: "70000", MILLRACE_SLOTS: "many", MILLRACE_LEASE_MS: "1500" }),
    );
    expect(fault.code).toBe("MR_SETTING_INVALID");
    expect(fault.message).toContain('MILLRACE_PORT is "70000"; allowed: a whole number from 0 to');
    expect(fault.message).toContain('MILLRACE_SLOTS is "many"');
    expect(fault.message).toContain("more than twice heartbeatMs (1000)");
  });

  it("never shows a secret, not even a wrong one", () => {
    const fault = faultOf(() => load({ MILLRACE_TOKEN: "s3cret with spaces" }));
    expect(fault.message).not.toContain("s3cret");
    const loaded = load({ MILLRACE_TOKEN: "s3cret-enough" });
    expect(JSON.stringify(showSettings(loaded))).not.toContain("s3cret");
  });

  it("wants a token beyond loopback", () => {
    for (const variable of ["MILLRACE_HOST", "MILLRACE_WORKER_HOST"]) {
      const fault = faultOf(() => load({ [variable]: "0.0.0.0" }));
      expect(fault.message).toContain("without a token");
      expect(fault.message).toContain("MILLRACE_TOKEN");
      load({ [variable]: "0.0.0.0", MILLRACE_TOKEN: "long-enough" });
    }
    load({ MILLRACE_HOST: "localhost", MILLRACE_WORKER_HOST: "::1" });
    expect(faultOf(() => load({ MILLRACE_HOST: "127.0.0.1.example.com" })).message).toContain(
      "without a token",
    );
  });

  it("advertises the bind address, or the host's name where that is all addresses", () => {
    expect(load().settings.advertisedHost).toBe("127.0.0.1");
    const open = { MILLRACE_WORKER_HOST: "0.0.0.0", MILLRACE_TOKEN: "long-enough" };
    expect(load(open).settings.advertisedHost).toBe(os.hostname());
  });

  it("warns about unknown names with the nearest known one, and takes empty variables as absent", () => {
    const { warnings, settings } = load({ MILLRACE_PROT: "1", MILLRACE_SLOTS: "" });
    expect(warnings).toEqual([
      "the environment variable MILLRACE_PROT is not known and has no effect; did you mean MILLRACE_PORT?",
    ]);
    expect(settings.slots).toBe(os.availableParallelism());
  });
});

describe("childEnvironment", () => {
  it("hands the same settings to a child, whatever lies in its folder", () => {
    const { settings } = load({ MILLRACE_PORT: "0", MILLRACE_TOKEN: "long-enough" });
    const env = childEnvironment(settings, { PATH: "/bin", MILLRACE_SLOTS: "99" });
    expect(env["PATH"]).toBe("/bin");
    const again = loadSettings({ env, cwd: "/" });
    expect(again.settings).toEqual(settings);
    expect(again.warnings).toEqual([]);
  });
});
