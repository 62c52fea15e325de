import { keyKinds, type KeyKind } from "#shared/format/key";
import { compareBytes, type RecordStream, type RecordView } from "./record-view.js";
import { mixedKinds, prefixBytes, type RunCursor } from "./run-cursor.js";

/**
 * Merges sorted runs into one stream with a loser tree: each step replays one path of comparisons.
 * Equal keys come in the order of their map task, then of the runs as given, so that the same runs
 * give the same stream whatever was merged before.
 * @see Knuth, The Art of Computer Programming, volume 3, section 5.4.1
 */
export class Merger implements RecordStream {
  readonly #cursors: readonly RunCursor[];
  readonly #size: number;
  /** Node 0 holds the winner, nodes 1..size-1 the loser of their match; the values index cursors. */
  readonly #tree: Int32Array;
  #isStarted = false;

  constructor(cursors: readonly RunCursor[]) {
    this.#cursors = cursors;
    this.#size = cursors.length;
    this.#tree = new Int32Array(Math.max(1, this.#size));
  }

  get record(): RecordView {
    return this.top.record;
  }

  /** The run that holds the present record. */
  get top(): RunCursor {
    const top = this.#cursors[this.#tree[0] ?? 0];
    if (top === undefined) throw new RangeError("a merge of no runs has no record");
    return top;
  }

  /** Kind of all keys; `none` when there is no record. Known after the first `next`. */
  get keyKind(): KeyKind {
    return (
      this.#cursors.find((cursor) => cursor.keyKind !== keyKinds.none)?.keyKind ?? keyKinds.none
    );
  }

  next(): boolean {
    if (this.#size === 0) return false;
    if (!this.#isStarted) return this.#start();
    const winner = this.#tree[0] ?? 0;
    const cursor = this.#cursors[winner];
    cursor?.next();
    if (this.#size > 1) this.#replay(winner);
    return this.top.prefix !== Infinity;
  }

  close(): void {
    for (const cursor of this.#cursors) cursor.close();
  }

  #start(): boolean {
    this.#isStarted = true;
    for (const cursor of this.#cursors) cursor.next();
    const kind = this.keyKind;
    for (const cursor of this.#cursors) {
      if (cursor.keyKind !== keyKinds.none && cursor.keyKind !== kind) {
        throw mixedKinds(kind, cursor.keyKind);
      }
    }
    const size = this.#size;
    const winners = new Int32Array(size * 2);
    for (let leaf = 0; leaf < size; leaf++) winners[size + leaf] = leaf;
    for (let node = size - 1; node >= 1; node--) {
      const left = winners[node * 2] ?? 0;
      const right = winners[node * 2 + 1] ?? 0;
      const isLeft = this.#isBefore(left, right);
      winners[node] = isLeft ? left : right;
      this.#tree[node] = isLeft ? right : left;
    }
    this.#tree[0] = size === 1 ? 0 : (winners[1] ?? 0);
    return this.top.prefix !== Infinity;
  }

  /** Lets the cursor that moved play again from its leaf to the root. */
  #replay(leaf: number): void {
    const tree = this.#tree;
    let winner = leaf;
    for (let node = (leaf + this.#size) >>> 1; node >= 1; node >>>= 1) {
      const loser = tree[node] ?? 0;
      if (this.#isBefore(loser, winner)) {
        tree[node] = winner;
        winner = loser;
      }
    }
    tree[0] = winner;
  }

  #isBefore(left: number, right: number): boolean {
    const one = this.#cursors[left] as RunCursor;
    const other = this.#cursors[right] as RunCursor;
    if (one.prefix !== other.prefix) return one.prefix < other.prefix;
    if (one.prefix === Infinity) return left < right;
    const a = one.record;
    const b = other.record;
    const order = compareBytes(
      a.bytes,
      a.keyStart,
      a.keyEnd,
      b.bytes,
      b.keyStart,
      b.keyEnd,
      prefixBytes,
    );
    if (order !== 0) return order < 0;
    return a.origin === b.origin ? left < right : a.origin < b.origin;
  }
}
