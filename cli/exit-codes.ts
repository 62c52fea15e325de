import { kindRules } from "#shared/errors/kinds";
import { interruptedExitCode } from "./interrupts.js";

/** Every exit code with its meaning, smallest first. */
export function exitCodes(): { readonly code: number; readonly meaning: string }[] {
  const kinds = Object.entries(kindRules)
    .filter(([, rule]) => rule.exitCode !== 1)
    .map(([kind, rule]) => ({ code: rule.exitCode, meaning: `${kind}: ${rule.advice}` }));
  return [
    { code: 0, meaning: "done; also when Ctrl-C ended only the waiting and the job goes on" },
    { code: 1, meaning: "the job failed or was cancelled while waiting; or an error in Millrace" },
    ...kinds.toSorted((a, b) => a.code - b.code),
    { code: interruptedExitCode, meaning: "Ctrl-C cancelled the job (millrace run)" },
  ];
}
