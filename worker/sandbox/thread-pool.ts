import { join } from "node:path";
import type { Clock, Timer, Timers } from "#shared/clock/clock";
import { Slot, type Outcome, type RunUnreachable, type SlotOptions } from "./host.js";
import type { AttemptOrder, HostToThread } from "./orders.js";
import { Progress, type ProgressView } from "./progress.js";

export interface PoolOptions extends SlotOptions {
  readonly slots: number;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Where idle threads warm up, a folder a slot; null: they do not. */
  readonly warmUpFolder?: string | null;
  /** Resident memory of this process. */
  readonly rssBytes: () => number;
}

/** An attempt in the pool's hands. */
export interface RunningAttempt {
  /** Never rejects. */
  readonly outcome: Promise<Outcome>;
  post(message: HostToThread): void;
  /** Ends it within about a second; the outcome is `cancelled` unless it ended before. */
  cancel(reason: string): void;
  progress(): ProgressView;
  /** Gives it up if it still waits for a slot; the outcome is `cancelled` then. @returns whether */
  takeBack(): boolean;
}

/** An attempt from `start` to its outcome. */
interface Waiting {
  readonly order: AttemptOrder;
  readonly onUnreachable: (message: RunUnreachable) => void;
  /** What is for the thread before there is one. */
  readonly early: HostToThread[];
  slot: Slot | null;
  resolve: (outcome: Outcome) => void;
}

/** A worker that gets work at once is not kept from it by warming up. */
const warmUpAfterMs = 500;

/** How often attempts are looked at; a runaway allocation makes a few hundred MB in that time. */
const lookEveryMs = 100;

/** Freed memory returns to the system late; only far more than all slots may use is a runaway. */
const rssSlack = 1.5;
/** What a thread takes beside its slot's memory: V8, compiled code, and its predecessor on its way out. */
const threadBytes = 96 * 1024 * 1024;

/** After an attempt was ended for memory, the next look must see what that gave back. */
const rssPauseMs = 2_000;

/** The slots of a worker: hands orders to threads, keeps warm ones, watches all of them. */
export class ThreadPool {
  readonly #options: PoolOptions;
  readonly #free: Slot[];
  readonly #all: readonly Slot[];
  readonly #waiting: Waiting[] = [];
  readonly #rssBytesMax: number;
  readonly #looks: Timer;
  #lookedAtMs: number;
  #rssCheckedFromMs = 0;
  #isClosed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#all = Array.from({ length: options.slots }, () => new Slot(options));
    this.#free = [...this.#all];
    this.#rssBytesMax =
      options.rssBytes() +
      Math.ceil(options.slots * (options.slotMemoryBytes * rssSlack + threadBytes));
    this.#lookedAtMs = options.clock.monotonicMs();
    for (const slot of this.#all) this.#warm(slot);
    this.#looks = options.timers.every(lookEveryMs, () => this.#look());
  }

  /** Runs an attempt as soon as a slot is free: at once, or when a cancelled thread has ended. */
  start(order: AttemptOrder, onUnreachable: (message: RunUnreachable) => void): RunningAttempt {
    const waiting: Waiting = { order, onUnreachable, slot: null, early: [], resolve: () => {} };
    const outcome = new Promise<Outcome>((resolve) => {
      waiting.resolve = resolve;
    });
    const progress = new Progress(order.progress);
    this.#waiting.push(waiting);
    this.#assign();
    return {
      outcome,
      progress: () => progress.read(),
      post: (message) => {
        if (waiting.slot === null) waiting.early.push(message);
        else waiting.slot.post(message);
      },
      cancel: (reason) => {
        if (waiting.slot === null) this.#takeBack(waiting, reason);
        else waiting.slot.cancel(reason);
      },
      takeBack: () => this.#takeBack(waiting, "it was taken back before it began"),
    };
  }

  /** Ends idle threads that hold this bundle; new ones without a bundle stand in for them. */
  forgetBundle(bundlePath: string): void {
    for (const slot of this.#free) if (slot.bundlePath === bundlePath) void this.#renew(slot);
  }

  /** Cancels what runs and ends all threads. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#looks.cancel();
    for (const slot of this.#all) slot.cancel("the worker stops");
    await Promise.all(this.#all.map((slot) => slot.dropThread()));
  }

  #takeBack(waiting: Waiting, reason: string): boolean {
    const index = this.#waiting.indexOf(waiting);
    if (index < 0) return false;
    this.#waiting.splice(index, 1);
    waiting.resolve({ type: "cancelled", reason });
    return true;
  }

  async #renew(slot: Slot): Promise<void> {
    await slot.dropThread();
    if (!this.#isClosed) this.#warm(slot);
  }

  /** Starts a thread, and lets it warm up when nothing has come for it after a while. */
  #warm(slot: Slot): void {
    const { warmUpFolder = null, timers } = this.#options;
    slot.warm();
    if (warmUpFolder === null) return;
    const folder = join(warmUpFolder, `slot-${this.#all.indexOf(slot)}`);
    timers.after(warmUpAfterMs, () => {
      if (!this.#isClosed) slot.warmUp(folder);
    });
  }

  async #run(waiting: Waiting, slot: Slot): Promise<void> {
    waiting.slot = slot;
    const running = slot.run(waiting.order, waiting.onUnreachable);
    for (const message of waiting.early) slot.post(message);
    const outcome = await running;
    // The slot may have its next attempt before this one's owner looks again.
    waiting.slot = null;
    this.#free.push(slot);
    this.#assign();
    waiting.resolve(outcome);
  }

  #assign(): void {
    while (this.#free.length > 0) {
      const waiting = this.#waiting.shift();
      if (waiting === undefined) return;
      void this.#run(waiting, this.#take(waiting.order.bundlePath));
    }
  }

  /** A slot whose thread has the bundle, else one without a thread, else the longest idle. */
  #take(bundlePath: string): Slot {
    const warm = this.#free.findIndex((slot) => slot.bundlePath === bundlePath);
    const empty = this.#free.findIndex((slot) => slot.bundlePath === null);
    const index = warm >= 0 ? warm : Math.max(empty, 0);
    const [slot] = this.#free.splice(index, 1);
    if (slot === undefined) throw new Error("no slot is free");
    return slot;
  }

  #look(): void {
    const nowMs = this.#options.clock.monotonicMs();
    // A process that was frozen sees one long gap; it must not count as the tasks' time.
    const elapsedMs = Math.min(nowMs - this.#lookedAtMs, 2 * lookEveryMs);
    this.#lookedAtMs = nowMs;
    for (const slot of this.#all) slot.look(elapsedMs);
    this.#lookAtProcess(nowMs);
  }

  /** Buffers are in no heap limit: whoever sits longest in user code or holds most goes. */
  #lookAtProcess(nowMs: number): void {
    if (nowMs < this.#rssCheckedFromMs) return;
    const rssBytes = this.#options.rssBytes();
    if (rssBytes <= this.#rssBytesMax) return;
    const running = this.#all
      .map((slot) => ({ slot, view: slot.view() }))
      .filter((row) => row.view !== null)
      .toSorted((a, b) => weight(b.view) - weight(a.view));
    const heaviest = running[0];
    if (heaviest === undefined) return;
    this.#rssCheckedFromMs = nowMs + rssPauseMs;
    heaviest.slot.endForMemory(rssBytes, this.#rssBytesMax);
  }
}

function weight(view: ReturnType<Slot["view"]>): number {
  if (view === null) return 0;
  // Within one call of user code the attempt cannot count what it holds.
  return view.stillMs > 0 ? 1e15 + view.stillMs : view.memoryBytes;
}
