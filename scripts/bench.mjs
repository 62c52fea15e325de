// `npm run bench`: sets itself up, then runs the benchmark with the arguments given.
import path from "node:path";
import { pathToFileURL } from "node:url";
import { ensureBuilt, ensureInstalled, root } from "./setup.mjs";

const say = (line) => process.stderr.write(`${line}\n`);
ensureInstalled(say);
ensureBuilt(say);

const { runBench } = await import(pathToFileURL(path.join(root, "dist/bench/main.js")).href);
process.exitCode = await runBench({
  argv: process.argv.slice(2),
  environment: process.env,
  root,
  write: (text) => process.stdout.write(text),
});
