import { fileURLToPath } from "node:url";

/** Folder of this package: `dist/worker/sandbox/` lies one level deeper than the source. */
const packageFolder = fileURLToPath(
  new URL(import.meta.url.includes("/dist/worker/") ? "../../../" : "../../", import.meta.url),
);

/** Folders of the engine below the package; examples and benches are user code. */
const engineFolders = ["dist/", "shared/", "worker/", "master/", "cli/", "scripts/"];

/** The public entry is bundled into user code and keeps its file names through the source map. */
const bundledEntry = /(^|\/)shared\/(authoring|errors|model)\/[\w-]+\.[jt]s$/;

const frame = /^\s*at (?:.*?\()?((?:file:\/\/|\/|[A-Za-z]:\\|\.{0,2}\/)?[^()]*?):(\d+):(\d+)\)?$/;

/** `file:line:column` of the innermost frame in the user's own source, null if there is none. */
export function innermostUserFrame(stack: string | null): string | null {
  if (stack === null) return null;
  for (const line of stack.split("\n")) {
    const file = fileOf(line);
    if (file === null || !isUserFile(file)) continue;
    const [, , row = "", column = ""] = frame.exec(line) ?? [];
    return `${file}:${row}:${column}`;
  }
  return null;
}

/** The stack without frames of the engine and of Node, which tell the user nothing. */
export function withoutEngineFrames(stack: string): string {
  const lines = stack.split("\n").filter((line) => {
    const file = fileOf(line);
    return file === null || file === "<anonymous>" || isUserFile(file) || isPackageFile(file);
  });
  return lines.join("\n");
}

function isPackageFile(file: string): boolean {
  return /(^|[\\/])node_modules[\\/]/.test(file);
}

/** File of a line of a stack, null when it is no frame. */
function fileOf(line: string): string | null {
  const location = frame.exec(line)?.[1];
  return location === undefined ? null : filePathOf(location.replace(/^async /, ""));
}

function isUserFile(file: string): boolean {
  if (file.startsWith("node:") || file.startsWith("internal/")) return false;
  if (file === "<anonymous>" || file === "native") return false;
  if (isPackageFile(file)) return false;
  if (bundledEntry.test(file)) return false;
  if (!file.startsWith(packageFolder)) return true;
  const inside = file.slice(packageFolder.length);
  return !engineFolders.some((folder) => inside.startsWith(folder));
}

function filePathOf(location: string): string | null {
  if (!location.startsWith("file://")) return location;
  try {
    const url = new URL(location);
    url.search = "";
    return fileURLToPath(url);
  } catch {
    return null;
  }
}
