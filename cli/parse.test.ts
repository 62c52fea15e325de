import { describe, expect, it } from "vitest";
import { asFault } from "#shared/errors/fault";
import type { Command } from "./command.js";
import { commands } from "./commands.js";
import { findCommand, parseInvocation } from "./parse.js";
import { MemoryTerminal } from "./terminal.js";

const sample: Command = {
  name: "sample",
  about: "Samples.",
  positionals: [
    { name: "FILE", about: "a file" },
    { name: "MORE", about: "more", isOptional: true },
  ],
  flags: [
    { name: "count", value: "N", about: "." },
    { name: "size", value: "SIZE", about: "." },
    { name: "color", value: "COLOR", about: "." },
    { name: "input", value: "PATH", isRepeatable: true, about: "." },
    { name: "json", about: "." },
  ],
  examples: [],
  run: () => Promise.resolve(0),
};

const parse = (...words: string[]) =>
  parseInvocation(sample, words, { cwd: "/", terminal: new MemoryTerminal() });

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(asFault(error).code).toBe("MR_ARGUMENT_INVALID");
    return asFault(error).message;
  }
  throw new Error("nothing was thrown");
}

describe("parseInvocation", () => {
  it("reads positionals, values, switches and repeated flags", () => {
    const call = parse(
      "a",
      "--count",
      "3",
      "--json",
      "--input=x",
      "--input",
      "y",
      "--size",
      "2KiB",
    );
    expect(call.positional(0)).toBe("a");
    expect(call.whole("count", 1, 5)).toBe(3);
    expect(call.size("size", 1e9)).toBe(2048);
    expect(call.has("json")).toBe(true);
    expect(call.texts("input")).toEqual(["x", "y"]);
    expect(call.whole("absent", 1, 5)).toBeUndefined();
  });

  it("refuses values out of range, saying what is allowed", () => {
    for (const bad of ["0", "6", "1.5", "x", ""]) {
      expect(messageOf(() => parse("a", `--count=${bad}`).whole("count", 1, 5))).toBe(
        `--count is ${JSON.stringify(bad)}; allowed: a whole number from 1 to 5`,
      );
    }
    expect(messageOf(() => parse("a", "--size", "big").size("size", 10))).toContain(
      "a size from 1",
    );
    expect(messageOf(() => parse("a", "--color", "red").oneOf("color", ["blue"]))).toBe(
      '--color is "red"; allowed: one of blue',
    );
  });

  it("names the flag that was meant", () => {
    expect(messageOf(() => parse("a", "--cuont", "3"))).toContain("did you mean --count?");
    expect(messageOf(() => parse("a", "--quantum"))).toContain("sample has no flag --quantum (");
  });

  it("refuses too few and too many words, and flags without a value", () => {
    expect(messageOf(() => parse())).toContain("FILE is missing");
    expect(messageOf(() => parse("a", "b", "c"))).toContain('"c" is one word too many');
    expect(messageOf(() => parse("a", "--count"))).toContain("argument missing");
  });
});

describe("findCommand", () => {
  it("finds commands of one word and of two", () => {
    expect(findCommand(commands, ["jobs", "--json"])).toMatchObject({
      command: { name: "jobs" },
      rest: ["--json"],
    });
    expect(findCommand(commands, ["config", "show"]).command.name).toBe("config show");
  });

  it("names the command that was meant", () => {
    expect(messageOf(() => findCommand(commands, ["sbumit"]))).toContain('did you mean "submit"?');
    expect(messageOf(() => findCommand(commands, ["config"]))).toContain('mean "config show"?');
    expect(messageOf(() => findCommand(commands, ["quantum"]))).toContain("millrace --help");
  });
});
