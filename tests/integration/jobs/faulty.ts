import { defineJob, text, tsv, types } from "millrace";

const leaked: string[][] = [];
const hoarded: Buffer[] = [];
/** Enough to be found out, and no more than a machine has. */
const hoardMax = 150;

/** Does the wrong thing in the place that it is told, and says so before. */
function goWrong(how: string): void {
  process.stdout.write(`about to ${how}\n`);
  if (how === "throw") throw new RangeError("more than there is");
  if (how === "exit") process.exit(7);
  if (how === "reject") throw undefined;
  if (how === "loop") for (;;) Math.sqrt(2);
  if (how === "hoard") {
    while (hoarded.length < hoardMax) hoarded.push(Buffer.alloc(10 * 1024 ** 2, 1));
    for (;;) Math.sqrt(2);
  }
  if (how === "leak") for (;;) leaked.push(Array.from({ length: 1_000 }, () => "leaked"));
}

/** Counts words, unless a place is named in which it goes wrong. */
export default defineJob({
  name: "faulty",
  params: {
    place: {
      type: "string",
      choices: ["map", "combine", "reduce", "setup", "cleanup", "partition", "nowhere"],
      default: "nowhere",
    },
    how: {
      type: "string",
      choices: ["throw", "exit", "loop", "leak", "hoard", "outside", "reject"],
      default: "throw",
    },
    attempts: { type: "number", default: 1_000, about: "attempts that go wrong" },
  },
  input: text(),
  emits: types<string, number>(),
  setup: ({ params, attempt }) => {
    current = attempt <= params.attempts ? params : { place: "nowhere", how: "throw" };
    if (current.place === "setup") goWrong(current.how);
  },
  map: (line, { emit }) => {
    if (line.startsWith("here") && current.place === "map") goWrong(current.how);
    for (const word of line.split(" ")) emit(word, 1);
  },
  combine: (word: string, ones: Iterable<number>, { emit }) => {
    if (word === "here" && current.place === "combine") goWrong(current.how);
    emit(word, total(ones));
  },
  reduce: (word: string, ones: Iterable<number>, { emit }) => {
    if (word === "here" && current.place === "reduce") goWrong(current.how);
    emit(word, total(ones));
  },
  partition: (word: string, partitionCount: number) => {
    if (word === "here" && current.place === "partition") {
      if (current.how === "outside") return partitionCount;
      goWrong(current.how);
    }
    return word.length % partitionCount;
  },
  cleanup: () => {
    if (current.place === "cleanup") goWrong(current.how);
  },
  output: tsv(),
});

let current = { place: "nowhere", how: "throw" };

function total(numbers: Iterable<number>): number {
  let sum = 0;
  for (const number of numbers) sum += number;
  return sum;
}
