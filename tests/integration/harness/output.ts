import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** Paths of the parts below an output folder: its own in order, then those of its folders. */
export function partNames(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => !name.startsWith("_") && path.basename(name).startsWith("part-"))
    .toSorted();
  const isBelow = (name: string): boolean => name.includes("/");
  return [...names.filter((name) => !isBelow(name)), ...names.filter(isBelow)];
}

/** The parts, each as its bytes. */
export function readParts(folder: string): Buffer[] {
  return partNames(folder).map((name) => readFileSync(path.join(folder, name)));
}

/** Lines of all parts, one part after another. @throws Error when the output is not finished */
export function readOutput(folder: string): string[] {
  checkFinished(folder);
  return Buffer.concat(readParts(folder)).toString("utf8").split("\n").slice(0, -1);
}

interface Manifest {
  readonly parts: readonly { name: string; bytes: number; records: number; sha256: string }[];
}

/** Holds the manifest against the parts. @throws Error naming what does not fit */
export function checkFinished(folder: string): void {
  if (!existsSync(path.join(folder, "_SUCCESS"))) throw new Error(`${folder} has no _SUCCESS`);
  const text = readFileSync(path.join(folder, "manifest.json"), "utf8");
  const { parts } = JSON.parse(text) as Manifest;
  const names = partNames(folder);
  const listed = parts.map(({ name }) => name);
  if (names.join() !== listed.join())
    throw new Error(`parts ${names.join()}, listed ${listed.join()}`);
  for (const { name, bytes, sha256 } of parts) {
    const content = readFileSync(path.join(folder, name));
    const found = createHash("sha256").update(content).digest("hex");
    if (content.length !== bytes || found !== sha256) throw new Error(`${name} is not as listed`);
  }
  if (hasPending(folder)) throw new Error(`${folder} still has parts that nobody took`);
}

/** Whether parts lie there that are not the output, of whatever job. */
export function hasPending(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).some((name) => name.startsWith("_pending"));
}
