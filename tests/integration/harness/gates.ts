import { existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { until } from "./waiting.js";

/** The test's side of `jobs/gate.ts`: sees where tasks are and lets them go on. */
export class Gates {
  constructor(readonly folder: string) {}

  /** Lets everything through that waits under this name, now and later: `map`, `map-1`, `map-1.2`. */
  open(...names: readonly string[]): void {
    for (const name of names) writeFileSync(path.join(this.folder, `go-${name}`), "");
  }

  /** What was marked so far, in order: `map-1.1` for each attempt that began. */
  marks(): string[] {
    const file = path.join(this.folder, "marks");
    if (!existsSync(file)) return [];
    return readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line !== "");
  }

  /** Resolves when all these were marked. */
  async marked(...names: readonly string[]): Promise<void> {
    await until(
      () => `marks ${names.join(", ")}; there are ${this.marks().join(", ")}`,
      () => {
        const marks = new Set(this.marks());
        return names.every((name) => marks.has(name));
      },
    );
  }
}
