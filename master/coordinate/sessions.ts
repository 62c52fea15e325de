import type { Incarnation, JobId, WorkerId } from "#shared/model/ids";
import type { Connection } from "./connection.js";

/** The live connection of each worker, by the incarnation that was welcomed on it. */
export class Sessions {
  readonly #byWorker = new Map<WorkerId, Connection>();

  /** Makes this connection the worker's only one. */
  bind(connection: Connection, workerId: WorkerId, incarnation: Incarnation): void {
    const former = this.#byWorker.get(workerId);
    connection.identity = { workerId, incarnation };
    this.#byWorker.set(workerId, connection);
    if (former !== undefined && former !== connection) former.close("replaced");
  }

  /** @returns null when the worker has no live connection with this incarnation */
  find(workerId: WorkerId, incarnation: Incarnation): Connection | null {
    const connection = this.#byWorker.get(workerId);
    if (connection === undefined || !connection.isOpen) return null;
    return connection.identity?.incarnation === incarnation ? connection : null;
  }

  /** Whether messages on this connection still speak for its worker. */
  isPresent(connection: Connection): boolean {
    const { identity } = connection;
    return identity !== null && this.#byWorker.get(identity.workerId) === connection;
  }

  /** Closes the connection of a worker that is lost. */
  end(workerId: WorkerId, incarnation: Incarnation): void {
    const connection = this.#byWorker.get(workerId);
    if (connection?.identity?.incarnation !== incarnation) return;
    this.#byWorker.delete(workerId);
    connection.close("lost");
  }

  remove(connection: Connection): void {
    if (!this.isPresent(connection) || connection.identity === null) return;
    this.#byWorker.delete(connection.identity.workerId);
  }

  all(): Iterable<Connection> {
    return this.#byWorker.values();
  }

  forgetJob(jobId: JobId): void {
    for (const connection of this.#byWorker.values()) {
      connection.described.delete(jobId);
      connection.send({ type: "forget-job", jobId });
    }
  }
}
