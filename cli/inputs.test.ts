import { describe, expect, it } from "vitest";
import type { Job } from "#shared/authoring/any-job";
import {
  cogroup,
  defineJob,
  former,
  sideFormer,
  sideLines,
  sideText,
  text,
  tsv,
} from "#shared/authoring/millrace";
import { assignInputs, assignSides } from "./inputs.js";

const output = tsv();
const source = { input: text(), map: () => {} };
const plain = defineJob({ name: "plain", input: text(), map: () => {}, output });
const single = defineJob({ name: "single", inputs: { logs: source }, output });
const join = defineJob({
  name: "join",
  inputs: { orders: source, customers: source },
  reduce: cogroup(() => {}),
  output,
});
const chain = defineJob({
  name: "chain",
  steps: (step) => [
    step({ name: "one", input: text(), map: () => {} }),
    step({
      name: "two",
      inputs: { former: { input: former(), map: () => {} }, extra: source },
      side: { last: sideFormer(), stop: sideLines(), head: sideText() },
    }),
  ],
  output,
});

function inputs({ definition }: Job, ...given: string[]) {
  return Object.fromEntries(assignInputs(definition, given));
}

describe("assignInputs", () => {
  it("takes paths as they are where inputs have no names, also with =", () => {
    expect(inputs(plain, "a", "date=2015/b", "input=c")).toEqual({
      input: ["a", "date=2015/b", "input=c"],
    });
  });

  it("sorts NAME=PATH by name, and keeps = in paths", () => {
    expect(inputs(join, "orders=a", "customers=c", "orders=date=1/*")).toEqual({
      orders: ["a", "date=1/*"],
      customers: ["c"],
    });
  });

  it("takes a bare path for the only input, or for the one without a name", () => {
    expect(inputs(single, "a", "logs=b", "./x=y")).toEqual({ logs: ["a", "b", "./x=y"] });
    expect(inputs(chain, "extra=e", "a", "input=b")).toEqual({ input: ["a", "b"], extra: ["e"] });
  });

  it("says which inputs there are when a name is wrong or missing", () => {
    expect(() => inputs(join, "order=a", "customers=c")).toThrow(
      '--input is "order=a"; allowed: orders=PATH, customers=PATH',
    );
    expect(() => inputs(join, "a")).toThrow('--input is "a"; allowed: orders=PATH, customers=PATH');
    expect(() => inputs(join, "orders=")).toThrow('--input is "orders="');
    expect(() => inputs(single, "log=a")).toThrow(
      '--input is "log=a"; allowed: logs=PATH, or PATH alone (./PATH where it begins like NAME=)',
    );
    // A step before gives it, not the command line.
    expect(() => inputs(chain, "a", "extra=e", "former=f")).toThrow('--input is "former=f"');
  });

  it("names all inputs that are missing at once", () => {
    expect(() => inputs(join)).toThrow(
      "--input is missing for orders, customers; allowed: --input orders=PATH --input customers=PATH",
    );
    expect(() => inputs(chain, "a")).toThrow("--input is missing for extra;");
    expect(() => inputs(plain)).toThrow("--input is missing; allowed: --input PATH with a file");
    expect(() => inputs(plain, "")).toThrow('--input is ""');
  });
});

describe("assignSides", () => {
  it("sorts NAME=FILE by name and names all that are missing", () => {
    const sides = (...given: string[]) => Object.fromEntries(assignSides(chain.definition, given));
    expect(sides("stop=a", "head=b", "stop=c=d")).toEqual({ stop: ["a", "c=d"], head: ["b"] });
    expect(() => sides()).toThrow(
      "--side is missing for stop, head; allowed: --side stop=FILE --side head=FILE",
    );
    expect(() => sides("last=a")).toThrow('--side is "last=a"; allowed: stop=FILE, head=FILE');
    expect(() => sides("a")).toThrow('--side is "a"; allowed: stop=FILE, head=FILE');
    expect(() => assignSides(plain.definition, ["a=b"])).toThrow(
      "allowed: none, the job has no side inputs",
    );
  });
});
