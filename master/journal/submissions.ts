import type { Database, Statement } from "better-sqlite3";
import type { JobId } from "#shared/model/ids";

/** Enough for every client that repeats a request within hours; older keys are forgotten. */
const submissionsMax = 1_000;

/** What an `Idempotency-Key` led to. */
export interface Submission {
  readonly key: string;
  /** sha256 (hex) of the request's content, to tell a repeat from another use of the key. */
  readonly bodySha256: string;
  readonly jobId: JobId;
}

/** The last keys under which jobs were submitted, so that a repeated request finds its job. */
export class Submissions {
  readonly #add: Statement;
  readonly #prune: Statement;
  readonly #find: Statement;

  constructor(database: Database) {
    this.#add = database.prepare(
      "INSERT INTO submissions (key, body_sha256, job_id) VALUES (?, ?, ?)",
    );
    this.#prune = database.prepare(
      `DELETE FROM submissions WHERE id <= (SELECT max(id) FROM submissions) - ${submissionsMax}`,
    );
    this.#find = database.prepare(
      `SELECT key, body_sha256 AS bodySha256, job_id AS jobId FROM submissions WHERE key = ?`,
    );
  }

  find(key: string): Submission | null {
    return (this.#find.get(key) as Submission | undefined) ?? null;
  }

  /** Part of the caller's transaction. */
  add(submission: Submission): void {
    this.#add.run(submission.key, submission.bodySha256, submission.jobId);
    this.#prune.run();
  }
}
