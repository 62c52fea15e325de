import { join } from "./join.js";
import { steps } from "./steps.js";
import type { Template } from "./template.js";
import { wordcount } from "./wordcount.js";

/** Kinds of job that `millrace init` knows, by the name that `--kind` takes; the first one is the usual. */
export const kinds = { wordcount, join, steps } as const satisfies Record<string, Template>;

export type Kind = keyof typeof kinds;
export const kindNames = Object.keys(kinds) as Kind[];
