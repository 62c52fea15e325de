import { fault } from "#shared/errors/fault";
import { encodeSortKey } from "#shared/format/ordered-value";
import { Scratch } from "#shared/format/scratch";
import { decodeNumber, decodeValue, isNumberTag, valueTags } from "#shared/format/value";
import type { Accumulator } from "./accumulator.js";
import {
  appendEmitted,
  appendItem,
  checkListBytes,
  ItemWalk,
  JsonArrayWriter,
} from "./encoded-list.js";
import { compareBytes } from "./record-view.js";

interface Item {
  /** Bytes whose order is that of values, see `ordered-value.ts`. */
  readonly order: Buffer;
  /** The encoded value. */
  readonly value: Buffer;
  /** Number of its arrival: of equal values the earlier one goes before. */
  readonly arrival: number;
}

/** `topK(limit)`: the largest values, largest first. */
export class TopAccumulator implements Accumulator {
  /** A heap: the root is the item that goes first when a larger value comes. */
  #items: Item[] = [];
  #heldBytes = 0;
  #arrivals = 0;
  readonly #order = new Scratch(64);
  readonly #value = new Scratch(64);
  readonly #walk = new ItemWalk();
  readonly #shown: string;

  constructor(readonly limit: number) {
    this.#shown = `topK(${limit})`;
  }

  reset(): void {
    this.#items = [];
    this.#heldBytes = 0;
    this.#arrivals = 0;
  }

  add(bytes: Buffer, start: number, end: number): void {
    if (bytes[start] !== valueTags.partialList) {
      this.#addValue(bytes, start, end);
      return;
    }
    const walk = this.#walk;
    walk.begin(bytes, start + 1, end);
    // The list has its largest first: what follows one that is too small is too small as well.
    while (walk.next() && this.#addValue(bytes, walk.start, walk.end));
  }

  encode(into: Scratch, isFinal: boolean): void {
    const sorted = this.#items.toSorted((left, right) => compareItems(right, left));
    if (!isFinal) {
      into.reserve(1)[into.length++] = valueTags.partialList;
      for (const { value } of sorted) appendItem(into, value, 0, value.length);
      return;
    }
    const array = new JsonArrayWriter(into, this.#shown);
    for (const { value } of sorted) array.add(value, 0, value.length);
    array.end();
  }

  /** @returns whether the value is among the largest so far */
  #addValue(bytes: Buffer, start: number, end: number): boolean {
    const order = this.#order;
    order.length = 0;
    this.#encodeOrder(bytes, start, end);
    const items = this.#items;
    const [root] = items;
    const arrival = this.#arrivals++;
    if (items.length === this.limit && root !== undefined) {
      const { bytes: own, length } = order;
      if (compareBytes(own, 0, length, root.order, 0, root.order.length, 0) <= 0) return false;
      this.#heldBytes -= root.value.length;
      items[0] = this.#makeItem(bytes, start, end, arrival);
      sinkRoot(items);
    } else {
      items.push(this.#makeItem(bytes, start, end, arrival));
      liftLast(items);
    }
    checkListBytes(this.#shown, this.#heldBytes);
    return true;
  }

  #encodeOrder(bytes: Buffer, start: number, end: number): void {
    const tag = bytes[start];
    if (isNumberTag(tag) || tag === valueTags.partialCount) {
      encodeSortKey(this.#order, decodeNumber(bytes, start));
      return;
    }
    try {
      encodeSortKey(this.#order, decodeValue(bytes, start, end));
    } catch (error) {
      const takes = "takes values that have an order: null, booleans, numbers, strings, bytes and";
      throw fault("MR_VALUE_INVALID", `${this.#shown} ${takes} arrays of these`, {}, error);
    }
  }

  #makeItem(bytes: Buffer, start: number, end: number, arrival: number): Item {
    const value = this.#value;
    value.length = 0;
    appendEmitted(value, bytes, start, end);
    this.#heldBytes += value.length;
    return { order: copyOf(this.#order), value: copyOf(value), arrival };
  }
}

function copyOf({ bytes, length }: Scratch): Buffer {
  return Buffer.from(bytes.subarray(0, length));
}

/** Ascending; of equal values the later one first. */
function compareItems(left: Item, right: Item): number {
  const [a, b] = [left.order, right.order];
  return compareBytes(a, 0, a.length, b, 0, b.length, 0) || right.arrival - left.arrival;
}

function liftLast(items: Item[]): void {
  let at = items.length - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!swapIfLess(items, at, parent)) return;
    at = parent;
  }
}

function sinkRoot(items: Item[]): void {
  let at = 0;
  for (;;) {
    let child = at * 2 + 1;
    const [left, right] = [items[child], items[child + 1]];
    if (left === undefined) return;
    if (right !== undefined && compareItems(right, left) < 0) child++;
    if (!swapIfLess(items, child, at)) return;
    at = child;
  }
}

/** Puts the item at `below` in the place of the one `above` it when it is less. */
function swapIfLess(items: Item[], below: number, above: number): boolean {
  const [low, high] = [items[below], items[above]];
  if (low === undefined || high === undefined || compareItems(low, high) >= 0) return false;
  items[above] = low;
  items[below] = high;
  return true;
}
