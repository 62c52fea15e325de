import { crc32 } from "node:zlib";
import type { Database, Statement } from "better-sqlite3";
import type { Event } from "#master/schedule/events";
import { fault } from "#shared/errors/fault";
import { mapErrors, openDatabase } from "./database.js";
import { Submissions, type Submission } from "./submissions.js";

/** Below this many events replay takes well under a second, and a checkpoint would cost more. */
const checkpointEventsMin = 10_000;

/** Stands in for the type of an event that the state machine could not take. */
const setAsideType = "set-aside";

export interface Entry {
  readonly atMs: number;
  readonly event: Event;
  /** Remembered in the same transaction as the event. */
  readonly submission?: Submission;
}

export interface JournalledEvent {
  readonly seq: number;
  readonly atMs: number;
  readonly event: Event;
}

export interface Recovery {
  /** The saved state as the texts that were given; empty before the first checkpoint. */
  readonly checkpoint: readonly string[];
  /** What happened since, oldest first, read as it is consumed. Nothing else may run meanwhile. */
  readonly events: Iterable<JournalledEvent>;
}

interface EventRow {
  readonly seq: number;
  readonly at_ms: number;
  readonly type: string;
  readonly body: string;
  readonly crc: number;
}

/** The coordinator's durable event log with its checkpoints: one SQLite file, one owner. */
export class Journal {
  readonly submissions: Submissions;
  readonly #path: string;
  readonly #database: Database;
  readonly #insert: Statement;
  #lastSeq = 0;
  #checkpointSeq = 0;

  /** @throws MR_JOURNAL_IN_USE, MR_JOURNAL_CORRUPT, MR_JOURNAL_VERSION, MR_STORAGE_UNAVAILABLE */
  constructor(path: string, engine: string) {
    this.#path = path;
    this.#database = openDatabase(path, engine);
    this.#insert = this.#database.prepare(
      "INSERT INTO events (seq, at_ms, type, body, crc) VALUES (?, ?, ?, ?, ?)",
    );
    this.submissions = new Submissions(this.#database);
    this.#checkpointSeq = this.#number("SELECT max(seq) FROM checkpoints");
    this.#lastSeq = Math.max(this.#number("SELECT max(seq) FROM events"), this.#checkpointSeq);
  }

  /** Number of events that a start would replay. */
  get eventCount(): number {
    return this.#lastSeq - this.#checkpointSeq;
  }

  /**
   * Writes all entries in one transaction; they are durable when it returns, or none is there.
   * @returns number of the first one; the others follow it
   * @throws MR_DISK_FULL, MR_STORAGE_UNAVAILABLE
   */
  append(entries: readonly Entry[]): number {
    const firstSeq = this.#lastSeq + 1;
    let seq = this.#lastSeq;
    const write = this.#database.transaction(() => {
      for (const { atMs, event, submission } of entries) {
        seq += 1;
        const body = JSON.stringify(event);
        this.#insert.run(seq, Math.trunc(atMs), event.type, body, crc32(body));
        if (submission !== undefined) this.submissions.add(submission);
      }
    });
    mapErrors(this.#path, write);
    this.#lastSeq = seq;
    return firstSeq;
  }

  /**
   * Takes an event out of what is replayed, and keeps it for whoever looks for the bug. Not to be
   * called while events are iterated.
   */
  setAside(seq: number, reason: string): void {
    const write = this.#database.transaction(() => {
      this.#database
        .prepare("INSERT INTO set_aside SELECT seq, at_ms, type, body, ? FROM events WHERE seq = ?")
        .run(reason, seq);
      this.#database
        .prepare("UPDATE events SET type = ?, body = 'null', crc = ? WHERE seq = ?")
        .run(setAsideType, crc32("null"), seq);
    });
    mapErrors(this.#path, write);
  }

  /** @throws MR_JOURNAL_CORRUPT, also while the events are iterated */
  recover(): Recovery {
    const seq = this.#checkpointSeq;
    const rows = this.#database
      .prepare("SELECT part_count, body, crc FROM checkpoints WHERE seq = ? ORDER BY part")
      .all(seq) as { part_count: number; body: string; crc: number }[];
    if (rows.length !== (rows[0]?.part_count ?? 0)) this.#corrupt("checkpoint", seq);
    for (const { body, crc } of rows) if (crc32(body) !== crc) this.#corrupt("checkpoint", seq);
    return { checkpoint: rows.map((row) => row.body), events: this.#eventsAfter(seq) };
  }

  /** Whether enough events gathered; scales with the state so that its cost per event stays level. */
  isCheckpointDue(taskCount: () => number): boolean {
    if (this.eventCount <= checkpointEventsMin) return false;
    return this.eventCount > 2 * taskCount();
  }

  /**
   * Saves the state after the last appended event and drops the events that it contains.
   * @param parts the state in texts of any number, as one alone may be longer than a text can be
   */
  checkpoint(parts: readonly (() => string)[]): void {
    const seq = this.#lastSeq;
    const write = this.#database.transaction(() => {
      this.#database.prepare("DELETE FROM checkpoints").run();
      const insert = this.#database.prepare(
        "INSERT INTO checkpoints (seq, part, part_count, body, crc) VALUES (?, ?, ?, ?, ?)",
      );
      for (const [part, write] of parts.entries()) {
        const body = write();
        insert.run(seq, part, parts.length, body, crc32(body));
      }
      this.#database.prepare("DELETE FROM events WHERE seq <= ?").run(seq);
    });
    mapErrors(this.#path, write);
    this.#checkpointSeq = seq;
  }

  close(): void {
    this.#database.close();
  }

  *#eventsAfter(checkpointSeq: number): Generator<JournalledEvent> {
    const rows = this.#database
      .prepare("SELECT seq, at_ms, type, body, crc FROM events WHERE seq > ? ORDER BY seq")
      .iterate(checkpointSeq) as IterableIterator<EventRow>;
    let expected = checkpointSeq;
    for (const row of rows) {
      expected += 1;
      if (row.seq !== expected) this.#corrupt("missing event", expected);
      if (crc32(row.body) !== row.crc) this.#corrupt("event", row.seq);
      if (row.type === setAsideType) continue;
      const event = JSON.parse(row.body) as Event;
      yield { seq: row.seq, atMs: row.at_ms, event };
    }
    if (expected !== this.#lastSeq) this.#corrupt("missing event", expected + 1);
  }

  #number(query: string): number {
    return (this.#database.prepare(query).pluck().get() as number | null) ?? 0;
  }

  #corrupt(what: string, seq: number): never {
    throw fault("MR_JOURNAL_CORRUPT", "journal is not as it was written", {
      path: this.#path,
      what,
      seq,
    });
  }
}
