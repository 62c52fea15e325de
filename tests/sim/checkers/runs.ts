import { attemptKey } from "#shared/model/ids";
import type { RunSet } from "#shared/model/result";
import type { CheckerFactory } from "./checker.js";

/**
 * Reduces are told of runs that exist, all of them in the end, and start when no map is pending.
 * What a reduce was told is kept by its attempt.
 */
export const runs: CheckerFactory = (ledger, report) => {
  const told = new Map<string, Set<string>>();
  return {
    command(command) {
      if (command.type !== "launch-reduce" && command.type !== "announce-runs") return;
      const key = attemptKey(command.ref);
      const known = told.get(key) ?? new Set();
      told.set(key, known);
      for (const [map, attempt, workerId] of pairs(command.runs)) {
        known.add(`${map}.${attempt}`);
        const { jobId } = command.ref;
        const { accepted } = ledger.task({ jobId, stage: "map", taskIndex: map });
        const isPresent = accepted && ledger.isPresent(accepted.workerId, accepted.incarnation);
        if (accepted?.ref.attempt !== attempt || accepted.workerId !== workerId || !isPresent) {
          report(`${key} is told of map ${map}.${attempt} on ${workerId}, which is not there`);
        }
      }
    },

    step(_observation, state) {
      for (const job of state.active) {
        if (job.maps.running.size > 0 || job.maps.counts.done < job.maps.taskCount) continue;
        for (const { attempts } of job.reduces.running) {
          const reduce = attempts.at(-1);
          const known = reduce && told.get(attemptKey(reduce.ref));
          for (const map of job.maps.tasks) {
            const name = `${map?.index}.${map?.winner?.ref.attempt}`;
            if (reduce && !known?.has(name)) report(`${attemptKey(reduce.ref)} misses ${name}`);
          }
        }
      }
    },
  };
};

function* pairs(set: RunSet): Iterable<[number, number, string]> {
  for (const { workerId, maps } of set) {
    for (let at = 0; at < maps.length; at += 2)
      yield [maps[at] ?? -1, maps[at + 1] ?? -1, workerId];
  }
}
