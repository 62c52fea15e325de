import { brokenInvariants } from "#master/schedule/invariants";
import type { CheckerFactory } from "./checker.js";

/** The state machine's own books are in order. */
export const invariants: CheckerFactory = (_ledger, report) => ({
  step(_observation, state) {
    for (const broken of brokenInvariants(state)) report(broken);
  },
});
