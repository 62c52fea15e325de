import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { defineJob, text, tsv, types } from "millrace";
import { mark } from "./gate.js";

/** Far beyond the time-out of the task. */
const stallMs = 10_000;

/** Calls until something happens; what happens depends on seed and attempt alone. */
let callsLeft = 0;
let fate: "well" | "kill" | "stall" = "well";

async function live(): Promise<void> {
  callsLeft -= 1;
  if (callsLeft !== 0) return;
  if (fate === "kill") process.kill(process.pid, "SIGKILL");
  if (fate === "kill" || fate === "stall") await pause(stallMs);
}

/** Word count that kills its worker, or stays beyond its time-out, in the middle of some attempts. */
export default defineJob({
  name: "crash",
  params: {
    folder: { type: "string" },
    seed: { type: "number" },
    kills: { type: "number", about: "share of attempts that kill their worker" },
    stalls: { type: "number", about: "share of attempts that stay" },
  },
  input: text(),
  emits: types<string, number>(),
  setup: ({ stage, taskIndex, attempt, params }) => {
    const name = `${stage}-${taskIndex}.${attempt}`;
    const dice = createHash("sha256").update(`${params.seed} ${name}`).digest();
    const chance = dice.readUInt32LE(0) / 2 ** 32;
    const { kills, stalls } = params;
    fate = chance < kills ? "kill" : chance < kills + stalls ? "stall" : "well";
    callsLeft = 1 + (dice.readUInt32LE(4) % 50);
    mark(params.folder, `${fate} ${name}`);
  },
  map: async (line, { emit }) => {
    await live();
    for (const word of line.match(/\p{L}+/gu) ?? []) emit(word.toLowerCase(), 1);
  },
  reduce: async (word, ones, { emit }) => {
    await live();
    let total = 0;
    for (const one of ones) total += one;
    emit(word, total);
  },
  output: tsv(),
});
