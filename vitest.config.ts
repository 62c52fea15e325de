import os from "node:os";
import path from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Beginnings of the paths of what takes longest, longest first: begun last, one alone would be waited for. */
const slowFirst = [
  "tests/integration/user-code",
  "tests/integration/workers",
  "tests/integration/master-killed",
  "tests/integration/examples",
  "tests/sim/",
  "tests/integration/",
  "cli/init/",
  "cli/processes",
  "bench/cluster/",
  "bench/main",
  "worker/sandbox/",
  "testing/",
  "examples/",
  "cli/demo",
];

/** Slow files first, in a fresh clone too; the rest as vitest would. */
class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => this.#rank(a) - this.#rank(b));
  }

  #rank({ moduleId }: TestSpecification): number {
    const file = path.relative(this.ctx.config.root, moduleId);
    const at = slowFirst.findIndex((beginning) => file.startsWith(beginning));
    return at === -1 ? slowFirst.length : at;
  }
}

export default defineConfig({
  resolve: { conditions: ["millrace-source"] },
  ssr: { resolve: { conditions: ["millrace-source"], externalConditions: ["millrace-source"] } },
  test: {
    include: ["**/*.test.ts"],
    exclude: ["dist/**", "node_modules/**"],
    pool: "forks",
    // Many tests wait for processes: on two processors two files at once take hardly more than one.
    maxWorkers: Math.max(2, os.availableParallelism() - 1),
    sequence: { sequencer: SlowFirst },
    // Far beyond what any test takes, on a busy machine too; patience inside of tests is shorter.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
