import { appendFileSync, existsSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** The job's side of `harness/gates.ts`: what a test sees of tasks, and how it holds them. */

const pollMs = 10;
/** A test that forgets a gate must not leave a thread waiting for ever. */
const patienceMs = 60_000;

interface Task {
  readonly stage: string;
  readonly taskIndex: number;
  readonly attempt: number;
}

/** Says that this happened; one line, appended at once. */
export function mark(folder: string, what: string): void {
  if (folder !== "") appendFileSync(path.join(folder, "marks"), `${what}\n`);
}

/** Waits until the test opens the gate. */
export async function pass(folder: string, name: string): Promise<void> {
  const file = path.join(folder, `go-${name}`);
  const deadlineMs = performance.now() + patienceMs;
  while (!existsSync(file)) {
    if (performance.now() > deadlineMs) throw new Error(`nobody opened the gate ${name}`);
    await pause(pollMs);
  }
}

/**
 * Marks the attempt as begun, and holds it when it is named.
 * @param held names with commas between: a stage, a task (`map-1`) or an attempt (`map-1.2`)
 */
export async function begin(task: Task, folder: string, held: string): Promise<void> {
  const { stage, taskIndex, attempt } = task;
  const names = [`${stage}-${taskIndex}.${attempt}`, `${stage}-${taskIndex}`, stage];
  mark(folder, names[0] ?? "");
  const gate = names.find((name) => held.split(",").includes(name));
  if (gate !== undefined) await pass(folder, gate);
}
