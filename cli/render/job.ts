import { isFinal } from "#shared/model/job";
import type { JobView, StageProgress } from "#shared/client/types";
import { hasReduceNow, presentStep, stepLines, stepText } from "./steps.js";
import { durationText, instantText, percent } from "./text.js";

/** `[=====>    ]`, `width` characters between the brackets. */
export function bar(fraction: number, width: number): string {
  const full = Math.round(Math.min(1, Math.max(0, fraction)) * width);
  const head = full > 0 && full < width ? `${"=".repeat(full - 1)}>` : "=".repeat(full);
  return `[${head.padEnd(width)}]`;
}

/** Milliseconds from submit to the end, or to now. */
export function elapsedMs(job: JobView, nowMs: number): number {
  const end = job.endedAt === null ? nowMs : Date.parse(job.endedAt);
  return Math.max(0, end - Date.parse(job.submittedAt));
}

/** One line a stage for a live terminal: map, then reduce if there is one; above them the step. */
export function liveLines(job: JobView, columns: number, nowMs: number): string[] {
  const elapsed = durationText(elapsedMs(job, nowMs));
  const width = Math.max(10, Math.min(40, columns - 46));
  const line = (name: string, stage: StageProgress, tail: string): string => {
    const tasks = `${stage.done}/${stage.total}`;
    const percents = percent(stage.fraction).padStart(4);
    const text = `${name} ${bar(stage.fraction, width)} ${percents}  ${tasks} tasks  ${tail}`;
    return text.trimEnd().slice(0, Math.max(20, columns - 1));
  };
  const lines = [line("map   ", job.map, elapsed)];
  if (hasReduceNow(job)) lines.push(line("reduce", job.reduce, stateText(job)));
  else lines[0] = line("map   ", job.map, `${elapsed}  ${stateText(job)}`);
  const step = stepOf(job);
  return step === "" ? lines : [step.slice(0, Math.max(20, columns - 1)), ...lines];
}

/** Which step what is shown is of; of a job that succeeded nothing, because it shows all of them. */
export function stepOf(job: JobView): string {
  const step = presentStep(job);
  return step === null || job.status === "succeeded" ? "" : stepText(job, step);
}

/** The same in one line of plain text, without what changes by itself. */
export function plainLine(job: JobView): string {
  const stage = (name: string, { done, total, fraction }: StageProgress): string =>
    `${name} ${done}/${total} ${percent(fraction)}`;
  const parts = [stage("map", job.map)];
  if (hasReduceNow(job)) parts.push(stage("reduce", job.reduce));
  const state = stateText(job);
  const step = stepOf(job);
  const where = step === "" ? job.id : `${job.id}: ${step}`;
  return `${where}: ${parts.join(", ")}${state === "" ? "" : `, ${state}`}`;
}

function stateText(job: JobView): string {
  if (job.waitingFor !== null) return `waiting: ${job.waitingFor}`;
  const notes = [];
  if (job.status !== "running") notes.push(job.status);
  if (job.attempts.failed > 0) notes.push(`${job.attempts.failed} failed`);
  if (job.attempts.lost > 0) notes.push(`${job.attempts.lost} lost`);
  return notes.join(", ");
}

/** What `millrace job` shows of the job itself. */
export function jobLines(job: JobView, nowMs: number): string[] {
  const { map, reduce, attempts, spec } = job;
  const stage = (name: string, each: StageProgress): string =>
    `${name.padEnd(10)}${percent(each.fraction)}: ${each.done} of ${each.total} tasks done, ` +
    `${each.running} running, ${each.pending} pending`;
  const lines = [
    `job       ${job.id}`,
    `status    ${job.status}${job.waitingFor === null ? "" : ` (waiting: ${job.waitingFor})`}`,
    `submitted ${instantText(job.submittedAt)}, ${took(job, nowMs)}`,
    ...(job.parent === null ? [] : [`step of   ${job.parent}`]),
    ...inputLines(job),
    `output    ${job.output}`,
  ];
  const step = stepOf(job);
  if (step !== "") lines.push(`now       ${step}`);
  lines.push(stage("map", map));
  if (hasReduceNow(job)) lines.push(stage("reduce", reduce));
  lines.push(
    `attempts  ${attempts.running} running, ${attempts.failed} failed, ${attempts.lost} lost`,
  );
  const params = Object.entries(spec.params);
  if (params.length > 0) {
    lines.push(`params    ${params.map(([name, value]) => `${name}=${value}`).join(" ")}`);
  }
  const steps = stepLines(job, nowMs);
  return steps.length === 0 ? lines : [...lines, "", ...steps];
}

/** A line for each input and side input that has a name, each once. */
function inputLines({ spec }: JobView): string[] {
  const steps = spec.steps ?? [spec];
  const inputs = namedLines(
    "input",
    steps.flatMap((step) => step.sources ?? []),
  );
  const sides = namedLines(
    "side",
    steps.flatMap((step) => step.sides ?? []),
  );
  return [...(inputs.length === 0 ? [`input     ${spec.inputs.join(" ")}`] : inputs), ...sides];
}

function namedLines(
  label: string,
  named: readonly { readonly name: string; readonly inputs: readonly string[] }[],
): string[] {
  // Those of the step before have no locations.
  const given = named.filter(({ inputs }) => inputs.length > 0);
  const lines = given.map(({ name, inputs }) => `${label.padEnd(10)}${name}=${inputs.join(" ")}`);
  return [...new Set(lines)];
}

function took(job: JobView, nowMs: number): string {
  const duration = durationText(elapsedMs(job, nowMs));
  return isFinal(job.status) ? `took ${duration}` : `${duration} ago`;
}
