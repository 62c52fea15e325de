/**
 * The right to run attempts: lasts `leaseMs` from the moment at which the last message was *sent*
 * that the master is known to have received, so that it never outlasts what the master grants.
 */
export class Lease {
  #leaseMs = Number.POSITIVE_INFINITY;
  #provenAtMs = Number.NEGATIVE_INFINITY;
  #isHeld = false;

  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Longest wait between tries to connect: while there is a lease to keep, several fit into it. */
  get waitMaxMs(): number {
    return this.#isHeld ? this.#leaseMs / 4 : Number.POSITIVE_INFINITY;
  }

  /** The master registered this worker; the register message left at `sentAtMs`. */
  begin(leaseMs: number, sentAtMs: number): void {
    this.#leaseMs = leaseMs;
    this.#provenAtMs = sentAtMs;
    this.#isHeld = true;
  }

  /** The master answered something that left at `sentAtMs`. */
  prove(sentAtMs: number): void {
    this.#provenAtMs = Math.max(this.#provenAtMs, sentAtMs);
  }

  end(): void {
    this.#isHeld = false;
  }

  hasExpired(nowMs: number): boolean {
    return this.#isHeld && nowMs - this.#provenAtMs >= this.#leaseMs;
  }
}
