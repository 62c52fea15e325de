import type { JobView, StepView } from "#shared/client/types";
import { isFinal } from "#shared/model/job";
import { durationText, percent, plural, table } from "./text.js";

/** Where a job with steps is: the run that goes on, or the last one that began; null of other jobs. */
export function presentStep(job: JobView): StepView | null {
  return job.steps.findLast((step) => step.jobId !== null) ?? null;
}

/** `step 2/3 rank, round 4`; `sampling keys` of a job that has only one step. */
export function stepText(job: JobView, step: StepView): string {
  const { index, count, isRepeated } = placeOf(job, step);
  const words = count === 0 ? [] : [`step ${index + 1}/${count} ${step.name}`];
  if (isRepeated) words.push(`round ${step.round}`);
  if (step.isSample) words.push("sampling keys");
  if (step.isCopy) words.push("writing the output");
  return words.join(", ");
}

/** `2/3 rank #4`, for a column. */
export function stepCell(job: JobView): string {
  const step = presentStep(job);
  if (step === null) return "-";
  const { index, count, isRepeated } = placeOf(job, step);
  const round = isRepeated ? ` #${step.round}` : "";
  return count === 0 ? "-" : `${index + 1}/${count} ${step.name}${round}`;
}

/** Whether what `map` and `reduce` of a job show now has a reduce stage. */
export function hasReduceNow(job: JobView): boolean {
  const step = presentStep(job);
  if (step === null) return job.spec.hasReducer;
  // An ended job shows the sums over all its steps.
  if (isFinal(job.status)) return job.reduce.total > 0;
  return hasReduce(job, step);
}

function hasReduce(job: JobView, step: StepView): boolean {
  if (step.isSample || step.isCopy) return false;
  return placeOf(job, step).hasReducer;
}

function placeOf(job: JobView, step: StepView) {
  const steps = job.spec.steps ?? [];
  const index = steps.findIndex(({ name }) => name === step.name);
  const spec = steps[index];
  return {
    index,
    count: steps.length,
    isRepeated: spec?.repeat !== undefined,
    hasReducer: spec?.hasReducer ?? job.spec.hasReducer,
  };
}

/** The runs of steps of a job as a table, with those that have not begun. */
export function stepLines(job: JobView, nowMs: number): string[] {
  if (job.steps.length === 0) return [];
  const rows = job.steps.map((step) => [
    step.name + note(step),
    step.jobId === null ? "-" : String(step.round),
    step.status,
    step.jobId === null ? "-" : percent(step.map.fraction),
    step.jobId === null || !hasReduce(job, step) ? "-" : percent(step.reduce.fraction),
    timeText(step, nowMs),
    step.jobId ?? "-",
  ]);
  const earlier = plural(job.stepsLeftOut, "earlier run");
  return [
    ...table(["STEP", "ROUND", "STATUS", "MAP", "REDUCE", "TIME", "JOB"], rows),
    ...(job.stepsLeftOut > 0 ? [`and ${earlier}: millrace jobs --parent ${job.id}`] : []),
  ];
}

function note(step: StepView): string {
  if (step.isSample) return " (sample of keys)";
  return step.isCopy ? " (output)" : "";
}

function timeText({ startedAt, endedAt }: StepView, nowMs: number): string {
  if (startedAt === null) return "-";
  const endMs = endedAt === null ? nowMs : Date.parse(endedAt);
  return durationText(Math.max(0, endMs - Date.parse(startedAt)));
}
