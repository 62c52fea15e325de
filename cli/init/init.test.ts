import { execFile } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { builtFile, packageRoot } from "../installation.js";
import { loadJobFile } from "../job-file.js";
import { runCli } from "../run-cli.js";
import { buildSubmission } from "../submission.js";
import { MemoryTerminal } from "../terminal.js";
import { kindNames, kinds } from "./kinds.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), "millrace-init-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function init(...argv: string[]) {
  const terminal = new MemoryTerminal();
  const code = await runCli(["init", ...argv], terminal, folder);
  return { code, out: terminal.outText, note: terminal.noteText };
}

const read = (...names: string[]): string => readFileSync(path.join(folder, ...names), "utf8");

/** What `npm install` would leave: this package and the ones for development. */
function install(project: string): void {
  const modules = path.join(project, "node_modules");
  mkdirSync(path.join(modules, "@types"), { recursive: true });
  symlinkSync(packageRoot, path.join(modules, "millrace"));
  for (const name of ["@types/node", "typescript", "vitest"]) {
    symlinkSync(path.join(packageRoot, "node_modules", name), path.join(modules, name));
  }
}

/** Runs a program of Node's in a folder. @returns what it printed; throws with it when it fails */
async function node(cwd: string, ...argv: string[]): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, argv, { cwd });
    return stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${argv.join(" ")}\n${stdout}${stderr}`, { cause: error });
  }
}

describe("millrace init", () => {
  it("writes a job, its test, sample input and a project, and says what to do next", async () => {
    const done = await init("My Words");
    expect(done, done.note).toMatchObject({ code: 0, note: "" });
    expect(readdirSync(path.join(folder, "My Words")).toSorted()).toEqual([
      "README.md",
      "input",
      "package.json",
      "tsconfig.json",
      "wordcount.test.ts",
      "wordcount.ts",
    ]);
    expect(done.out).toContain("wrote  wordcount.ts\n");
    expect(done.out.slice(done.out.indexOf("next:"))).toBe(
      [
        "next:",
        "  cd 'My Words'",
        "  npm install",
        "  npx vitest run",
        "  npx millrace run wordcount.ts --input input/wordcount.txt",
        "",
      ].join("\n"),
    );
    const manifest = JSON.parse(read("My Words", "package.json")) as Record<string, unknown>;
    expect(manifest).toMatchObject({ name: "my-words", private: true });
    expect(Object.keys(manifest["devDependencies"] as object)).toContain("millrace");
  });

  it("keeps what is there, and writes nothing at all where the job would be replaced", async () => {
    mkdirSync(path.join(folder, "mine"));
    writeFileSync(path.join(folder, "mine", "package.json"), '{"dependencies":{"vitest":"1"}}');
    writeFileSync(path.join(folder, "mine", "README.md"), "mine");
    const done = await init("mine", "--kind", "join", "--name", "Sales_1", "--json");
    expect(done.code, done.note).toBe(0);
    const told = JSON.parse(done.out) as Record<string, unknown>;
    expect(told).toMatchObject({
      kept: ["package.json", "README.md"],
      wrote: [
        "Sales_1.ts",
        "Sales_1.test.ts",
        "input/Sales_1-orders.csv",
        "input/Sales_1-customers.csv",
        "tsconfig.json",
      ],
    });
    // Only what the package does not ask for yet.
    expect(String(told["next"])).toMatch(/npm install --save-dev millrace@\S+ @types\/node@\S+ ty/);
    expect(String(told["next"])).not.toContain("vitest@");
    expect(read("mine", "README.md")).toBe("mine");

    rmSync(path.join(folder, "mine", "Sales_1.ts"));
    const again = await init("mine", "--name", "Sales_1", "--kind", "join");
    expect(again).toMatchObject({ code: 5, out: "" });
    expect(again.note).toContain(path.join(folder, "mine", "Sales_1.test.ts"));
    expect(readdirSync(path.join(folder, "mine"))).not.toContain("Sales_1.ts");
    const other = await init("mine", "--name", "other");
    expect(other.code, other.note).toBe(0);
  });

  it("refuses names, kinds and folders that cannot be", async () => {
    const refusal = async (...argv: string[]): Promise<string> => {
      const { code, note } = await init(...argv);
      expect(code).toBe(2);
      return note;
    };
    for (const name of ["../up", "a b", "", "-a", "a".repeat(42)]) {
      expect(await refusal("x", `--name=${name}`)).toContain(
        `--name is ${JSON.stringify(name)}; allowed: 1 to 41 letters`,
      );
    }
    expect(await refusal("x", "--kind", "tree")).toContain(
      '--kind is "tree"; allowed: one of wordcount, join, steps',
    );
    writeFileSync(path.join(folder, "file"), "");
    expect(await refusal("file")).toContain('FOLDER is "file", a file; allowed: a folder');
    expect(readdirSync(folder)).not.toContain("x");
  });

  it.each(kindNames)("writes a job that loads and can be submitted: %s", async (kind) => {
    const own = path.join(folder, `loads-${kind}`);
    expect((await init(`loads-${kind}`, "--kind", kind, "--name", "mine")).code).toBe(0);
    const loaded = await loadJobFile(path.join(own, "mine.ts"));
    const inputs = kinds[kind]
      .inputs("mine")
      .split(" ")
      .filter((word) => word !== "--input");
    const submission = buildSubmission(loaded, { inputs }, own);
    expect(submission.name).toBe("mine");
    for (const location of submission.inputs) expect(readFileSync(location, "utf8")).not.toBe("");
  });

  it("writes what compiles, passes its own tests, and runs over its sample", async () => {
    const project = path.join(folder, "whole");
    for (const kind of kindNames) {
      expect((await init("whole", "--kind", kind)).code).toBe(0);
    }
    install(project);
    const modules = path.join(project, "node_modules");
    await node(project, path.join(modules, "typescript", "bin", "tsc"), "--noEmit");
    const tested = await node(project, path.join(modules, "vitest", "vitest.mjs"), "run");
    expect(tested).toMatch(/Test Files .*3 passed/);
    const results = [];
    for (const kind of kindNames) {
      const inputs = kinds[kind].inputs(kind).split(" ");
      const argv = ["run", `${kind}.ts`, ...inputs, "--reducers", "1"];
      await node(project, builtFile("cli/main.js"), ...argv);
      results.push(read("whole", "output", kind, "part-00000"));
    }
    expect(results).toEqual([
      "age\t2\nbest\t1\nfoolishness\t1\nit\t4\nof\t4\nthe\t4\ntimes\t2\nwas\t4\nwisdom\t1\nworst\t1\n",
      'o1\t{"name":"Ada","cents":1250}\no3\t{"name":"Ada","cents":75}\no2\t{"name":"Grace","cents":300}\n',
      "was\t4\nthe\t4\nof\t4\nit\t4\ntimes\t2\nage\t2\nworst\t1\nwisdom\t1\nfoolishness\t1\nbest\t1\n",
    ]);
  }, 120_000);
});
