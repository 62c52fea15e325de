import { runInThisContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { fault } from "#shared/errors/fault";
import { failureSchema } from "#shared/model/result";
import { limits } from "#shared/model/limits";
import { explain } from "./explain.js";
import { innermostUserFrame, withoutEngineFrames } from "./user-frame.js";

const place = { location: "/data/a.txt", offset: 17, preview: "a line" };

function thrownBy(run: () => void): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

describe("explain", () => {
  it("names what ran, the error, the user's frame and the record", () => {
    const options = { filename: "/home/u/job.js" };
    const map = runInThisContext("(line) => line.trim()", options) as (line: unknown) => void;
    const error = thrownBy(() => map(null));
    const failure = explain(error, place, ["last words"], "map");
    expect(failure.code).toBe("MR_USER_CODE_FAILED");
    expect(failure.blame).toBe("user");
    expect(failure.permanent).toBe(false);
    expect(failure.message).toMatch(/^map failed: TypeError: Cannot read/);
    expect(failure.userFrame).toBe("/home/u/job.js:1:16");
    expect(failure.place).toEqual(place);
    expect(failure.logTail).toEqual(["last words"]);
  });

  it("keeps codes of faults, and knows which cannot get better", () => {
    const changed = explain(fault("MR_INPUT_CHANGED", "input changed"), null, []);
    expect(changed).toMatchObject({ code: "MR_INPUT_CHANGED", blame: "user", permanent: true });
    const key = explain(fault("MR_KEY_INVALID", "key is not allowed", { key: "NaN" }), place, []);
    expect(key).toMatchObject({ code: "MR_KEY_INVALID", blame: "user", permanent: true });
    expect(key.message).toBe("task failed: key is not allowed key=NaN");
  });

  it("blames the machine for what the engine could not reach or store", () => {
    for (const code of ["MR_STORAGE_UNAVAILABLE", "MR_DISK_FULL", "MR_RUN_UNREACHABLE"] as const) {
      expect(explain(fault(code, "x"), null, [])).toMatchObject({
        code,
        blame: "infrastructure",
        permanent: false,
      });
    }
    const full = Object.assign(new Error("ENOSPC: no space left on device, write"), {
      code: "ENOSPC",
      syscall: "write",
    });
    expect(explain(full, null, [])).toMatchObject({
      code: "MR_DISK_FULL",
      blame: "infrastructure",
    });
  });

  it("does not let user code pass as the engine", () => {
    const spoofed = Object.assign(new Error("x"), { name: "Fault", code: "MR_DISK_FULL" });
    expect(explain(spoofed, null, [])).toMatchObject({ code: "MR_DISK_FULL", blame: "user" });
  });

  it("shortens messages and stacks, and tells causes", () => {
    const error = new Error("x".repeat(1_000_000), { cause: new RangeError("deep") });
    error.stack = "Error: short\n    at map (/home/u/job.ts:3:9)";
    const failure = explain(error, null, []);
    expect(failure.message.length).toBeLessThanOrEqual(limits.failureTextCharsMax);
    expect(failure.stack).toContain("caused by: RangeError: deep");
    expect(failure.userFrame).toBe("/home/u/job.ts:3:9");
  });

  const hostile = {
    get message(): string {
      throw new Error("no");
    },
    toString() {
      throw new Error("no");
    },
    [Symbol.toPrimitive]() {
      throw new Error("no");
    },
  };
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const trapped = new Proxy(new Error("inside"), {
    get() {
      throw new Error("no");
    },
    getPrototypeOf() {
      throw new Error("no");
    },
  });
  const stackless = Object.assign(new Error("x"), { stack: 7, message: Symbol("m") });
  const circular: Record<string, unknown> = {};
  circular["cause"] = circular;

  it.each([
    ["a text", "x", "'x' was thrown"],
    ["null", null, "null was thrown"],
    ["undefined", undefined, "undefined was thrown"],
    ["a number", -0, "-0 was thrown"],
    ["a symbol", Symbol("s"), "Symbol(s) was thrown"],
    ["an object", { a: 1 }, "{ a: 1 } was thrown"],
    ["an error of no class", { message: "boo", name: "Odd" }, "Odd: boo"],
    ["throwing getters", hostile, "was thrown"],
    ["a revoked proxy", revoked.proxy, "was thrown"],
    ["a proxy with traps", trapped, "was thrown"],
    ["an error with odd fields", stackless, "Error"],
    ["a circle", circular, "was thrown"],
    ["an object without prototype", Object.create(null), "was thrown"],
  ])("survives a throw of %s", (_name, value, expected) => {
    const failure = explain(value, null, [], "reduce");
    expect(failure.message).toContain("reduce failed: ");
    expect(failure.message).toContain(expected);
    expect(failure.code).toBe("MR_USER_CODE_FAILED");
    expect(failureSchema.parse(structuredClone(failure))).toEqual(failure);
  });
});

describe("the user's frame", () => {
  const engine = new URL("./thread.js", import.meta.url).href;
  it.each([
    ["    at map (/home/u/job.ts:3:9)", "/home/u/job.ts:3:9"],
    ["    at /home/u/my job (1).ts:3:9", null],
    ["    at file:///home/u/a%20b.ts?v=1:3:9", "/home/u/a b.ts:3:9"],
    ["    at async Object.map [as x] (file:///home/u/job.ts:12:1)", "/home/u/job.ts:12:1"],
    ["    at new Job (/home/u/job.ts:1:2)", "/home/u/job.ts:1:2"],
    ["    at JSON.parse (<anonymous>)", null],
    ["    at node:internal/process/task_queues:95:5", null],
    ["    at pick (/home/u/node_modules/lodash/pick.js:3:9)", null],
    [`    at run (${engine}:10:2)`, null],
    ["    at defineJob (/opt/millrace/shared/authoring/job.ts:9:1)", null],
  ])("of %s is %s", (line, expected) => {
    expect(innermostUserFrame(`Error: x\n${line}`)).toBe(expected);
  });

  it("skips the frames of the engine and of packages below the user's", () => {
    const stack = [
      "Error: at b (/etc/passwd:1:1)",
      "    at Array.map (<anonymous>)",
      "    at pick (/home/u/node_modules/lodash/pick.js:3:9)",
      "    at reduce (/home/u/job.ts:8:3)",
      "    at map (/home/u/job.ts:3:9)",
    ].join("\n");
    expect(innermostUserFrame(stack)).toBe("/home/u/job.ts:8:3");
  });

  it("is left of a stack, with packages, when the engine is taken out", () => {
    const stack = [
      "RangeError: no",
      "second line of the message",
      "    at Array.map (<anonymous>)",
      "    at pick (/home/u/node_modules/lodash/pick.js:3:9)",
      "    at map (/home/u/job.ts:3:9)",
      `    at #mapBlock (${new URL("../../dist/worker/map/run-map.js", import.meta.url).href}:1:1)`,
      "    at async run (node:internal/process/task_queues:95:5)",
    ];
    expect(withoutEngineFrames(stack.join("\n"))).toBe(stack.slice(0, 5).join("\n"));
  });
});
