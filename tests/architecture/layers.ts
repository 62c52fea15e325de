/** One room: which files lie in it, how high it stands, and what it may see. */
export interface Layer {
  /** A folder, or one file. */
  readonly path: string;
  /** Rooms import rooms of lower rank only. Rooms of one rank do not know each other. */
  readonly rank: number;
  /** First folders that it may import from besides its own room. */
  readonly sees: readonly string[];
  /** No input or output: imports neither Node nor a room that does. */
  readonly isPure?: true;
}

const master = ["master", "shared"] as const;
const worker = ["worker", "shared"] as const;
const shared = ["shared"] as const;

/** From the bottom to the top. A new room gets its line here first. */
export const layers: readonly Layer[] = [
  { path: "shared/errors", rank: 0, sees: shared, isPure: true },
  { path: "shared/model", rank: 1, sees: shared, isPure: true },
  { path: "shared/authoring", rank: 2, sees: shared, isPure: true },
  { path: "shared/clock", rank: 3, sees: shared },
  { path: "shared/config", rank: 3, sees: shared },
  { path: "shared/format", rank: 3, sees: shared },
  { path: "shared/log", rank: 3, sees: shared },
  { path: "shared/metrics", rank: 3, sees: shared },
  { path: "master/plan", rank: 3, sees: master, isPure: true },
  { path: "master/schedule", rank: 3, sees: master, isPure: true },
  { path: "shared/storage", rank: 4, sees: shared },
  { path: "shared/protocol", rank: 4, sees: shared },
  { path: "shared/client", rank: 4, sees: shared },
  { path: "master/journal", rank: 5, sees: master },
  { path: "master/commit", rank: 5, sees: master },
  { path: "worker/runs", rank: 5, sees: worker },
  { path: "worker/map", rank: 6, sees: worker },
  { path: "worker/shuffle", rank: 6, sees: worker },
  { path: "worker/reduce", rank: 6, sees: worker },
  { path: "master/coordinate", rank: 7, sees: master },
  { path: "worker/streaming", rank: 7, sees: worker },
  { path: "worker/sandbox", rank: 8, sees: worker },
  { path: "worker/task", rank: 9, sees: worker },
  { path: "worker/session", rank: 10, sees: worker },
  { path: "master/api", rank: 10, sees: master },
  { path: "master/main", rank: 11, sees: master },
  { path: "worker/main", rank: 11, sees: worker },
  { path: "cli", rank: 11, sees: shared },
  { path: "testing", rank: 11, sees: ["master", "worker", "shared"] },
  { path: "bench", rank: 11, sees: shared },
  { path: "examples", rank: 11, sees: [] },
  { path: "scripts", rank: 12, sees: ["shared", "master", "worker", "cli", "bench"] },
  { path: "tests", rank: 13, sees: ["shared", "master", "worker", "cli", "bench", "examples"] },
  { path: "vitest.config", rank: 12, sees: [] },
];

/** The room of a file, by its path from the top folder; undefined when it lies in none. */
export function layerOf(file: string): Layer | undefined {
  return layers.find(({ path }) => file.startsWith(`${path}/`) || file.startsWith(`${path}.`));
}
