// `npm run demo`: from a fresh checkout to two finished jobs on a real cluster of three processes.
import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { ensureBuilt, ensureInstalled, root } from "./setup.mjs";

const topCount = 10;
const jobFiles = ["wordcount.ts", "inverted-index.ts"];
const say = (line) => process.stdout.write(`${line}\n`);

const { values: flags } = parseArgs({ options: { keep: { type: "boolean", default: false } } });
say("1. dependencies: install when needed");
ensureInstalled((line) => say(`   ${line}`));
say("2. build");
ensureBuilt((line) => say(`   ${line}`));

const { Cluster } = await import("../dist/cli/cluster.js");
const { onInterrupt } = await import("../dist/cli/interrupts.js");
const { loadJobFile } = await import("../dist/cli/job-file.js");
const { buildSubmission } = await import("../dist/cli/submission.js");
const { Progress } = await import("../dist/cli/progress.js");
const { failureLines } = await import("../dist/cli/render/failure.js");
const { durationText, countText, plural } = await import("../dist/cli/render/text.js");
const { elapsedMs } = await import("../dist/cli/render/job.js");
const { systemTerminal } = await import("../dist/cli/terminal.js");
const { Client } = await import("../dist/shared/client/client.js");
const { watchJob } = await import("../dist/shared/client/watch.js");
const { loadSettings } = await import("../dist/shared/config/load.js");

const dataFolder = await mkdtemp(path.join(os.tmpdir(), "millrace-demo-"));
const books = path.join(root, "examples", "data", "gutenberg");
const outputs = path.join(root, "millrace-data", "demo");
let cluster;
let isInterrupted = false;
const interrupted = new Promise((resolve) => {
  onInterrupt(() => {
    isInterrupted = true;
    resolve();
  });
});

try {
  process.exitCode = await demo();
} catch (error) {
  process.stderr.write(`${isInterrupted ? "interrupted" : (error.stack ?? error)}\n`);
  process.exitCode = isInterrupted ? 130 : 1;
} finally {
  await cluster?.stop(2_000);
  await rm(dataFolder, { recursive: true, force: true });
}

async function demo() {
  say("3. a master and two workers on free ports of this machine");
  cluster = await untilInterrupted(startCluster());
  say(`   master ${cluster.url}`);
  for (const { name, address, pid } of cluster.workers) say(`   ${name} ${address} (pid ${pid})`);

  say(`4. two jobs at once over ${path.relative(process.cwd(), books) || books}`);
  const client = new Client({ baseUrl: cluster.url, token: null });
  const progress = new Progress(systemTerminal);
  const runs = jobFiles.map((file) => runJob(client, file, progress));
  const jobs = await untilInterrupted(Promise.all(runs));
  progress.end();
  const failed = jobs.filter((job) => job.status !== "succeeded");
  for (const line of failed.flatMap((job) => failureLines(job, process.cwd(), false))) say(line);
  if (failed.length > 0) return 1;

  await printTop(await client.getOutput(jobs[0].id));
  say("6. the whole output");
  for (const job of jobs) {
    const { parts, records } = await client.getOutput(job.id);
    const took = durationText(elapsedMs(job, Date.now()));
    say(`   ${job.output}  ${plural(parts.length, "part")}, ${plural(records, "record")}, ${took}`);
  }
  if (flags.keep) await keep();
  return 0;
}

function startCluster() {
  const slots = Math.max(1, Math.floor(os.availableParallelism() / 2));
  const { settings } = loadSettings({
    env: {},
    flags: { config: "none", data: dataFolder, port: "0", slots: String(slots) },
  });
  return Cluster.start({
    settings,
    workerCount: 2,
    restart: true,
    announce: false,
    onEvent: (line) => say(`   ${line}`),
  });
}

async function runJob(client, file, progress) {
  const loaded = await loadJobFile(path.join(root, "examples", file));
  const output = path.join(outputs, loaded.definition.name);
  const choices = { inputs: [books], output, overwrite: true };
  const submission = buildSubmission(loaded, choices, root);
  await client.putBundle(loaded.bundle.sha256, loaded.bundle.bytes);
  let job = await client.submitJob(submission);
  for await (const view of watchJob(client, job.id, { periodMs: 200 })) {
    if (isInterrupted) break;
    job = view;
    progress.update(job, job.name);
  }
  return job;
}

async function printTop(output) {
  say(`5. the ${topCount} most frequent words`);
  let top = [];
  for (const part of output.parts) {
    const input = createReadStream(path.join(output.output, part.name));
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      const [word, count] = line.split("\t");
      top.push({ word, count: Number(count) });
      if (top.length > 1000) top = best(top);
    }
  }
  for (const { word, count } of best(top)) say(`   ${countText(count).padStart(8)}  ${word}`);
}

function best(words) {
  return words.toSorted((a, b) => b.count - a.count).slice(0, topCount);
}

async function keep() {
  say("");
  say(`the cluster stays up; logs in ${cluster.logFolder}`);
  say(`   npx millrace jobs --master ${cluster.url}`);
  say(`   npx millrace workers --master ${cluster.url}`);
  say("Ctrl-C ends it.");
  await interrupted;
}

/** The outcome, unless Ctrl-C comes first. */
async function untilInterrupted(work) {
  const first = await Promise.race([work, interrupted]);
  if (isInterrupted) throw new Error("interrupted");
  return first;
}
