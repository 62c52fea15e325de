import path from "node:path";
import type { PlanView } from "#shared/client/types";
import { splitSizeBytes } from "#shared/model/split";
import type { Command, Invocation } from "../command.js";
import { connect } from "../connect.js";
import { connectFlags, jobFlags } from "../flags.js";
import { loadJobFile } from "../job-file.js";
import { bytesText, plural, table } from "../render/text.js";
import { buildSubmission, readChoices } from "../submission.js";

/** Splits that are shown to a person; `--json` has more. */
const shownSplits = 10;

export const plan: Command = {
  name: "plan",
  about: "Show how a job would be cut into tasks, without running it.",
  positionals: [
    { name: "JOBFILE", about: "TypeScript or JavaScript file that exports a job by default." },
    {
      name: "INPUT",
      about: "Further inputs, as a shell expands a glob.",
      isOptional: true,
      isRest: true,
    },
  ],
  flags: [...jobFlags, ...connectFlags],
  examples: [
    {
      line: "millrace plan examples/wordcount.ts --input examples/data/gutenberg",
      about: "Splits and partitions, with the reasons.",
    },
    {
      line: "millrace plan job.ts --input big.log --split-bytes 16MiB --reducers 8",
      about: "The same with other choices.",
    },
  ],
  run: runPlan,
};

async function runPlan(invocation: Invocation): Promise<number> {
  const { cwd } = invocation;
  const choices = readChoices(invocation);
  const client = connect(invocation);
  const loaded = await loadJobFile(path.resolve(cwd, invocation.positional(0)));
  const found = await client.plan(buildSubmission(loaded, choices, cwd));
  invocation.print(found, planLines(found));
  return 0;
}

function planLines(found: PlanView): string[] {
  const stages =
    found.partitionCount === 0
      ? "no reduce tasks (map-only)"
      : plural(found.partitionCount, "reduce task");
  const rows = found.splits.slice(0, shownSplits).map((split, index) => {
    const [first] = split.ranges;
    const more = split.ranges.length > 1 ? ` and ${split.ranges.length - 1} more` : "";
    const range = first === undefined ? "" : `${first.startByte}-${first.endByte}`;
    return [
      `map-${String(index).padStart(5, "0")}`,
      bytesText(splitSizeBytes(split)),
      `${first?.location ?? ""} ${range}${more}`,
    ];
  });
  const rest = found.splitCount - rows.length;
  return [
    `${plural(found.fileCount, "file")}, ${bytesText(found.inputBytes)}: ` +
      `${plural(found.splitCount, "map task")}, ${stages}`,
    ...found.reasons.map((reason) => `  ${reason}`),
    ...(rows.length === 0 ? [] : table(["TASK", "SIZE", "READS"], rows)),
    ...(rest > 0 ? [`and ${plural(rest, "more map task")}`] : []),
  ];
}
