import type { Source } from "./sources.js";

/**
 * Files that import each other in a circle, each circle once, as the list of its files. Imports of
 * types alone do not count: nothing of them is left when the program runs.
 */
export function findCycles(sources: readonly Source[]): string[][] {
  const edges = new Map<string, string[]>();
  for (const { file, imports } of sources) {
    const targets = imports.flatMap((each) =>
      each.file === null || each.isTypeOnly ? [] : [each.file],
    );
    edges.set(file, targets);
  }
  const state = new Map<string, "open" | "closed">();
  const cycles: string[][] = [];
  const path: string[] = [];
  const visit = (file: string): void => {
    if (state.get(file) === "closed") return;
    if (state.get(file) === "open") {
      cycles.push([...path.slice(path.indexOf(file)), file]);
      return;
    }
    state.set(file, "open");
    path.push(file);
    for (const target of edges.get(file) ?? []) visit(target);
    path.pop();
    state.set(file, "closed");
  };
  for (const file of edges.keys()) visit(file);
  return cycles;
}
