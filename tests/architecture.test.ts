import { describe, expect, it } from "vitest";
import { findCycles } from "./architecture/cycles.js";
import { layerOf, layers } from "./architecture/layers.js";
import { listFiles, readSources, type Source } from "./architecture/sources.js";

const sources = readSources();
const linesMax = 400;

/** Findings of one rule over all files; a message each, which says what to do instead. */
function findings(check: (source: Source) => string[]): string[] {
  return sources.flatMap((source) => check(source).map((text) => `${source.file}: ${text}`));
}

/** Findings of a rule over single lines. */
function lineFindings(
  applies: (source: Source) => boolean,
  pattern: RegExp,
  advice: string,
): string[] {
  return findings((source) =>
    applies(source)
      ? source.code.flatMap((line, at) => (pattern.test(line) ? [`line ${at + 1}: ${advice}`] : []))
      : [],
  );
}

describe("every file", () => {
  it("was looked at", () => {
    expect(sources.length).toBeGreaterThan(150);
    for (const room of ["shared/model", "master/schedule", "worker/map", "cli"]) {
      expect(sources.filter(({ file }) => file.startsWith(`${room}/`)).length).toBeGreaterThan(3);
    }
    const importCount = sources.reduce((sum, { imports }) => sum + imports.length, 0);
    expect(importCount).toBeGreaterThan(sources.length);
  });

  it("lies in a room", () => {
    const homeless = findings(({ file }) =>
      layerOf(file) ? [] : ["lies in no room; put it into one, or add a line to layers.ts"],
    );
    expect(homeless).toEqual([]);
  });

  it("has at most 400 lines", () => {
    const advice = `is longer than ${linesMax} lines; split it by concept`;
    const isLong = ({ lines }: Source): boolean => lines.slice(0, -1).length > linesMax;
    expect(findings((source) => (isLong(source) ? [advice] : []))).toEqual([]);
  });

  it("is named by a concept", () => {
    const vague = /(^|\/)(utils?|helpers?|common|misc|index)(\.[^/]*)?(\/|$)/;
    const named = listFiles("")
      .filter((file) => vague.test(file))
      .map((file) => `${file}: name it by what is in it, and put the rest where it belongs`);
    expect(named).toEqual([]);
  });
});

describe("imports", () => {
  it("go downwards only, and never to a sibling room", () => {
    const upward = findings(({ file, imports }) => {
      const own = layerOf(file);
      return imports.flatMap(({ file: target }) => {
        const other = target === null ? undefined : layerOf(target);
        if (own === undefined || other === undefined || other === own) return [];
        if (other.rank < own.rank) return [];
        const way = other.rank === own.rank ? "sideways" : "upwards";
        return [`imports ${way} from ${target}; move what both need into a room below them`];
      });
    });
    expect(upward).toEqual([]);
  });

  it("stay within the walls: workers and master, cli and bench, know only shared rooms", () => {
    const through = findings(({ file, imports }) => {
      const own = layerOf(file);
      return imports.flatMap(({ file: target }) => {
        if (own === undefined || target === null || layerOf(target) === own) return [];
        if (own.sees.some((folder) => target.startsWith(`${folder}/`))) return [];
        return [
          `may not see ${target}; both sides share types through shared/model or shared/protocol`,
        ];
      });
    });
    expect(through).toEqual([]);
  });

  it("bring no input or output into pure rooms", () => {
    const pureRooms = layers.filter((layer) => layer.isPure).map((layer) => layer.path);
    const impure = findings(({ file, isTest, imports }) => {
      if (isTest || !layerOf(file)?.isPure) return [];
      return imports.flatMap(({ target, file: path }) => {
        if (path !== null && layerOf(path)?.isPure) return [];
        if (target === "zod") return [];
        return [
          `is pure but imports ${target}; return a value and let a shell act ` +
            `(it may import zod and ${pureRooms.join(", ")})`,
        ];
      });
    });
    expect(impure).toEqual([]);
  });

  it("use #room/file across rooms and ./file.js inside one", () => {
    const crooked = findings(({ file, imports }) => {
      const own = layerOf(file);
      return imports.flatMap(({ target, file: path }) => {
        const isInside = path !== null && layerOf(path) === own;
        if (target.startsWith(".") && path !== null && !isInside) {
          return [`imports ${target}; write #${path.replace(/\.ts$/, "")}`];
        }
        return target.startsWith("#") && isInside
          ? [`imports ${target}; write ./ inside a room`]
          : [];
      });
    });
    expect(crooked).toEqual([]);
  });

  it("name files that exist", () => {
    const known = new Set(sources.map((source) => source.file));
    const broken = findings(({ imports }) =>
      imports.flatMap(({ target, file }) =>
        file === null || known.has(file) || !file.endsWith(".ts") ? [] : [`no file for ${target}`],
      ),
    );
    expect(broken).toEqual([]);
  });

  it("make no circle", () => {
    const circles = findCycles(sources).map((cycle) => cycle.join(" -> "));
    expect(circles, "break the circle: move what both need into a file of its own").toEqual([]);
  });
});

describe("code", () => {
  it("reads the environment in shared/config only", () => {
    const found = lineFindings(
      ({ file, isTest }) => !isTest && !file.startsWith("shared/config/"),
      /\bprocess\.env\b/,
      "reads process.env; add a setting to shared/config and pass its value on",
    );
    expect(found).toEqual([]);
  });

  it("writes to the console in cli and scripts only", () => {
    const speaks = /^(cli|scripts|examples)\/|\/fixtures\//;
    const found = lineFindings(
      ({ file, isTest }) => !isTest && !speaks.test(file),
      /\bconsole\.\w+\(/,
      "uses the console; log through shared/log, or return the text to the cli",
    );
    expect(found).toEqual([]);
  });

  it("has a type for everything", () => {
    const found = lineFindings(
      () => true,
      /(?:[:<,|&(=]|\bas|\bextends)\s*any\b(?![.(\w])/,
      "uses any; write unknown and check it, or name the type",
    );
    const silenced = findings(({ file, lines }) =>
      lines.flatMap((line, at) =>
        /@ts-(ignore|nocheck)/.test(line) && file !== "tests/architecture.test.ts"
          ? [`line ${at + 1}: silences the compiler; fix the type, or use a checked cast`]
          : [],
      ),
    );
    expect([...found, ...silenced]).toEqual([]);
  });

  it("exports by name", () => {
    // A job's file and a tool's settings are loaded by their default export.
    const loaded =
      /^(examples|bench\/jobs|tests\/integration\/jobs)\/|\/fixtures\/|^vitest\.config\.ts$/;
    const found = lineFindings(
      ({ file, isTest }) => !isTest && !loaded.test(file),
      /^export default\b|^(export )?(const )?enum\b/,
      "has a default export or an enum; export by name, write a union of texts",
    );
    expect(found).toEqual([]);
  });
});

describe("the rules themselves", () => {
  it("see a circle", () => {
    const source = (file: string, target: string): Source => ({
      file,
      isTest: false,
      lines: [],
      code: [],
      imports: [{ target, isTypeOnly: false, file: target }],
    });
    const all = [source("a.ts", "b.ts"), source("b.ts", "c.ts"), source("c.ts", "a.ts")];
    expect(findCycles(all)).toEqual([["a.ts", "b.ts", "c.ts", "a.ts"]]);
  });

  it("have a room for every path once", () => {
    const paths = layers.map((layer) => layer.path);
    expect(new Set(paths).size).toBe(paths.length);
    expect(layerOf("elsewhere/file.ts")).toBeUndefined();
    expect(layerOf("master/main.ts")?.path).toBe("master/main");
    expect(layerOf("master/planning.ts")).toBeUndefined();
  });
});
