import { fault } from "#shared/errors/fault";
import type { SavedJob, SavedState } from "./serialise.js";

/** Tasks and splits in one text: a text of all of a million would be longer than a text can be. */
const itemsPerPart = 20_000;

type Items = "splits" | "maps" | "reduces";

interface ItemsPart {
  readonly items: Items;
  readonly values: readonly unknown[];
}

/** A saved state as texts of bounded length, each written when it is called for. */
export function writeParts({ jobs, ...rest }: SavedState): (() => string)[] {
  return [() => JSON.stringify({ ...rest, jobCountSaved: jobs.length }), ...jobs.flatMap(jobParts)];
}

/** @throws MR_JOURNAL_CORRUPT when parts are missing */
export function readParts([head, ...texts]: readonly string[]): SavedState {
  const { jobCountSaved, ...rest } = JSON.parse(head ?? "null") as Omit<SavedState, "jobs"> & {
    readonly jobCountSaved?: number;
  };
  const jobs: SavedJob[] = [];
  for (const text of texts) {
    const part = JSON.parse(text) as SavedJob | ItemsPart;
    if ("jobId" in part) jobs.push(part);
    else addItems(jobs.at(-1), part);
  }
  if (jobCountSaved !== undefined && jobCountSaved !== jobs.length) throw incomplete();
  return { ...rest, jobs };
}

function jobParts(job: SavedJob): (() => string)[] {
  const { plan, maps, reduces } = job;
  const bare = {
    ...job,
    plan: plan === null ? null : { ...plan, splits: [] },
    maps: { ...maps, tasks: [] },
    reduces: { ...reduces, tasks: [] },
  };
  return [
    () => JSON.stringify(bare),
    ...itemParts("splits", plan?.splits ?? []),
    ...itemParts("maps", maps.tasks),
    ...itemParts("reduces", reduces.tasks),
  ];
}

function itemParts(items: Items, all: readonly unknown[]): (() => string)[] {
  const parts: (() => string)[] = [];
  for (let from = 0; from < all.length; from += itemsPerPart) {
    parts.push(() => JSON.stringify({ items, values: all.slice(from, from + itemsPerPart) }));
  }
  return parts;
}

function addItems(job: SavedJob | undefined, { items, values }: ItemsPart): void {
  const into = items === "splits" ? job?.plan?.splits : job?.[items].tasks;
  if (into === undefined) throw incomplete();
  const list = into as unknown[];
  for (const value of values) list.push(value);
}

function incomplete(): Error {
  return fault("MR_JOURNAL_CORRUPT", "checkpoint has parts that belong to nothing");
}
