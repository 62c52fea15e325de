import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fault } from "#shared/errors/fault";

/** A file with a name, where the job looks at `source.location` or where the name says how it is compressed. */
export interface TestFile {
  /** A relative path. */
  readonly name: string;
  readonly content: string | Uint8Array;
}

export type TestContent = string | Uint8Array | TestFile;

/** The content of one file, or of several. */
export type TestFiles = TestContent | readonly TestContent[];

/** Files of the only input, or of each input by its name. */
export type TestInput = TestFiles | Readonly<Record<string, TestFiles>>;

const allowedNames = "a relative path without '..'";

/**
 * Files by the name of the input that they are for.
 * @param names of the inputs
 * @param isNamed whether `given` goes by name
 * @throws MR_ARGUMENT_INVALID naming an input that is missing or not known
 */
export function filesByName(
  field: string,
  given: TestInput | undefined,
  names: readonly string[],
  isNamed: boolean,
): Map<string, readonly TestContent[]> {
  const found = new Map<string, readonly TestContent[]>();
  const [only = "input"] = names.includes("input") ? ["input"] : names;
  if (given !== undefined && isFiles(given, isNamed)) found.set(only, listOf(given));
  else for (const [name, files] of Object.entries(given ?? {})) found.set(name, listOf(files));
  const allowed = names.length === 0 ? "none" : names.join(", ");
  for (const name of found.keys()) {
    if (!names.includes(name)) throw refuse(`${field} has ${name}; allowed: ${allowed}`);
  }
  for (const name of names) {
    if (!found.has(name)) throw refuse(`${field} lacks ${name}; needed: ${allowed}`);
  }
  return found;
}

/** Whether it is files, and not files by name. */
function isFiles(given: TestInput, isNamed: boolean): given is TestFiles {
  if (typeof given === "string" || given instanceof Uint8Array || Array.isArray(given)) return true;
  return !isNamed && "name" in given && "content" in given;
}

function listOf(files: TestFiles): readonly TestContent[] {
  return Array.isArray(files) ? (files as readonly TestContent[]) : [files as TestContent];
}

/** Writes files of one input into a folder. @returns their locations, in the order given */
export function writeFiles(folder: string, contents: readonly TestContent[]): string[] {
  return contents.map((given, index) => {
    const file = isFile(given) ? given : { name: String(index).padStart(5, "0"), content: given };
    const segments = file.name.split("/");
    if (file.name === "" || segments.some((each) => each === "" || each === "..")) {
      throw refuse(`name of a file is ${JSON.stringify(file.name)}; allowed: ${allowedNames}`);
    }
    const location = join(folder, file.name);
    mkdirSync(dirname(location), { recursive: true });
    writeFileSync(location, file.content);
    return location;
  });
}

function isFile(given: TestContent): given is TestFile {
  return typeof given === "object" && !(given instanceof Uint8Array);
}

function refuse(message: string): Error {
  return fault("MR_ARGUMENT_INVALID", `testJob: ${message}`);
}
