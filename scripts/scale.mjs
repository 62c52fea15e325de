#!/usr/bin/env node
// Cost of an event in the scheduler with many workers and tasks: node --expose-gc scripts/scale.mjs
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const { values } = parseArgs({
  options: {
    workers: { type: "string", default: "10000" },
    slots: { type: "string", default: "1" },
    maps: { type: "string", default: "10000,100000,1000000" },
    reduces: { type: "string", default: "1000" },
    "duration-ms": { type: "string", default: "1000" },
    ended: { type: "string", default: "0" },
  },
});
const bundle = await build({
  entryPoints: [new URL("../tests/sim/scale.ts", import.meta.url).pathname],
  bundle: true,
  write: false,
  format: "esm",
  platform: "node",
  conditions: ["millrace-source"],
  logLevel: "error",
});
const folder = mkdtempSync(path.join(tmpdir(), "millrace-scale-"));
const file = path.join(folder, "scale.mjs");
writeFileSync(file, bundle.outputFiles[0].contents);
const { runScale, runEnded } = await import(pathToFileURL(file).href).finally(() =>
  rmSync(folder, { recursive: true }),
);

const mega = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;
const optionsFor = (maps) => ({
  workers: Number(values.workers),
  slots: Number(values.slots),
  maps,
  reduces: Number(values.reduces),
  durationMs: Number(values["duration-ms"]),
});
const collectGarbage = globalThis.gc ?? (() => {});
if (Number(values.ended) > 0) {
  console.log("| ended jobs | tasks of each | heap | checkpoint |\n|-----:|-----:|-----:|-----:|");
  for (const maps of values.maps.split(",").map(Number)) {
    const result = runEnded(Number(values.ended), optionsFor(maps), collectGarbage);
    const tasks = maps + Number(values.reduces);
    const sizes = [mega(result.heapBytes), mega(result.checkpointBytes)];
    console.log(`| ${[values.ended, tasks, ...sizes].join(" | ")} |`);
  }
  process.exit(0);
}
console.log(
  "| maps | reduces | events | µs/event | events/s | worst | heap | bytes/task | checkpoint | save | load |",
);
console.log("|-----:|-----:|-----:|-----:|-----:|-----:|-----:|-----:|-----:|-----:|-----:|");
for (const maps of values.maps.split(",").map(Number)) {
  const result = runScale(optionsFor(maps), collectGarbage);
  const row = [
    maps,
    values.reduces,
    result.events,
    ((result.stepMs * 1000) / result.events).toFixed(1),
    Math.round(result.events / (result.stepMs / 1000)),
    `${result.worstMs.toFixed(0)} ms ${result.worstEvent}`,
    mega(result.heapBytes),
    Math.round(result.heapBytes / maps),
    mega(result.checkpointBytes),
    `${(result.serialiseMs / 1000).toFixed(2)} s`,
    `${(result.deserialiseMs / 1000).toFixed(2)} s`,
  ];
  console.log(`| ${row.join(" | ")} |`);
}
