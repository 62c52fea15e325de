import { readFileSync, statSync } from "node:fs";
import path from "node:path";
import type { ProgramOptions, ShippedFile } from "#shared/authoring/programs";
import { fault, messageOf } from "#shared/errors/fault";
import { limits } from "#shared/model/limits";
import { bundleSource } from "./bundle.js";
import type { Flag, Invocation } from "./command.js";
import { loadBundle, loadJobFile, type LoadedJob } from "./job-file.js";

/** Flags that make a job of commands; with `--mapper` there is no job file. */
export const streamingFlags: readonly Flag[] = [
  {
    name: "mapper",
    value: "CMD",
    about: "Instead of a job file: a command that reads lines and writes key, tab, value.",
  },
  {
    name: "reducer",
    value: "CMD",
    about: "A command that reads the mapper's lines sorted by key; without it, or NONE: map-only.",
  },
  { name: "combiner", value: "CMD", about: "A command that sums up early on the map side." },
  {
    name: "file",
    value: "PATH",
    isRepeatable: true,
    about: "A file that the commands need, in the folder they run in; may be given again.",
  },
  { name: "key-fields", value: "N", about: "Fields of a mapper's line that are the key. (1)" },
  {
    name: "partition-fields",
    value: "N",
    about: "Fields of the key that choose the reduce task. (all)",
  },
  { name: "separator", value: "CHAR", about: "What parts fields, one character. (tab)" },
  {
    name: "env",
    value: "NAME=VALUE",
    isRepeatable: true,
    about: "A variable in the environment of the commands; may be given again.",
  },
];

/** In base64 the files still fit into the bundle, with room for the rest of it. */
const filesBytesMax = Math.floor((limits.bundleBytesMax - 1024 * 1024) * 0.75);

/** The flag that takes the place of a job file. */
export const standsForJobFile = "mapper";

/** The job that an invocation means: that of its file, or one made of commands. */
export function loadJob(invocation: Invocation): Promise<LoadedJob> {
  if (invocation.text(standsForJobFile) !== undefined) return loadStreamingJob(invocation);
  const stray = streamingFlags.find(({ name }) => invocation.texts(name).length > 0);
  if (stray !== undefined) {
    throw fault("MR_ARGUMENT_INVALID", `--${stray.name} is given; allowed: only beside --mapper`);
  }
  return loadJobFile(path.resolve(invocation.cwd, invocation.positional(0)));
}

async function loadStreamingJob(invocation: Invocation): Promise<LoadedJob> {
  const source = streamingSource(invocation);
  return loadBundle(await bundleSource(source, invocation.cwd), "the job of --mapper");
}

/** The module that a job file with the same commands would be. */
function streamingSource(invocation: Invocation): string {
  const mapper = invocation.text("mapper") ?? "";
  const reducer = reducerOf(invocation);
  const combiner = invocation.text("combiner");
  if (combiner !== undefined && reducer === null) {
    throw fault("MR_ARGUMENT_INVALID", "--combiner is given; allowed: only beside --reducer");
  }
  const make = (command: string): string => `program(${JSON.stringify(command)}, options)`;
  const parts = [
    `map: ${make(mapper)}`,
    ...(combiner === undefined ? [] : [`combine: ${make(combiner)}`]),
    ...(reducer === null ? [] : [`reduce: ${make(reducer)}`]),
  ];
  return [
    'import { defineJob, plainLines, program, text } from "millrace";',
    `const options = ${JSON.stringify(optionsOf(invocation))};`,
    'export default defineJob({ name: "streaming", input: text(), output: plainLines(),',
    `  ${parts.join(",\n  ")} });`,
  ].join("\n");
}

/** `NONE` is Hadoop's way to say that there is no reducer. */
function reducerOf(invocation: Invocation): string | null {
  const given = invocation.text("reducer");
  return given === undefined || given === "NONE" ? null : given;
}

function optionsOf(invocation: Invocation): ProgramOptions {
  const keyFields = invocation.whole("key-fields", 1, 1000);
  const partitionFields = invocation.whole("partition-fields", 1, keyFields ?? 1);
  const separator = separatorOf(invocation.text("separator"));
  const files = readFiles(invocation.texts("file"), invocation.cwd);
  const env = readVariables(invocation.texts("env"));
  return {
    ...(keyFields === undefined ? {} : { keyFields }),
    ...(partitionFields === undefined ? {} : { partitionFields }),
    ...(separator === undefined ? {} : { separator }),
    files,
    env,
  };
}

/** A shell makes it hard to type a tab, so `\t` is one. */
function separatorOf(given: string | undefined): string | undefined {
  const separator = given === String.raw`\t` ? "\t" : given;
  const code = separator?.length === 1 ? separator.charCodeAt(0) : -1;
  if (separator === undefined || (code >= 1 && code <= 0x7f && separator !== "\n")) {
    return separator;
  }
  throw fault(
    "MR_ARGUMENT_INVALID",
    `--separator is ${JSON.stringify(given)}; allowed: one ASCII character, or \\t for a tab`,
  );
}

function readVariables(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const match = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s.exec(text);
      if (match !== null) return [match[1] ?? "", match[2] ?? ""];
      throw fault(
        "MR_ARGUMENT_INVALID",
        `--env is ${JSON.stringify(text)}; allowed: NAME=VALUE, the name of letters, digits and '_'`,
      );
    }),
  );
}

function readFiles(given: readonly string[], cwd: string): Record<string, ShippedFile> {
  const files: Record<string, ShippedFile> = {};
  let sizeBytes = 0;
  for (const each of given) {
    const file = path.resolve(cwd, each);
    const name = path.basename(file);
    if (Object.hasOwn(files, name)) {
      throw fault("MR_ARGUMENT_INVALID", `two files are called ${name}; allowed: each name once`, {
        file,
      });
    }
    sizeBytes += sizeOf(file);
    if (sizeBytes > filesBytesMax) {
      throw fault(
        "MR_ARGUMENT_INVALID",
        "the files of --file are too large together to travel with a job; large data goes to inputs",
        { file, sizeBytes, bytesMax: filesBytesMax },
      );
    }
    files[name] = readShipped(file);
  }
  return files;
}

function readShipped(file: string): ShippedFile {
  try {
    const isExecutable = (statSync(file).mode & 0o111) !== 0;
    return { base64: readFileSync(file).toString("base64"), isExecutable };
  } catch (error) {
    throw unreadable(file, messageOf(error));
  }
}

function sizeOf(file: string): number {
  try {
    const stat = statSync(file);
    if (stat.isFile()) return stat.size;
  } catch (error) {
    throw unreadable(file, messageOf(error));
  }
  throw unreadable(file, "it is not a file");
}

function unreadable(file: string, reason: string): Error {
  return fault("MR_ARGUMENT_INVALID", `--file cannot be read: ${reason}`, { file });
}
