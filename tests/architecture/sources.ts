import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";

const top = fileURLToPath(new URL("../..", import.meta.url));
const notOurs = new Set(["node_modules", "dist", "data", "millrace-data"]);

export interface Import {
  /** As written. */
  readonly target: string;
  readonly isTypeOnly: boolean;
  /** Path from the top folder, where the import names one of our files. */
  readonly file: string | null;
}

export interface Source {
  /** Path from the top folder, with `/`. */
  readonly file: string;
  readonly isTest: boolean;
  readonly lines: readonly string[];
  /** The lines without comments and texts. */
  readonly code: readonly string[];
  readonly imports: readonly Import[];
}

/** Every TypeScript file of ours. */
export function readSources(): Source[] {
  return listFiles("")
    .filter((file) => /(?<!\.d)\.ts$/.test(file))
    .map(readSource);
}

/** Every folder and file of ours, whatever its kind. */
export function listFiles(folder: string): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(join(top, folder), { withFileTypes: true })) {
    if (entry.name.startsWith(".") || notOurs.has(entry.name)) continue;
    const path = posix.join(folder, entry.name);
    if (entry.isDirectory()) found.push(...listFiles(path));
    else found.push(path);
  }
  return found;
}

function readSource(file: string): Source {
  const text = readFileSync(join(top, file), "utf8");
  const lines = text.replace(/\n$/, "").split("\n");
  return {
    file,
    isTest: file.endsWith(".test.ts"),
    lines,
    code: lines.map(bare),
    imports: readImports(file, text),
  };
}

/** Line by line, so that a misread quote spoils one line at most. */
function bare(line: string): string {
  if (/^\s*(\/?\*|\/\/)/.test(line)) return "";
  return line
    .replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`/g, '""')
    .replace(/\/\/.*$/, "");
}

function readImports(file: string, text: string): Import[] {
  const statement =
    /^(?:import|export)\s+(type\s)?(?:[^"';]*?\sfrom\s+)?"([^"]+)"|\bimport\("([^"]+)"\)/gm;
  return [...text.matchAll(statement)].map(([, type, target = "", dynamic]) => {
    const named = target === "" ? (dynamic ?? "") : target;
    return { target: named, isTypeOnly: type !== undefined, file: resolve(file, named) };
  });
}

function resolve(from: string, target: string): string | null {
  if (target.startsWith("#")) return `${target.slice(1)}.ts`;
  if (!target.startsWith(".")) return null;
  const path = posix.join(dirname(from), target).replace(/\.js$/, ".ts");
  return existsSync(join(top, path)) ? path : null;
}
