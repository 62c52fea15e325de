import type { Fold } from "#worker/runs/aggregate-all";
import { combineWasm } from "./combine-wasm.js";
import { wasmEngine, type WasmMemory } from "./wasm-engine.js";

/** What one accumulator of a key does with each value. */
export type Operation = Fold;
/** Bits of an operation's code; a word of 64 bits holds those of all accumulators. */
const operationBits = 2;
const operationCodes: Readonly<Record<Operation, bigint>> = {
  add: 0n,
  count: 1n,
  min: 2n,
  max: 3n,
};

/** The kernel's exports; all positions and sizes are in bytes of its memory. */
interface KernelExports {
  readonly memory: WasmMemory;
  readonly inputStart: { readonly value: number };
  readonly inputBytes: { readonly value: number };
  readonly stagingStart: { readonly value: number };
  readonly stagingBytes: { readonly value: number };
  readonly exceptionsStart: { readonly value: number };
  readonly exceptionCount: { readonly value: number };
  readonly recordCount: { readonly value: number };
  reset(operationCount: number, operations: bigint, laneBits: number): void;
  resetWords(): void;
  clear(): void;
  usedBytes(): number;
  foldAll(): void;
  chunksOf(lane: number): number;
  takeStaged(end: number): void;
  lineFeeds(start: number, end: number): number;
  words(
    start: number,
    end: number,
    bySpace: boolean,
    lowerCase: boolean,
    isPlain: boolean,
    marks: boolean,
  ): number;
}

let compiled: object | null = null;

const laneCount = 1024;
/** Bytes of a cell before its accumulators. */
const cellHeadBytes = 8;
/** Bits of a cell's tag: the key's size, whether it is marked, whether it was handed out. */
const sizeMask = 511;
const marked = 512;
const taken = 1024;
/** What `words` may read behind its input. */
const slackBytes = 64;
const space = 32;

/** Largest key that the kernel takes. */
export const kernelKeyBytesMax = 511;

/** How words are told apart; see `words` of the kernel. */
export interface WordRules {
  readonly bySpace: boolean;
  readonly lowerCase: boolean;
  /** Whether bytes beyond ASCII need no care. */
  readonly isPlain: boolean;
  /** Whether runs that hold such bytes are taken as they are, marked, for `takeMarked` to hand out. */
  readonly marks: boolean;
}

const laneBitsMin = 11;
const laneBitsMax = 14;
/** How much larger records become when they are folded: short keys, all of them different. */
const foldedGrowth = 6;

/** Size of lanes whose records, all lanes being full, take no more than this in tables; as far as may be. */
function laneBitsOf(tableBytes: number): number {
  let bits = laneBitsMax;
  while (bits > laneBitsMin && (laneCount << bits) * foldedGrowth > tableBytes) bits--;
  return bits;
}

/** Takes a cell: the key is `bytes[keyStart, keyEnd)`, its accumulators `doubles[at]` and on. */
export type TakeCell = (
  bytes: Buffer,
  keyStart: number,
  keyEnd: number,
  doubles: Float64Array,
  at: number,
) => void;

/**
 * The kernel with its memory, one a thread. Whoever uses it resets it first. Memory that it needed once it
 * keeps.
 */
export class CombineKernel {
  /** Where records are staged; look again after each call of the kernel, which may move its memory. */
  staging = new Int32Array(0);
  readonly stagingWords: number;
  readonly #kernel: KernelExports;
  #bytes = Buffer.alloc(0);
  #words = new Int32Array(0);
  #doubles = new Float64Array(0);
  #headerBytes = 0;

  constructor() {
    compiled ??= new wasmEngine.Module(Buffer.from(combineWasm, "base64"));
    this.#kernel = new wasmEngine.Instance(compiled, {}).exports as KernelExports;
    this.stagingWords = this.#kernel.stagingBytes.value / 4;
  }

  /**
   * Forgets everything and begins anew.
   * @param operations 1 to 32
   * @param tableBytes that `usedBytes` should not pass by far
   */
  reset(operations: readonly Operation[], tableBytes = Infinity): void {
    let codes = 0n;
    operations.forEach((operation, index) => {
      codes |= operationCodes[operation] << BigInt(index * operationBits);
    });
    this.#headerBytes = cellHeadBytes + operations.length * 8;
    this.#kernel.reset(operations.length, codes, laneBitsOf(tableBytes));
    this.#kernel.resetWords();
    this.#look();
  }

  /** Bytes of the tables; what waits to be folded makes them at most `tableBytes` larger. */
  get usedBytes(): number {
    return this.#kernel.usedBytes();
  }

  /** Bytes of all its memory, which never becomes less. */
  get memoryBytes(): number {
    return this.#kernel.memory.buffer.byteLength;
  }

  /** Words that the kernel itself took since `reset`. */
  get recordCount(): number {
    return this.#kernel.recordCount.value;
  }

  /** Takes what is staged: see `takeStaged` of the kernel for the form. */
  takeStaged(usedWords: number): void {
    this.#kernel.takeStaged(this.#kernel.stagingStart.value + usedWords * 4);
    this.#look();
  }

  /** The most bytes that `takeWords` takes at once. */
  get inputBytesMax(): number {
    return this.#kernel.inputBytes.value;
  }

  /**
   * Counts the words of `from[start, end)`, at most `inputBytesMax` bytes that no word reaches out of.
   * @param onException takes the place of a run that is left to the caller, in `from`
   * @returns how many line feeds were passed
   */
  takeWords(
    from: Buffer,
    start: number,
    end: number,
    rules: WordRules,
    onException: (start: number, end: number) => void,
  ): number {
    const kernel = this.#kernel;
    const inputStart = kernel.inputStart.value;
    const inputEnd = inputStart + end - start;
    from.copy(this.#bytes, inputStart, start, end);
    this.#bytes.fill(space, inputEnd, inputEnd + slackBytes);
    const lineFeeds = kernel.lineFeeds(inputStart, inputEnd);
    let at = inputStart;
    while (at < inputEnd) {
      at = kernel.words(at, inputEnd, rules.bySpace, rules.lowerCase, rules.isPlain, rules.marks);
      this.#look();
      const list = kernel.exceptionsStart.value / 4;
      for (let index = 0; index < kernel.exceptionCount.value; index++) {
        const pair = list + index * 2;
        const runStart = (this.#words[pair] ?? 0) - inputStart;
        onException(start + runStart, start + (this.#words[pair + 1] ?? 0) - inputStart);
      }
    }
    return lineFeeds;
  }

  /**
   * Folds what waits, and hands out the marked keys, which are then gone. `take` may stage and fold keys
   * that are not marked.
   */
  takeMarked(take: TakeCell): void {
    this.#walk((cell, tag) => {
      if ((tag & marked) === 0) return;
      this.#words[cell / 4 + 1] = tag | taken;
      this.#hand(cell, tag, take);
    });
  }

  /** Hands out every cell and empties the tables. */
  drain(take: TakeCell): void {
    this.#walk((cell, tag) => {
      if ((tag & taken) === 0) this.#hand(cell, tag, take);
    });
    this.#kernel.clear();
  }

  #hand(cell: number, tag: number, take: TakeCell): void {
    const key = cell + this.#headerBytes;
    const end = key + (tag & sizeMask);
    take(this.#bytes, key, end, this.#doubles, (cell + cellHeadBytes) / 8);
  }

  /** Calls `visit` with every cell; it may add cells, of which it is told or not. */
  #walk(visit: (cell: number, tag: number) => void): void {
    this.#kernel.foldAll();
    this.#look();
    for (let lane = 0; lane < laneCount; lane++) {
      let chunk = this.#kernel.chunksOf(lane);
      for (; chunk !== 0; chunk = this.#words[chunk / 4] ?? 0) {
        const end = this.#words[chunk / 4 + 1] ?? 0;
        for (let cell = chunk + 8; cell < end;) {
          const tag = this.#words[cell / 4 + 1] ?? 0;
          visit(cell, tag);
          cell += this.#headerBytes + (((tag & sizeMask) + 7) & ~7);
        }
      }
    }
  }

  /** Memory that has grown is another buffer. */
  #look(): void {
    const { buffer } = this.#kernel.memory;
    if (this.#bytes.buffer === buffer) return;
    this.#bytes = Buffer.from(buffer);
    this.#words = new Int32Array(buffer);
    this.#doubles = new Float64Array(buffer);
    const { stagingStart } = this.#kernel;
    this.staging = new Int32Array(buffer, stagingStart.value, this.stagingWords);
  }
}
