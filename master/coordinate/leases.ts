import type { Clock } from "#shared/clock/clock";
import type { Incarnation, WorkerId } from "#shared/model/ids";
import type { Identity } from "./connection.js";

interface Lease extends Identity {
  /** Monotonic, so that a jump of the clock ends no lease. */
  lastSeenMs: number;
  /** UTC, for people. */
  lastSeenAtMs: number;
}

export interface Expired extends Identity {
  readonly silentMs: number;
}

/** When each worker was last heard. Silence for longer than the lease makes it lost. */
export class Leases {
  readonly #byWorker = new Map<WorkerId, Lease>();
  #lastCheckMs: number;

  constructor(
    private readonly clock: Clock,
    private readonly leaseMs: number,
  ) {
    this.#lastCheckMs = clock.monotonicMs();
  }

  /** How often `expired` is to be asked. */
  get checkPeriodMs(): number {
    return Math.max(10, this.leaseMs / 5);
  }

  start(workerId: WorkerId, incarnation: Incarnation): void {
    const lastSeenMs = this.clock.monotonicMs();
    const lastSeenAtMs = this.clock.nowMs();
    this.#byWorker.set(workerId, { workerId, incarnation, lastSeenMs, lastSeenAtMs });
  }

  /** @returns false when the worker holds no lease of this incarnation, and so is not to be heard */
  renew(workerId: WorkerId, incarnation: Incarnation): boolean {
    const lease = this.#byWorker.get(workerId);
    if (lease?.incarnation !== incarnation) return false;
    lease.lastSeenMs = this.clock.monotonicMs();
    lease.lastSeenAtMs = this.clock.nowMs();
    return true;
  }

  end(workerId: WorkerId, incarnation: Incarnation): void {
    if (this.#byWorker.get(workerId)?.incarnation === incarnation) this.#byWorker.delete(workerId);
  }

  lastSeenAtMs(workerId: WorkerId): number | null {
    return this.#byWorker.get(workerId)?.lastSeenAtMs ?? null;
  }

  /** Takes out every lease that passed. */
  expired(): Expired[] {
    const nowMs = this.clock.monotonicMs();
    const lateMs = nowMs - this.#lastCheckMs - this.checkPeriodMs;
    this.#lastCheckMs = nowMs;
    // While we stood still ourselves (a stopped process, a suspended machine, a long checkpoint), what
    // the workers sent waited to be read: that time says nothing about them.
    if (lateMs > 0) {
      for (const lease of this.#byWorker.values()) {
        lease.lastSeenMs = Math.min(nowMs, lease.lastSeenMs + lateMs);
      }
    }
    const expired: Expired[] = [];
    for (const { workerId, incarnation, lastSeenMs } of this.#byWorker.values()) {
      const silentMs = nowMs - lastSeenMs;
      if (silentMs > this.leaseMs) expired.push({ workerId, incarnation, silentMs });
    }
    for (const { workerId } of expired) this.#byWorker.delete(workerId);
    return expired;
  }
}
