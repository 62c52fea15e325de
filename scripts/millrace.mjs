#!/usr/bin/env node
// The command `millrace`: in a checkout it installs and builds first what is missing or old.
import { ensureBuilt, ensureInstalled, isCheckout } from "./setup.mjs";

if (isCheckout()) {
  const say = (line) => process.stderr.write(`millrace: ${line}\n`);
  ensureInstalled(say);
  ensureBuilt(say);
}
await import("../dist/cli/main.js");
