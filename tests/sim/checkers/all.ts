import type { Ledger } from "../ledger.js";
import { blame } from "./blame.js";
import type { Checker, CheckerFactory } from "./checker.js";
import { chains } from "./chains.js";
import { commits } from "./commits.js";
import { counters } from "./counters.js";
import { endings } from "./endings.js";
import { fairShare } from "./fair-share.js";
import { fence } from "./fence.js";
import { invariants } from "./invariants.js";
import { launches } from "./launches.js";
import { reruns } from "./reruns.js";
import { runs } from "./runs.js";
import { slots } from "./slots.js";

/** `progress` and `recovery` are checked where the run is driven. */
const factories: Record<string, CheckerFactory> = {
  "one-commit": commits,
  chain: chains,
  slots,
  "launch-once": launches,
  fence,
  blame,
  counters,
  "needless-rerun": reruns,
  "fair-share": fairShare,
  runs,
  "ended-job": endings,
  invariants,
};

export function createCheckers(
  ledger: Ledger,
  report: (checker: string, detail: string) => void,
): Checker[] {
  return Object.entries(factories).map(([name, create]) =>
    create(ledger, (detail) => report(name, detail)),
  );
}
