import { describe, expect, it } from "vitest";
import { caseNames, helpText, parseOptions } from "./options.js";

describe("parseOptions", () => {
  it("has a default for everything", () => {
    const options = parseOptions([], "/root");
    expect(options).toMatchObject({
      cases: [...caseNames],
      sizeBytes: 512_000_000,
      runs: 3,
      workers: 2,
      slots: 1,
      dataFolder: "/root/bench/data",
      peers: null,
      keep: false,
    });
  });

  it("takes lists, sizes and numbers", () => {
    const flags = "--case sort,tasks --size 32MiB --runs 5 --peers duckdb,millrace --seed 9 --keep";
    expect(parseOptions(flags.split(" "), "/root")).toMatchObject({
      cases: ["sort", "tasks"],
      sizeBytes: 33_554_432,
      runs: 5,
      peers: ["duckdb", "millrace"],
      seed: 9,
      keep: true,
    });
    expect(parseOptions(["--help"], "/root")).toBeNull();
  });

  it("says of every case what it is", () => {
    for (const name of caseNames) expect(helpText).toMatch(new RegExp(`\\n {26}${name} `));
  });

  it("names the flag, the value and what is allowed when one is wrong", () => {
    const wrong: [string[], RegExp][] = [
      [["--size", "many"], /--size is "many"; allowed: a size/],
      [["--runs", "0"], /--runs is "0"; allowed: a whole number from 1/],
      [["--case", "pi"], /--case is "pi"; allowed: some of wordcount/],
      [["--seed", "-1"], /seed/],
      [["--nothing"], /nothing/],
      [["word"], /word/],
    ];
    for (const [argv, message] of wrong) expect(() => parseOptions(argv, "/")).toThrow(message);
  });
});
