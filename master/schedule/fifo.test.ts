import { describe, expect, it } from "vitest";
import { Fifo } from "./fifo.js";

describe("Fifo", () => {
  it("hands items out in the order in which they came", () => {
    const fifo = new Fifo<number>();
    for (let item = 0; item < 5_000; item++) fifo.push(item);
    const out: (number | undefined)[] = [];
    for (let item = 0; item < 3_000; item++) out.push(fifo.shift());
    for (let item = 5_000; item < 6_000; item++) fifo.push(item);
    while (fifo.length > 0) out.push(fifo.shift());
    expect(out).toEqual(Array.from({ length: 6_000 }, (_, index) => index));
    expect(fifo.shift()).toBeUndefined();
  });

  it("takes an item back at its head", () => {
    const fifo = new Fifo<string>();
    fifo.unshift("a");
    fifo.push("b");
    fifo.push("c");
    const first = fifo.shift();
    const second = fifo.shift();
    fifo.unshift(second ?? "");
    fifo.unshift(first ?? "");
    expect(fifo.toArray()).toEqual(["a", "b", "c"]);
    fifo.remove("b");
    expect(fifo.toArray()).toEqual(["a", "c"]);
  });
});
