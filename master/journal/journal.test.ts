import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Event } from "#master/schedule/events";
import { Journal, type Entry } from "./journal.js";

let folder: string;
let path: string;
let opened: Journal[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "journal-"));
  path = join(folder, "journal", "journal.sqlite");
  opened = [];
});
afterEach(() => {
  for (const journal of opened) journal.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(): Journal {
  const journal = new Journal(path, "test");
  opened.push(journal);
  return journal;
}
function close(journal: Journal): void {
  journal.close();
  opened = opened.filter((other) => other !== journal);
}
function cancel(index: number): Entry {
  return { atMs: 1_000 + index, event: { type: "cancel-requested", jobId: `job-${index}` } };
}
function eventsOf(journal: Journal): Event[] {
  return [...journal.recover().events].map((row) => row.event);
}
function faultCode(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
  return "none";
}

describe("journal", () => {
  it("gives back what was appended, in order and with its instants", () => {
    const first = open();
    expect(first.recover().checkpoint).toEqual([]);
    first.append([cancel(1), cancel(2)]);
    first.append([cancel(3)]);
    close(first);
    const rows = [...open().recover().events];
    expect(rows).toEqual([
      { seq: 1, atMs: 1_001, event: cancel(1).event },
      { seq: 2, atMs: 1_002, event: cancel(2).event },
      { seq: 3, atMs: 1_003, event: cancel(3).event },
    ]);
  });

  it("starts from the checkpoint and drops the events that it contains", () => {
    const first = open();
    first.append([cancel(1), cancel(2)]);
    first.checkpoint([() => "saved", () => "2"]);
    first.append([cancel(3)]);
    close(first);
    const second = open();
    const recovery = second.recover();
    expect(recovery.checkpoint).toEqual(["saved", "2"]);
    expect([...recovery.events].map((row) => row.seq)).toEqual([3]);
    expect(second.eventCount).toBe(1);
    second.checkpoint([() => "saved 3"]);
    close(second);
    expect(open().recover().checkpoint).toEqual(["saved 3"]);
  });

  it("keeps the former checkpoint when a new one fails half-way", () => {
    const journal = open();
    journal.append([cancel(1)]);
    journal.checkpoint([() => "old"]);
    journal.append([cancel(2)]);
    const fail = () => {
      throw new RangeError("too long");
    };
    expect(() => journal.checkpoint([() => "new", fail])).toThrow(RangeError);
    expect(journal.recover().checkpoint).toEqual(["old"]);
    expect(eventsOf(journal)).toEqual([cancel(2).event]);
  });

  it("goes on numbering after a checkpoint that contains everything", () => {
    const first = open();
    first.append([cancel(1)]);
    first.checkpoint([() => "{}"]);
    close(first);
    const second = open();
    second.append([cancel(2)]);
    expect([...second.recover().events].map((row) => row.seq)).toEqual([2]);
  });

  it("asks for a checkpoint after 10,000 events, or twice the tasks when there are more", () => {
    const journal = open();
    journal.append(Array.from({ length: 10_001 }, (_, index) => cancel(index)));
    expect(journal.isCheckpointDue(() => 0)).toBe(true);
    expect(journal.isCheckpointDue(() => 5_000)).toBe(true);
    expect(journal.isCheckpointDue(() => 5_001)).toBe(false);
  });

  it("writes a batch wholly or not at all", () => {
    const journal = open();
    const twice = { key: "k", bodySha256: "x", jobId: "j" };
    journal.append([{ ...cancel(1), submission: twice }]);
    expect(faultCode(() => journal.append([cancel(2), { ...cancel(3), submission: twice }]))).toBe(
      "SQLITE_CONSTRAINT_UNIQUE",
    );
    expect(eventsOf(journal)).toEqual([cancel(1).event]);
    journal.append([cancel(4)]);
    expect(eventsOf(journal)).toEqual([cancel(1).event, cancel(4).event]);
  });

  it("remembers the last 1,000 submission keys over a restart", () => {
    const first = open();
    const entries = Array.from({ length: 1_001 }, (_, index) => ({
      ...cancel(index),
      submission: { key: `key-${index}`, bodySha256: `sum-${index}`, jobId: `job-${index}` },
    }));
    first.append(entries);
    close(first);
    const { submissions } = open();
    expect(submissions.find("key-0")).toBeNull();
    expect(submissions.find("key-1")).toEqual(entries[1]?.submission);
    expect(submissions.find("key-1000")).toEqual(entries[1_000]?.submission);
  });

  it("keeps texts of any kind, lone surrogates and NUL included", () => {
    const journal = open();
    const odd: Entry = {
      atMs: 5,
      event: { type: "cancel-requested", jobId: "\u0000\ud800__proto__\n" },
    };
    journal.append([odd]);
    expect(eventsOf(journal)).toEqual([odd.event]);
  });
});

describe("journal that cannot be used", () => {
  it("refuses a second owner", () => {
    open();
    expect(faultCode(() => new Journal(path, "test"))).toBe("MR_JOURNAL_IN_USE");
  });

  it("refuses a file that is no database", () => {
    close(open());
    writeFileSync(path, "this is not a database, however long one looks at it".repeat(100));
    expect(faultCode(() => new Journal(path, "test"))).toBe("MR_JOURNAL_CORRUPT");
  });

  it("notices a flipped bit in an event", () => {
    const first = open();
    first.append([cancel(1), cancel(2)]);
    close(first);
    const bytes = readFileSync(path);
    const at = bytes.indexOf("job-2");
    expect(at).toBeGreaterThan(0);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    expect(faultCode(() => eventsOf(open()))).toBe("MR_JOURNAL_CORRUPT");
  });

  it("notices a missing part of a checkpoint", () => {
    const first = open();
    first.append([cancel(1)]);
    first.checkpoint([() => "a", () => "b"]);
    close(first);
    const database = new Database(path);
    database.exec("DELETE FROM checkpoints WHERE part = 1");
    database.close();
    expect(faultCode(() => open().recover())).toBe("MR_JOURNAL_CORRUPT");
  });

  it("notices a missing event", () => {
    const first = open();
    first.append([cancel(1), cancel(2), cancel(3)]);
    close(first);
    const database = new Database(path);
    database.exec("DELETE FROM events WHERE seq = 2");
    database.close();
    expect(faultCode(() => eventsOf(open()))).toBe("MR_JOURNAL_CORRUPT");
  });

  it("refuses the tables of another version", () => {
    close(open());
    const database = new Database(path);
    database.exec("UPDATE meta SET value = '99' WHERE name = 'schema'");
    database.close();
    expect(faultCode(() => new Journal(path, "test"))).toBe("MR_JOURNAL_VERSION");
  });
});
