// A task that ends its worker each time, whatever worker it is (Spark: "task kills its worker each
// time: the job fails within 100 s, never hangs"; Dask: KilledWorker). Losing a worker is nobody's
// failure, but a task may lose only so many; then its job fails and names the workers that died.
import { expect, it } from "vitest";
import { findJob } from "#master/schedule/views";
import { Script } from "./script.js";

it("fails the job and names the workers that died under it", () => {
  const script = new Script();
  script.job("a", 1, 1, { attemptsMax: 1, lossesMax: 2 });
  for (const [index, name] of ["red", "green", "blue"].entries()) {
    expect(script.worker(name, 1)).toEqual([
      `welcome-worker ${name}#${index + 1}`,
      `launch-map ${name}#${index + 1} a/map-0.${index + 1}`,
    ]);
    expect(script.lost(`${name}#${index + 1}`)).toEqual(index < 2 ? [] : ["clean-job a"]);
  }
  const job = findJob(script.state, "a");
  expect(job?.status).toBe("failed");
  expect(job?.failure?.failure.code).toBe("MR_JOB_FAILED");
  expect(job?.failure?.failure.message).toContain(
    "map-00000 was running on 3 workers when each of them died: red, green, blue",
  );
});
