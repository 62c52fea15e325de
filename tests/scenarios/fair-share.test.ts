// Several jobs share the slots: each slot that frees goes to the job that runs the fewest attempts,
// the earlier one if they are equal. A small job that comes late need not wait for a large one.
import { expect, it } from "vitest";
import { Script } from "./script.js";

it("gives a late small job its share of slots as they free", () => {
  const script = new Script();
  script.worker("w1", 4);
  script.job("big", 100, 0);
  expect(script.job("small", 3, 0)).toEqual(["plan-job small"]);
  const next: string[] = [];
  for (const index of [0, 1, 2, 3]) {
    next.push(...script.done(`big/map-${index}.1`, "w1#1").slice(1));
  }
  expect(next).toEqual([
    "launch-map w1#1 small/map-0.1",
    "launch-map w1#1 small/map-1.1",
    "launch-map w1#1 big/map-4.1",
    "launch-map w1#1 big/map-5.1",
  ]);
});

it("spreads launches over workers in turn", () => {
  const script = new Script();
  for (const name of ["w1", "w2", "w3"]) script.worker(name, 2);
  expect(script.job("a", 5, 0).slice(1)).toEqual([
    "launch-map w1#1 a/map-0.1",
    "launch-map w2#2 a/map-1.1",
    "launch-map w3#3 a/map-2.1",
    "launch-map w1#1 a/map-3.1",
    "launch-map w2#2 a/map-4.1",
  ]);
});
