import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { fault } from "#shared/errors/fault";

/** Folder of this package: the checkout, or where npm installed it. */
export const packageRoot = findRoot(path.dirname(fileURLToPath(import.meta.url)));

function findRoot(folder: string): string {
  const manifest = path.join(folder, "package.json");
  if (existsSync(manifest) && readManifest(manifest).name === "millrace") return folder;
  const parent = path.dirname(folder);
  if (parent === folder) throw fault("MR_INTERNAL", "the package of this program is not found");
  return findRoot(parent);
}

function readManifest(file: string): { readonly name?: string; readonly version?: string } {
  return JSON.parse(readFileSync(file, "utf8")) as { name?: string; version?: string };
}

export function packageVersion(): string {
  return readManifest(path.join(packageRoot, "package.json")).version ?? "0.0.0";
}

/** A compiled file of ours. @throws MR_INTERNAL when the package was not built */
export function builtFile(relative: string): string {
  const file = path.join(packageRoot, "dist", relative);
  if (existsSync(file)) return file;
  throw fault("MR_INTERNAL", "this checkout is not built; run: npm run build", { file });
}
