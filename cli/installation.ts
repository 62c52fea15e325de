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

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

function readManifest(file: string): Manifest {
  return JSON.parse(readFileSync(file, "utf8")) as Manifest;
}

export function packageVersion(): string {
  return readManifest(path.join(packageRoot, "package.json")).version ?? "0.0.0";
}

/**
 * Packages that a project of jobs needs, with the versions to ask npm for: this very package (by its
 * path where it is a checkout and not an installed one), and test runner and compiler as we have them.
 * @param folder of the project
 */
export function projectPackages(folder: string): Record<string, string> {
  const { version = "0.0.0", devDependencies = {} } = readManifest(
    path.join(packageRoot, "package.json"),
  );
  const isInstalled = packageRoot.split(path.sep).includes("node_modules");
  const packages: Record<string, string> = {
    millrace: isInstalled ? `^${version}` : `file:${path.relative(folder, packageRoot) || "."}`,
  };
  for (const name of ["@types/node", "typescript", "vitest"]) {
    packages[name] = `^${devDependencies[name] ?? "*"}`.replace("^*", "*");
  }
  return packages;
}

/** A compiled file of ours. @throws MR_INTERNAL when the package was not built */
export function builtFile(relative: string): string {
  const file = path.join(packageRoot, "dist", relative);
  if (existsSync(file)) return file;
  throw fault("MR_INTERNAL", "this checkout is not built; run: npm run build", { file });
}
