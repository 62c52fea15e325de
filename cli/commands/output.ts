import type { ReadStream } from "node:fs";
import { pipeline, type Readable } from "node:stream";
import { open } from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import type { JobOutput } from "#shared/client/types";
import { fault } from "#shared/errors/fault";
import type { Command, Invocation } from "../command.js";
import { connect } from "../connect.js";
import { connectFlags } from "../flags.js";
import { bytesText, plural, table } from "../render/text.js";

/** Of a message: an output may have thousands. */
const foldersShown = 10;

export const output: Command = {
  name: "output",
  about: "List or print the parts that a job wrote.",
  positionals: [{ name: "ID", about: "Id of a job that succeeded." }],
  flags: [
    { name: "head", value: "N", about: "Print the first N lines of all parts together." },
    { name: "cat", about: "Print all parts one after another, byte for byte." },
    {
      name: "folder",
      value: "PATH",
      about: "Only parts in this folder, such as errors; . for those in none.",
    },
    ...connectFlags,
  ],
  notes: ["--head and --cat read the files, so this machine must see the output folder."],
  examples: [
    { line: "millrace output wordcount-20260131-120000-a1b2", about: "Parts with sizes." },
    {
      line: "millrace output wordcount-20260131-120000-a1b2 --head 10",
      about: "The first ten lines.",
    },
    {
      line: "millrace output wordcount-20260131-120000-a1b2 --cat",
      about: "Everything, for a pipe.",
    },
    {
      line: "millrace output wordcount-20260131-120000-a1b2 --folder errors --head 10",
      about: "Of a job with a named output: the first ten lines of it.",
    },
  ],
  run: runOutput,
};

async function runOutput(invocation: Invocation): Promise<number> {
  const head = invocation.whole("head", 1, Number.MAX_SAFE_INTEGER);
  if (head !== undefined && invocation.has("cat")) {
    throw fault("MR_ARGUMENT_INVALID", "--head and --cat are given; allowed: one of them");
  }
  const all = await connect(invocation).getOutput(invocation.positional(0));
  const folder = invocation.text("folder");
  const found = folder === undefined ? all : onlyIn(all, folder);
  if (head !== undefined) await printHead(found, head, invocation);
  else if (invocation.has("cat")) await printAll(found, invocation);
  else invocation.print(found, listing(found));
  return 0;
}

/** The parts in a folder, those of the folders below it included. @throws MR_ARGUMENT_INVALID */
function onlyIn(found: JobOutput, given: string): JobOutput {
  const folder = given.replace(/\/+$/, "");
  const parts = found.parts.filter(({ name }) =>
    folder === "." ? !name.includes("/") : name.startsWith(`${folder}/`),
  );
  if (parts.length === 0) {
    const folders = new Set(found.parts.map(({ name }) => path.posix.dirname(name)));
    const allowed = [...folders].slice(0, foldersShown).join(", ");
    const more = folders.size > foldersShown ? ", …" : "";
    const shown = JSON.stringify(given);
    throw fault("MR_ARGUMENT_INVALID", `--folder is ${shown}; allowed: ${allowed}${more}`);
  }
  const records = parts.reduce((sum, part) => sum + part.records, 0);
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  return { ...found, parts, records, bytes };
}

function listing(found: JobOutput): string[] {
  const { parts, records, bytes } = found;
  const rows = parts.map((part) => [part.name, part.records, bytesText(part.bytes), part.sha256]);
  const sum = `${plural(parts.length, "part")}, ${plural(records, "record")}, ${bytesText(bytes)}`;
  return [found.output, ...table(["PART", "RECORDS", "SIZE", "SHA256"], rows), sum];
}

async function printAll(found: JobOutput, invocation: Invocation): Promise<void> {
  for (const part of found.parts) {
    for await (const block of await openPart(found, part.name)) {
      await invocation.terminal.outBytes(block as Buffer);
    }
  }
}

async function printHead(found: JobOutput, count: number, invocation: Invocation): Promise<void> {
  const lines: string[] = [];
  for (const part of found.parts) {
    if (lines.length >= count) break;
    const input = await openText(found, part.name);
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      lines.push(line);
      if (lines.length >= count) break;
    }
    input.destroy();
  }
  invocation.print({ lines }, lines);
}

/** The text of a part, decompressed. @throws MR_ARGUMENT_INVALID for `.zst`, MR_OBJECT_NOT_FOUND */
async function openText(found: JobOutput, name: string): Promise<Readable> {
  if (name.endsWith(".zst")) {
    const message = `--head cannot show ${name}; allowed: parts that are text or .gz (try --cat | zstdcat)`;
    throw fault("MR_ARGUMENT_INVALID", message);
  }
  const stream = await openPart(found, name);
  if (!name.endsWith(".gz")) return stream;
  const text = createGunzip();
  // Both streams end when either does; what is wrong is told by the one that is read.
  return pipeline(stream, text, () => {});
}

/** @throws MR_OBJECT_NOT_FOUND when this machine does not see the file */
async function openPart(found: JobOutput, name: string): Promise<ReadStream> {
  const file = path.join(found.output, name);
  try {
    return (await open(file)).createReadStream();
  } catch (error) {
    throw fault("MR_OBJECT_NOT_FOUND", "this machine cannot read the part", { file }, error);
  }
}
