import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import type { Incarnation, JobId, WorkerId } from "#shared/model/ids";
import { encodeMessage } from "#shared/protocol/codec";
import type { MasterMessage, WorkerMessage } from "#shared/protocol/messages";

/** A worker that does not read so much has stopped reading. */
const unsentBytesMax = 256 * 1024 * 1024;

/** Why the master closes a connection. A worker connects again, except when it was replaced or rejected. */
export const closeCodes = {
  violation: 4000,
  rejected: 4001,
  replaced: 4002,
  lost: 4003,
  stuck: 4004,
  stopping: 1001,
} as const;

/** Who is at the other end, once the state has welcomed it. */
export interface Identity {
  readonly workerId: WorkerId;
  readonly incarnation: Incarnation;
}

/** One WebSocket connection of one worker. */
export class Connection {
  identity: Identity | null = null;
  /** Name in the register message; not yet welcomed while `identity` is null. */
  workerId: WorkerId | null = null;
  /** Number of the registration that this connection came with, once welcomed. */
  registration: number | null = null;
  /** Jobs that the worker still knows, as it said when it registered; null: it may know any. */
  heldJobs: readonly JobId[] | null = null;
  /** Messages that came between `register` and the welcome. */
  early: WorkerMessage[] = [];
  /** Jobs that were described here. */
  readonly described = new Set<JobId>();
  #isHeld = false;

  constructor(
    private readonly socket: WebSocket,
    /** What the WebSocket writes to. */
    private readonly stream: Duplex,
    private readonly onSent: (type: MasterMessage["type"]) => void,
  ) {}

  get isOpen(): boolean {
    return this.socket.readyState === this.socket.OPEN;
  }

  send(message: MasterMessage): void {
    if (!this.isOpen) return;
    if (this.socket.bufferedAmount > unsentBytesMax) {
      this.close("stuck");
      return;
    }
    this.#hold();
    this.socket.send(encodeMessage(message));
    this.onSent(message.type);
  }

  /** What one turn of the event loop sends leaves in one write: answers and launches by the dozen. */
  #hold(): void {
    if (this.#isHeld) return;
    this.#isHeld = true;
    this.stream.cork();
    process.nextTick(() => {
      this.#isHeld = false;
      this.stream.uncork();
    });
  }

  /** A sign of life towards the worker; its answer is one towards us. */
  ping(): void {
    if (this.isOpen) this.socket.ping();
  }

  close(why: keyof typeof closeCodes): void {
    this.socket.close(closeCodes[why], why);
    // A peer that is frozen never answers the closing handshake.
    if (why === "lost" || why === "stuck") this.socket.terminate();
  }
}
