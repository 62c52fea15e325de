// A million tasks on ten thousand workers. What an event costs must not grow with them: tasks that
// never ran take no memory, and an event causes as many commands as there is something to do.
import { expect, it } from "vitest";
import { serialise } from "#master/schedule/serialise";
import { step } from "#master/schedule/step";
import { Script } from "./script.js";

it("keeps nothing for tasks that never ran, and one command for each slot that frees", () => {
  const script = new Script();
  const { state } = script;
  for (let index = 0; index < 10_000; index++) {
    step(
      state,
      {
        type: "worker-registered",
        workerId: `w${index}`,
        processId: `p${index}`,
        resume: null,
        slots: 1,
        slotMemoryBytes: 1,
        runAddress: "http://w",
        version: "1",
        attempts: [],
      },
      0,
    );
  }
  expect(state.free.length).toBe(10_000);
  const spec = specOf();
  step(state, { type: "job-submitted", jobId: "a", spec, output: "/out" }, 0);
  const range = { location: "/in", startByte: 0, endByte: 1, fileBytes: 1, version: "1" };
  const split = { ranges: [range] };
  const splits = Array.from({ length: 999_999 }, () => split);
  const plan = { splits, partitionCount: 1, inputBytes: 1, fileCount: 1, reasons: [] };
  expect(step(state, { type: "job-planned", jobId: "a", plan }, 0)).toHaveLength(10_000);

  const result = { counters: { records: 1 }, hasRun: true, parts: [], durationMs: 1_000 };
  for (let index = 0; index < 50_000; index++) {
    const ref = { jobId: "a", stage: "map", taskIndex: index, attempt: 1 } as const;
    const workerId = `w${index % 10_000}`;
    const incarnation = (index % 10_000) + 1;
    const event = { type: "attempt-done", ref, result, workerId, incarnation } as const;
    expect(step(state, event, 1).length).toBe(2);
  }
  const job = state.jobs.get("a");
  expect(job?.maps.counts).toMatchObject({ done: 50_000, running: 10_000, pending: 939_999 });
  expect(job?.maps.tasks.length).toBe(60_000);
  expect(serialise(state).jobs[0]?.maps.tasks).toHaveLength(60_000);
});

function specOf() {
  const script = new Script();
  script.job("spec", 0, 1);
  const spec = script.state.jobs.get("spec")?.spec;
  if (spec === undefined) throw new Error("no spec");
  return spec;
}
