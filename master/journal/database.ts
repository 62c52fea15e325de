import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import Database from "better-sqlite3";
import { fault } from "#shared/errors/fault";

/** Grows with every change of the tables below. */
export const schemaVersion = 1;

const schema = `
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS events (
    seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, type TEXT NOT NULL,
    body TEXT NOT NULL, crc INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS checkpoints (
    seq INTEGER NOT NULL, part INTEGER NOT NULL, part_count INTEGER NOT NULL,
    body TEXT NOT NULL, crc INTEGER NOT NULL, PRIMARY KEY (seq, part));
  CREATE TABLE IF NOT EXISTS set_aside (
    seq INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, type TEXT NOT NULL,
    body TEXT NOT NULL, reason TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS submissions (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, body_sha256 TEXT NOT NULL,
    job_id TEXT NOT NULL);
`;

/**
 * Opens the one file, creates its tables, and takes a lock that lasts as long as the process: the
 * operating system frees it however the process ends.
 * @throws MR_JOURNAL_IN_USE when another process holds it, MR_JOURNAL_CORRUPT, MR_JOURNAL_VERSION
 */
export function openDatabase(path: string, engine: string): Database.Database {
  mkdirSync(dirname(path), { recursive: true });
  const database = mapErrors(path, () => new Database(path, { timeout: 0 }));
  try {
    mapErrors(path, () => {
      database.pragma("locking_mode = EXCLUSIVE");
      database.pragma("journal_mode = WAL");
      database.pragma("synchronous = FULL");
      database.exec("BEGIN IMMEDIATE");
      database.exec(schema);
      database.exec("COMMIT");
    });
    mapErrors(path, () => checkIntegrity(database, path));
    mapErrors(path, () => checkVersion(database, path, engine));
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

/** Runs a statement, turning SQLite's own codes into faults. */
export function mapErrors<Result>(path: string, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    const code = error instanceof Database.SqliteError ? error.code : "";
    if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED")) {
      throw fault("MR_JOURNAL_IN_USE", "another master uses this journal", { path }, error);
    }
    if (code.startsWith("SQLITE_CORRUPT") || code === "SQLITE_NOTADB") {
      throw fault("MR_JOURNAL_CORRUPT", "journal is not as it was written", { path }, error);
    }
    if (code === "SQLITE_FULL") {
      throw fault("MR_DISK_FULL", "no space left for the journal", { path }, error);
    }
    if (code.startsWith("SQLITE_IOERR") || code === "SQLITE_CANTOPEN") {
      throw fault("MR_STORAGE_UNAVAILABLE", "journal cannot be used", { path, code }, error);
    }
    throw error;
  }
}

function checkIntegrity(database: Database.Database, path: string): void {
  const answer: unknown = database.pragma("quick_check(1)", { simple: true });
  if (answer === "ok") return;
  throw fault("MR_JOURNAL_CORRUPT", "journal is not as it was written", {
    path,
    reason: String(answer),
  });
}

function checkVersion(database: Database.Database, path: string, engine: string): void {
  const row = database.prepare("SELECT value FROM meta WHERE name = 'schema'").get() as
    | { value: string }
    | undefined;
  if (row !== undefined && Number(row.value) !== schemaVersion) {
    throw fault("MR_JOURNAL_VERSION", "journal was written by another version of the engine", {
      path,
      found: row.value,
      allowed: schemaVersion,
    });
  }
  const put = database.prepare("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)");
  database.transaction(() => {
    put.run("schema", String(schemaVersion));
    put.run("engine", engine);
  })();
}
