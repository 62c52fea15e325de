import fs from "node:fs";
import path from "node:path";
import { AccessLogGenerator } from "./access-log.js";
import { JsonLinesGenerator } from "./json-lines.js";
import { RecordGenerator } from "./records.js";
import { TextGenerator } from "./text.js";

export type DataKind = "text" | "records" | "access-log" | "jsonl";

/** What the items of a kind are called. */
export const itemNames: Readonly<Record<DataKind, string>> = {
  text: "words",
  records: "records",
  "access-log": "lines",
  jsonl: "objects",
};

/** The bytes of a data set, and how many items they are, known once all blocks were taken. */
interface Generated {
  readonly blocks: Iterable<Uint8Array>;
  readonly itemCount: () => number;
}

const generators: Readonly<Record<DataKind, (seed: number, sizeBytes: number) => Generated>> = {
  text: (seed, sizeBytes) => {
    const generator = new TextGenerator(seed, sizeBytes);
    return { blocks: generator.blocks(), itemCount: () => generator.wordCount };
  },
  records: (seed, sizeBytes) => {
    const generator = new RecordGenerator(seed, sizeBytes);
    return { blocks: generator.blocks(), itemCount: () => generator.recordCount };
  },
  "access-log": (seed, sizeBytes) => {
    const generator = new AccessLogGenerator(seed, sizeBytes);
    return { blocks: generator.blocks(), itemCount: () => generator.lineCount };
  },
  jsonl: (seed, sizeBytes) => {
    const generator = new JsonLinesGenerator(seed, sizeBytes);
    return { blocks: generator.blocks(), itemCount: () => generator.lineCount };
  },
};

/** A generated input file and what is known of it. */
export interface DataSet {
  readonly kind: DataKind;
  readonly path: string;
  readonly seed: number;
  readonly sizeBytes: number;
  /** How many of what `itemNames` says. */
  readonly itemCount: number;
}

/** Grows when a generator's bytes change, so that old files are not taken for new ones. */
const formatVersion = 1;

interface Request {
  readonly kind: DataKind;
  readonly folder: string;
  readonly seed: number;
  readonly sizeBytes: number;
}

/**
 * The data set of a seed and a size: the file in `folder` if it is there, otherwise generated.
 * @param onGenerate called before the generator starts, which takes some seconds
 */
export function dataSet(request: Request, onGenerate: (path: string) => void): DataSet {
  const { kind, folder, seed, sizeBytes } = request;
  const name = `${kind}-v${formatVersion}-seed${seed}-${sizeBytes}`;
  const dataPath = path.join(folder, `${name}.txt`);
  const factsPath = path.join(folder, `${name}.json`);
  if (!fs.existsSync(factsPath) || !fs.existsSync(dataPath)) {
    onGenerate(dataPath);
    fs.mkdirSync(folder, { recursive: true });
    const facts = generate(request, dataPath);
    fs.writeFileSync(factsPath, JSON.stringify(facts));
  }
  const facts = JSON.parse(fs.readFileSync(factsPath, "utf8")) as { itemCount: number };
  const actualBytes = fs.statSync(dataPath).size;
  return { kind, path: dataPath, seed, sizeBytes: actualBytes, itemCount: facts.itemCount };
}

function generate(request: Request, dataPath: string): { itemCount: number } {
  const { kind, seed, sizeBytes } = request;
  const partial = `${dataPath}.${process.pid}.partial`;
  const file = fs.openSync(partial, "w");
  const generated = generators[kind](seed, sizeBytes);
  try {
    for (const block of generated.blocks) writeFully(file, block);
    fs.fsyncSync(file);
  } finally {
    fs.closeSync(file);
  }
  fs.renameSync(partial, dataPath);
  return { itemCount: generated.itemCount() };
}

function writeFully(file: number, bytes: Uint8Array): void {
  let written = 0;
  while (written < bytes.length) written += fs.writeSync(file, bytes, written);
}
