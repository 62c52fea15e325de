import type { Journal } from "#master/journal/journal";
import type { Submission } from "#master/journal/submissions";
import type { Command } from "#master/schedule/commands";
import type { Event } from "#master/schedule/events";
import { deserialise, serialise } from "#master/schedule/serialise";
import { readParts, writeParts } from "#master/schedule/state-parts";
import { createState, type ScheduleConfig, type State } from "#master/schedule/state";
import { step } from "#master/schedule/step";
import type { Clock, Timers } from "#shared/clock/clock";
import { asFault, fault } from "#shared/errors/fault";
import type { Logger } from "#shared/log/logger";
import type { MasterMetrics } from "#shared/metrics/master-metrics";
import type { Connection } from "./connection.js";

/** Events of one transaction; the rest waits for a turn of the event loop, so that sockets are read. */
const batchMax = 2_000;
/** Events replayed before others get a turn, so that health is answered during a long recovery. */
const replaySlice = 5_000;
const diskRetryMs = 1_000;

/** An event on its way into the journal. */
export interface Offered {
  readonly event: Event;
  /** The connection that it came over. */
  readonly connection: Connection | null;
  readonly submission?: Submission;
  readonly settle?: { resolve(): void; reject(reason: unknown): void };
}

export interface EventLoopParts {
  readonly journal: Journal;
  readonly schedule: Partial<ScheduleConfig>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
  readonly metrics: MasterMetrics;
  /** Runs before the step of a live event; never in a replay. */
  before(offered: Offered): void;
  /** Performs what the step of a live event asked for. */
  perform(commands: readonly Command[], offered: Offered, atMs: number): void;
  /** An error that no event can express: the process is to stop, the journal repairs. */
  onFatal(error: unknown): void;
}

/**
 * The coordinator's heart: takes events in the order offered, makes each durable, lets the pure
 * state machine take it, and hands its commands on. Nothing else changes the state.
 */
export class EventLoop {
  readonly #parts: EventLoopParts;
  #state: State;
  #queue: Offered[] = [];
  #isScheduled = false;
  #isOpen = false;
  #lastAtMs = 0;
  #checkpointFailedAt = 0;

  constructor(parts: EventLoopParts) {
    this.#parts = parts;
    this.#state = createState(parts.schedule);
  }

  /** To be read only. */
  get state(): State {
    return this.#state;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Rebuilds the state from the journal, then opens for events. @throws MR_JOURNAL_CORRUPT */
  async recover(): Promise<{ eventCount: number }> {
    const rebuilding = this.#rebuild(Number.POSITIVE_INFINITY);
    for (;;) {
      const slice = rebuilding.next();
      if (slice.done) {
        this.#isOpen = true;
        return { eventCount: slice.value };
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Takes an event whose loss would be an error: it stays queued until it could be written. */
  offer(event: Event, connection: Connection | null = null): void {
    this.#push({ event, connection });
  }

  /**
   * Takes an event from someone who waits for the outcome.
   * @returns when the event is durable and applied
   * @throws MR_DISK_FULL, MR_STORAGE_UNAVAILABLE when it could not be written and is forgotten
   */
  submit(event: Event, submission?: Submission): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = { resolve, reject };
      this.#push({
        event,
        connection: null,
        settle,
        ...(submission === undefined ? {} : { submission }),
      });
    });
  }

  /** Writes what is queued, saves a checkpoint, and takes nothing more. */
  close(): void {
    if (!this.#isOpen) return;
    while (this.#queue.length > 0 && this.#drain());
    this.#isOpen = false;
    this.#saveCheckpoint();
  }

  /**
   * Makes the state that the journal's events before `seq` lead to, slice by slice.
   * @returns their number
   */
  *#rebuild(seq: number): Generator<undefined, number> {
    const { journal, schedule } = this.#parts;
    for (;;) {
      const { checkpoint, events } = journal.recover();
      this.#state =
        checkpoint.length > 0
          ? deserialise(readParts(checkpoint), schedule)
          : createState(schedule);
      let eventCount = 0;
      let refused: { seq: number; event: Event; error: unknown } | null = null;
      for (const each of events) {
        if (each.seq >= seq) break;
        try {
          step(this.#state, each.event, each.atMs);
        } catch (error) {
          refused = { ...each, error };
          break;
        }
        this.#lastAtMs = Math.max(this.#lastAtMs, each.atMs);
        eventCount += 1;
        if (eventCount % replaySlice === 0) yield;
      }
      if (refused === null) return eventCount;
      this.#setAside(refused.seq, refused.event, refused.error);
    }
  }

  /** A bug. Replaying the event would only meet it again, at every start. */
  #setAside(seq: number, event: Event, error: unknown): void {
    const { journal, log } = this.#parts;
    journal.setAside(seq, error instanceof Error ? (error.stack ?? error.message) : String(error));
    log.error({ err: error, seq, event }, "event set aside: the state machine cannot take it");
  }

  /** One step; null when it failed, which may have left the state half changed: it is made anew. */
  #step(offered: Offered, seq: number, atMs: number): readonly Command[] | null {
    try {
      return step(this.#state, offered.event, atMs);
    } catch (error) {
      this.#setAside(seq, offered.event, error);
      // All of it in one turn: nobody may see the state meanwhile.
      const rebuilding = this.#rebuild(seq);
      while (rebuilding.next().done !== true);
      const { type } = offered.event;
      offered.settle?.reject(fault("MR_INTERNAL", "event cannot be taken", { type }, error));
      return null;
    }
  }

  #push(offered: Offered): void {
    if (!this.#isOpen) {
      offered.settle?.reject(fault("MR_NOT_READY", "the master takes no changes now"));
      return;
    }
    this.#queue.push(offered);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    this.#isScheduled = false;
    if (!this.#isOpen) return;
    try {
      const written = this.#drain();
      if (!written) {
        this.#isScheduled = true;
        this.#parts.timers.after(diskRetryMs, () => this.#turn());
        return;
      }
      this.#checkpointIfDue();
    } catch (error) {
      this.#isOpen = false;
      this.#parts.onFatal(error);
      return;
    }
    if (this.#queue.length > 0) this.#schedule();
  }

  /** @returns false when the journal cannot be written just now */
  #drain(): boolean {
    const batch = this.#queue.splice(0, batchMax);
    if (batch.length === 0) return true;
    const atMs = Math.max(this.#lastAtMs, this.#parts.clock.nowMs());
    const firstSeq = this.#append(batch, atMs);
    if (firstSeq === null) return false;
    this.#lastAtMs = atMs;
    for (const [at, offered] of batch.entries()) {
      this.#parts.before(offered);
      const commands = this.#step(offered, firstSeq + at, atMs);
      if (commands === null) continue;
      this.#parts.perform(commands, offered, atMs);
      offered.settle?.resolve();
    }
    return true;
  }

  /** @returns number of the first event, null when the journal cannot be written just now */
  #append(batch: readonly Offered[], atMs: number): number | null {
    const { journal, metrics, clock, log } = this.#parts;
    const startMs = clock.monotonicMs();
    let firstSeq: number;
    try {
      firstSeq = journal.append(
        batch.map(({ event, submission }) => ({
          atMs,
          event,
          ...(submission === undefined ? {} : { submission }),
        })),
      );
    } catch (error) {
      const { kind } = asFault(error);
      if (kind !== "exhausted" && kind !== "unavailable") throw error;
      log.error({ err: error }, "journal cannot be written, trying again");
      for (const offered of batch) offered.settle?.reject(error);
      this.#queue = [...batch.filter(({ settle }) => settle === undefined), ...this.#queue];
      return null;
    }
    metrics.journalAppendSeconds.observe((clock.monotonicMs() - startMs) / 1000);
    metrics.journalEvents.inc(batch.length);
    return firstSeq;
  }

  #checkpointIfDue(): void {
    const { journal } = this.#parts;
    if (journal.eventCount < 2 * this.#checkpointFailedAt) return;
    if (journal.isCheckpointDue(() => taskCount(this.#state))) this.#saveCheckpoint();
  }

  /** The events are all there: without a checkpoint a start only takes longer. */
  #saveCheckpoint(): void {
    const { journal, log, clock } = this.#parts;
    const startMs = clock.monotonicMs();
    const { eventCount } = journal;
    if (eventCount === 0) return;
    try {
      journal.checkpoint(writeParts(serialise(this.#state)));
      this.#checkpointFailedAt = 0;
      const durationMs = Math.round(clock.monotonicMs() - startMs);
      log.info({ eventCount, durationMs }, "checkpoint saved");
    } catch (error) {
      this.#checkpointFailedAt = eventCount;
      log.error({ err: error, eventCount }, "checkpoint could not be saved");
    }
  }
}

function taskCount(state: State): number {
  let count = 0;
  for (const { maps, reduces, remains } of state.jobs.values()) {
    count += remains?.attemptCount ?? maps.taskCount + reduces.taskCount;
  }
  return count;
}
