import type { PlanView, StepPlan } from "#shared/client/types";
import type { JobSubmission, SideSpec, SourceSpec } from "#shared/model/job";
import { splitSizeBytes } from "#shared/model/split";
import { bytesText, plural, table } from "./text.js";

/** Splits of a step that are shown to a person; `--json` has more. */
const shownSplits = 10;

type Plan = NonNullable<StepPlan["plan"]>;
type Step = Pick<JobSubmission, "sources" | "sides">;

/** What `millrace plan` tells a person: for each step tasks, sizes and why; what is read beside; what is written. */
export function planLines(found: PlanView, spec: JobSubmission): string[] {
  const lines =
    found.steps.length === 0
      ? stepLines(found, spec)
      : found.steps.flatMap((step, index) => chainLines(step, index, found, spec));
  return [...lines, ...outputLines(spec)];
}

function chainLines(
  step: StepPlan,
  index: number,
  { steps }: PlanView,
  spec: JobSubmission,
): string[] {
  const own = spec.steps?.[index] ?? spec;
  const notes = [];
  if (step.hasSample) notes.push("  first a sample of the keys, which chooses their ranges.");
  if (step.note !== null) notes.push(`  ${step.note}`);
  const lines = step.plan === null ? sideLines(own.sides) : stepLines(step.plan, own);
  // Of a job of one step there is nothing to tell apart.
  if (spec.steps === undefined) return [...notes.map((note) => note.trim()), ...lines];
  const rounds = step.roundsMax > 1 ? `, at most ${plural(step.roundsMax, "round")}` : "";
  const title = `step ${index + 1}/${steps.length} ${step.name}${rounds}`;
  return [...(index === 0 ? [] : [""]), title, ...notes, ...lines.map((line) => `  ${line}`)];
}

function stepLines(plan: Plan, step: Step): string[] {
  const stages =
    plan.partitionCount === 0
      ? "no reduce tasks (map-only)"
      : plural(plan.partitionCount, "reduce task");
  const rest = plan.splitCount - Math.min(plan.splits.length, shownSplits);
  return [
    `${plural(plan.fileCount, "file")}, ${bytesText(plan.inputBytes)}: ` +
      `${plural(plan.splitCount, "map task")}, ${stages}`,
    ...plan.reasons.map((reason) => `  ${reason}`),
    ...splitTable(plan, step.sources),
    ...(rest > 0 ? [`and ${plural(rest, "more map task")}`] : []),
    ...sideLines(step.sides),
  ];
}

function splitTable({ splits }: Plan, sources: readonly SourceSpec[] = []): string[] {
  if (splits.length === 0) return [];
  const hasNames = sources.length > 1;
  const rows = splits.slice(0, shownSplits).map((split, index) => {
    const [first] = split.ranges;
    const more = split.ranges.length > 1 ? ` and ${split.ranges.length - 1} more` : "";
    const range = first === undefined ? "" : `${first.startByte}-${first.endByte}`;
    return [
      `map-${String(index).padStart(5, "0")}`,
      bytesText(splitSizeBytes(split)),
      ...(hasNames ? [sources[split.source ?? 0]?.name ?? ""] : []),
      `${first?.location ?? ""} ${range}${more}`,
    ];
  });
  return table(["TASK", "SIZE", ...(hasNames ? ["INPUT"] : []), "READS"], rows);
}

function sideLines(sides: readonly SideSpec[] = []): string[] {
  return sides.map(({ name, as, inputs, isFormer }) => {
    const from = isFormer === true ? "the step before" : inputs.join(" ");
    return `side input ${name}, whole for every task: ${as} of ${from}`;
  });
}

function outputLines({ output, writer, outputs }: JobSubmission): string[] {
  const place = output ?? "output/JOB in the master's data folder";
  const further = Object.entries(outputs ?? {}).map(
    ([name, each]) => `output ${name}: ${formatText(each)}, in the folder ${name} of it`,
  );
  return [`output: ${formatText(writer)}, ${place}`, ...further];
}

function formatText(writer: JobSubmission["writer"]): string {
  const compress = "compress" in writer ? writer.compress : undefined;
  return compress === undefined ? writer.kind : `${writer.kind} with ${compress}`;
}
