import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fault } from "#shared/errors/fault";
import { jobNamePattern } from "#shared/model/ids";
import type { Command, Invocation } from "../command.js";
import { jsonFlag } from "../flags.js";
import { kindNames, kinds } from "../init/kinds.js";
import { projectFiles } from "../init/project.js";
import type { NewFile } from "../init/template.js";
import { projectPackages } from "../installation.js";

export const init: Command = {
  name: "init",
  about: "Write a job, its test and what a project of jobs needs; nothing is overwritten.",
  positionals: [
    { name: "FOLDER", about: "Where to; made when it is not there. (.)", isOptional: true },
  ],
  flags: [
    {
      name: "kind",
      value: "KIND",
      about: `What to begin with: ${kindNames.join(", ")}. (${kindNames[0]})`,
    },
    { name: "name", value: "NAME", about: "Name of the job and of its files. (the kind)" },
    jsonFlag,
  ],
  notes: [
    "Writes NAME.ts, NAME.test.ts and a sample in input/; when one of these exists, nothing is written.",
    "package.json, tsconfig.json and README.md are written where they are missing.",
    "",
    ...kindNames.map((kind) => `- ${kind}: ${kinds[kind].about}`),
  ],
  examples: [
    { line: "millrace init words", about: "A job that counts words, in a folder of its own." },
    {
      line: "millrace init --kind join --name orders-by-customer",
      about: "A join of two inputs, as one more job in this folder.",
    },
  ],
  run: (invocation) => Promise.resolve(runInit(invocation)),
};

function runInit(invocation: Invocation): number {
  const kind = invocation.oneOf("kind", kindNames) ?? "wordcount";
  const name = invocation.text("name") ?? kind;
  if (!jobNamePattern.test(name)) {
    throw fault(
      "MR_ARGUMENT_INVALID",
      `--name is ${JSON.stringify(name)}; allowed: 1 to 41 letters, digits, '-' or '_', starting with a letter or digit`,
    );
  }
  const given = invocation.positionals[0] ?? ".";
  const folder = path.resolve(invocation.cwd, given);
  if (existsSync(folder) && !statSync(folder).isDirectory()) {
    throw fault(
      "MR_ARGUMENT_INVALID",
      `FOLDER is ${JSON.stringify(given)}, a file; allowed: a folder, or a name that is not taken`,
    );
  }
  const template = kinds[kind];
  const own = template.files(name);
  refuseExisting(folder, own);
  const command = `${name}.ts ${template.inputs(name)}`;
  const packages = projectPackages(folder);
  const facts = { folderName: path.basename(folder), jobName: name, command, packages };
  const project = projectFiles(facts);
  const kept = project.filter((file) => existsSync(path.join(folder, file.path)));
  const wrote = [...own, ...project.filter((file) => !kept.includes(file))];
  for (const file of wrote) write(folder, file);
  const missing = notInstalledHere(folder, packages);
  const next = nextCommands(given, command, missing);
  tell(invocation, { folder, wrote: pathsOf(wrote), kept: pathsOf(kept), next });
  return 0;
}

function pathsOf(files: readonly NewFile[]): string[] {
  return files.map((file) => file.path);
}

/** @throws MR_OUTPUT_EXISTS naming every file that is there */
function refuseExisting(folder: string, files: readonly NewFile[]): void {
  const there = files.filter((file) => existsSync(path.join(folder, file.path)));
  if (there.length === 0) return;
  const list = there.map((file) => `\n  ${path.join(folder, file.path)}`).join("");
  throw fault(
    "MR_OUTPUT_EXISTS",
    `nothing was written, because files of that name exist; allowed: another --name or FOLDER:${list}`,
  );
}

function write(folder: string, file: NewFile): void {
  const target = path.join(folder, file.path);
  mkdirSync(path.dirname(target), { recursive: true });
  // Whatever came into being since it was looked for stays, too.
  writeFileSync(target, file.text, { flag: "wx" });
}

/** `name@version` of the packages that the folder's package.json does not ask for. */
function notInstalledHere(folder: string, packages: Readonly<Record<string, string>>): string[] {
  const manifest = readFileSync(path.join(folder, "package.json"), "utf8");
  return Object.entries(packages)
    .filter(([name]) => !manifest.includes(JSON.stringify(name)))
    .map(([name, version]) => `${name}@${version}`);
}

/** @param missing packages to add to a package.json that was there */
function nextCommands(folder: string, command: string, missing: readonly string[]): string[] {
  const install = ["npm install", ...(missing.length === 0 ? [] : ["--save-dev", ...missing])];
  return [
    ...(path.normalize(folder) === "." ? [] : [`cd ${quoted(folder)}`]),
    install.join(" "),
    "npx vitest run",
    `npx millrace run ${command}`,
  ];
}

/** For a shell, where that is needed. */
function quoted(text: string): string {
  return /^[\w./@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

interface Told {
  readonly folder: string;
  readonly wrote: readonly string[];
  readonly kept: readonly string[];
  readonly next: readonly string[];
}

function tell(invocation: Invocation, told: Told): void {
  invocation.print(told, [
    ...told.wrote.map((file) => `wrote  ${file}`),
    ...told.kept.map((file) => `kept   ${file} (it was there)`),
    "next:",
    ...told.next.map((line) => `  ${line}`),
  ]);
}
