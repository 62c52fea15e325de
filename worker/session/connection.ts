import { WebSocket, type RawData } from "ws";
import type { Clock } from "#shared/clock/clock";
import { encodeMessage, frameBytesMax } from "#shared/protocol/codec";
import type { WorkerMessage } from "#shared/protocol/messages";

export interface ConnectionEvents {
  readonly opened: () => void;
  readonly received: (frame: string) => void;
  /** The master answered a ping that left at `sentAtMs`. */
  readonly answered: (sentAtMs: number) => void;
  /** Once, whatever happens. */
  readonly closed: (end: ConnectionEnd) => void;
}

export interface ConnectionEnd {
  readonly reason: string;
  /** HTTP status of a refused handshake, else null. */
  readonly status: number | null;
  /** The master let another process take over this worker's name. */
  readonly isReplaced: boolean;
}

const handshakeTimeoutMs = 10_000;

/** Close code of the master for a connection whose worker registered on another one. */
export const replacedCloseCode = 4002;

/** One WebSocket connection to the master, from dialling to its end. */
export class Connection {
  readonly whenClosed: Promise<void>;
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  #heardAtMs: number;

  constructor(url: string, token: string | null, clock: Clock, events: ConnectionEvents) {
    this.#clock = clock;
    this.#heardAtMs = clock.monotonicMs();
    this.#socket = new WebSocket(url, {
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
      handshakeTimeout: handshakeTimeoutMs,
      maxPayload: frameBytesMax,
      perMessageDeflate: false,
    });
    this.whenClosed = new Promise((resolve) => this.#socket.on("close", () => resolve()));
    this.#listen(events);
  }

  /** When the last sign of life came, on the monotonic clock. */
  get heardAtMs(): number {
    return this.#heardAtMs;
  }

  /** @returns whether the message was handed to the socket; it may still be lost */
  send(message: WorkerMessage): boolean {
    if (this.#socket.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(encodeMessage(message));
    return true;
  }

  /** Asks for a sign of life. */
  ping(): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#socket.ping(String(this.#clock.monotonicMs()));
  }

  /** Ends it at once; `closed` follows. */
  terminate(): void {
    this.#socket.terminate();
  }

  /** Ends it after what was sent is out; `closed` follows. */
  close(): void {
    this.#socket.close(1000);
  }

  #listen(events: ConnectionEvents): void {
    const socket = this.#socket;
    let reason = "the connection broke";
    let status: number | null = null;
    socket.on("open", () => {
      this.#hear();
      events.opened();
    });
    socket.on("message", (data) => {
      this.#hear();
      events.received(textOf(data));
    });
    socket.on("ping", () => this.#hear());
    socket.on("pong", (data) => {
      this.#hear();
      const sentAtMs = Number(data.toString());
      if (Number.isFinite(sentAtMs)) events.answered(sentAtMs);
    });
    socket.on("unexpected-response", (request, response) => {
      status = response.statusCode ?? null;
      reason = `the master answered ${status} to the handshake`;
      response.resume();
      request.destroy();
      // With this listener, ending a refused handshake is on us.
      socket.terminate();
    });
    // Always followed by `close`.
    socket.on("error", (error) => {
      if (status === null) reason = error.message || reason;
    });
    socket.on("close", (code, text) => {
      const said = text.toString();
      if (said !== "") reason = `the master closed the connection: ${said}`;
      events.closed({ reason, status, isReplaced: code === replacedCloseCode });
    });
  }

  #hear(): void {
    this.#heardAtMs = this.#clock.monotonicMs();
  }
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString("utf8");
  return Buffer.isBuffer(data) ? data.toString("utf8") : Buffer.from(data).toString("utf8");
}
