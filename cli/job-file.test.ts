import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { asFault, type Fault } from "#shared/errors/fault";
import { jobSpecSchema } from "#shared/model/job";
import { bundleJobFile } from "./bundle.js";
import { packageRoot } from "./installation.js";
import { loadJobFile } from "./job-file.js";
import { buildSubmission, type SubmitChoices } from "./submission.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "millrace-job-file-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function write(name: string, lines: readonly string[]): string {
  const file = path.join(folder, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, lines.join("\n"));
  return file;
}

function job(name: string, fields = "", head = ""): string {
  return write(`${name}.ts`, [
    'import { byRange, defineJob, sum, text, tsv } from "millrace";',
    head,
    "export default defineJob({",
    `  name: "${name}", input: text(), map: (line: string, { emit }) => emit(line, 1),`,
    `  output: tsv(), ${fields}`,
    "});",
  ]);
}

async function faultOf(work: Promise<unknown>): Promise<Fault> {
  return work.then(
    () => {
      throw new Error("nothing was thrown");
    },
    (error: unknown) => asFault(error),
  );
}

async function submission(file: string, choices: Partial<SubmitChoices> = {}) {
  return buildSubmission(await loadJobFile(file), { inputs: ["in"], ...choices }, "/base");
}

describe("bundleJobFile", () => {
  it("bundles a file far from this package with its imports, small, under its hash", async () => {
    write("lib/words.ts", ["export const mark: string = 'MARK';"]);
    const file = job(
      "far",
      "reduce: sum(),",
      'import { mark } from "./lib/words.js"; export { mark };',
    );
    const bundle = await bundleJobFile(file);
    expect(bundle.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect((await bundleJobFile(file)).sha256).toBe(bundle.sha256);
    const code = Buffer.from(bundle.bytes).toString();
    expect(code).toContain("MARK");
    expect(code).not.toContain('from "millrace"');
    // Our own entry must stay light: every worker thread loads it.
    expect(bundle.bytes.length).toBeLessThan(50_000);
  });

  it("names the user's file and line in stacks, wherever the bundle lies", async () => {
    const file = write("throws.ts", [
      'import { defineJob, text, tsv } from "millrace";',
      "interface Filler { readonly a: 1 }",
      "export const boom = (filler?: Filler) => {",
      "  throw new Error(`boom ${filler?.a}`);",
      "};",
      'export default defineJob({ name: "t", input: text(), map: () => boom(), output: tsv() });',
    ]);
    const { bytes } = await bundleJobFile(file);
    const elsewhere = write("elsewhere/bundle.mjs", [Buffer.from(bytes).toString()]);
    process.setSourceMapsEnabled(true);
    const { boom } = (await import(pathToFileURL(elsewhere).href)) as { boom: () => void };
    expect(boom).toThrow(
      expect.objectContaining({ stack: expect.stringContaining(`${file}:4:9`) as string }),
    );
  });

  it("lets packages in CommonJS ask for Node's modules", async () => {
    write("node_modules/old/index.js", [
      'exports.join = () => require("node:path").join("a", "b");',
    ]);
    const head = 'import old from "old"; if (old.join() !== "a/b") throw new Error("no");';
    expect((await loadJobFile(job("commonjs", "", head))).definition.name).toBe("commonjs");
  });

  it("says which file is missing, which line does not parse, which import is not found", async () => {
    const missing = path.join(folder, "missing.ts");
    expect(await faultOf(bundleJobFile(missing))).toMatchObject({
      code: "MR_JOB_FILE_INVALID",
      message: `the job file does not exist file=${missing}`,
    });
    const bad = write("bad.ts", ["const ok = 1;", "export default defineJob({ ;"]);
    expect((await faultOf(bundleJobFile(bad))).message).toContain(
      `${bad}:2:28: Expected identifier`,
    );
    const lost = write("lost.ts", ['import "no-such-package";']);
    expect((await faultOf(bundleJobFile(lost))).message).toContain(
      `${lost}:1:8: Could not resolve`,
    );
    expect((await faultOf(bundleJobFile(folder))).message).toContain("does not exist");
  });
});

describe("loadJobFile", () => {
  it("reads the examples", async () => {
    const file = path.join(packageRoot, "examples", "inverted-index.ts");
    const { definition } = await loadJobFile(file);
    expect(definition.name).toBe("inverted-index");
    expect(definition.params).toHaveProperty("minLength");
  });

  it("wants a default export that defineJob made", async () => {
    const none = await faultOf(loadJobFile(write("none.ts", ["export const a = 1;"])));
    expect(none.message).toContain("the default export must be a job");
    expect(none.message).toContain("it has none");
    const other = await faultOf(loadJobFile(write("other.ts", ["export default { name: 'x' };"])));
    expect(other.message).toContain("an object that defineJob did not make");
  });

  it("passes on what defineJob says about a field", async () => {
    const fault = await faultOf(loadJobFile(job("pairs", "combine: sum(),")));
    expect(fault.code).toBe("MR_JOB_INVALID");
    expect(fault.message).toContain("combine only where there is a reducer");
  });

  it("says where a file throws while it is loaded", async () => {
    const file = write("top.ts", ["const text: string = 'no';", "throw new Error(text);"]);
    const fault = await faultOf(loadJobFile(file));
    expect(fault.code).toBe("MR_JOB_FILE_INVALID");
    expect(fault.message).toContain("fails while it is loaded: no");
    expect(fault.message).toContain(`at=${file}:2:7`);
  });
});

describe("buildSubmission", () => {
  it("takes the file's fields, lets choices win, makes locations absolute", async () => {
    const file = job("fields", "reduce: sum(), reducers: 3, splitBytes: 100, attemptsMax: 2,");
    const built = await submission(file, {
      inputs: ["a", "/b/*.txt", "file:///c"],
      output: "../out",
      splitBytes: 7,
    });
    expect(built).toMatchObject({
      name: "fields",
      inputs: ["/base/a", "/b/*.txt", "/c"],
      output: "/out",
      partitionCount: 3,
      splitBytes: 7,
      attemptsMax: 2,
      hasReducer: true,
      overwrite: false,
    });
    expect(jobSpecSchema.parse(built).taskTimeoutMs).toBe(600_000);
  });

  it("checks parameters, all at once", async () => {
    const fields =
      'params: { top: { type: "number", min: 1 }, mode: { type: "string", choices: ["a", "b"] } },';
    const file = job("params", fields);
    expect(await submission(file, { params: { top: "3", mode: "a" } })).toMatchObject({
      params: { top: 3, mode: "a" },
    });
    const fault = await faultOf(submission(file, { params: { top: "0", mode: "c", x: "1" } }));
    expect(fault.code).toBe("MR_PARAM_INVALID");
    for (const part of [
      "params.top must be at least 1",
      "params.mode must be",
      "params.x is not",
    ]) {
      expect(fault.message).toContain(part);
    }
  });

  it("makes as many partitions as there are ranges", async () => {
    const file = job("ranges", 'reduce: sum(), partition: byRange(["g", "p"]),');
    expect((await submission(file)).partitionCount).toBe(3);
    const fault = await faultOf(submission(file, { reducers: 2 }));
    expect(fault.message).toContain("reducers is 2; allowed: 3");
  });

  it("refuses what cannot be", async () => {
    const file = job("refusals");
    expect((await faultOf(submission(file, { inputs: [] }))).message).toContain(
      "--input is missing",
    );
    expect((await faultOf(submission(file, { inputs: ["s3://b/k"] }))).code).toBe(
      "MR_LOCATION_UNSUPPORTED",
    );
    expect((await faultOf(submission(file, { reducers: 2 }))).message).toContain("no reducer");
    const named = await faultOf(submission(file, { name: "no/slash" }));
    expect(named.code).toBe("MR_JOB_INVALID");
    expect(named.message).toContain("name must be 1 to 41 letters");
  });
});
