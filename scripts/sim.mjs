#!/usr/bin/env node
// Runs the simulation of the scheduler with chosen seeds: npm run sim -- --seed 7 [--seeds 100] [--trace]
import { parseArgs } from "node:util";
import { build } from "esbuild";

const usage = `usage: npm run sim -- [--seed N] [--seeds M] [--trace]
  --seed N    first seed (default 1)
  --seeds M   how many seeds, one after another (default 1 with --seed, otherwise 1000)
  --trace     print every event and the commands that answered it`;

const options = readOptions();
const { runSeed, explain } = await loadSimulation();
process.exitCode = run();

function run() {
  const startedAtMs = Date.now();
  let eventCount = 0;
  for (let seed = options.seed; seed < options.seed + options.seeds; seed++) {
    const outcome = runSeed(seed);
    eventCount += outcome.eventCount;
    if (options.trace) console.log(outcome.trace().join("\n"));
    if (outcome.violations.length > 0) {
      console.error(explain(outcome));
      return 1;
    }
    if (options.seeds === 1) console.log(`seed ${seed}: jobs ${outcome.statuses.join(", ")}`);
  }
  const seconds = ((Date.now() - startedAtMs) / 1_000).toFixed(1);
  console.log(`${options.seeds} seeds, ${eventCount} events, no rule broken, ${seconds} s`);
  return 0;
}

/** The simulation is TypeScript and no part of the build: it is bundled in memory. */
async function loadSimulation() {
  const bundle = await build({
    entryPoints: [new URL("../tests/sim/run-seed.ts", import.meta.url).pathname],
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    conditions: ["millrace-source"],
    sourcemap: "inline",
    logLevel: "error",
  });
  const code = Buffer.from(bundle.outputFiles[0].contents).toString("base64");
  return import(`data:text/javascript;base64,${code}`);
}

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        seed: { type: "string" },
        seeds: { type: "string" },
        trace: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    if (values.help) {
      console.log(usage);
      process.exit(0);
    }
    const seeds = values.seeds ?? (values.seed === undefined ? "1000" : "1");
    return {
      seed: wholeNumber("--seed", values.seed ?? "1"),
      seeds: wholeNumber("--seeds", seeds),
      trace: values.trace,
    };
  } catch (error) {
    console.error(`${error.message}\n${usage}`);
    process.exit(2);
  }
}

function wholeNumber(name, text) {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new Error(`${name} is ${text}; allowed: a whole number from 0 to 999999999`);
}
