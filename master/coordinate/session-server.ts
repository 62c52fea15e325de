import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer, type RawData, type WebSocket } from "ws";
import { z } from "zod";
import { fault } from "#shared/errors/fault";
import type { Timers } from "#shared/clock/clock";
import type { Logger } from "#shared/log/logger";
import type { MasterMetrics } from "#shared/metrics/master-metrics";
import { decodeWorkerMessage, frameBytesMax } from "#shared/protocol/codec";
import {
  protocolVersion,
  type RegisterMessage,
  type WorkerMessage,
} from "#shared/protocol/messages";
import { checkBearer } from "./access.js";
import { Connection } from "./connection.js";

export const workerPath = "/ws/worker";
/** A connection that does not say who it is holds a socket for nothing. */
const registerWithinMs = 10_000;

/** Messages of one connection in one turn of the event loop; others are heard before the rest. */
const messagesPerTurn = 256;

const greetingSchema = z.looseObject({
  type: z.literal("register"),
  protocolVersion: z.int(),
});

/** What becomes of the messages; called in the order in which they came. */
export interface SessionHandler {
  readonly isReady: boolean;
  onRegister(connection: Connection, message: RegisterMessage): void;
  onMessage(connection: Connection, message: WorkerMessage): void;
  /** Any frame, also a ping: the worker lives. */
  onSign(connection: Connection): void;
  onClose(connection: Connection): void;
}

export interface SessionServerParts {
  readonly token: string | null;
  readonly timers: Timers;
  readonly log: Logger;
  readonly metrics: MasterMetrics;
  readonly handler: SessionHandler;
}

/** Takes workers' WebSocket connections on the master's one port. */
export class SessionServer {
  readonly #parts: SessionServerParts;
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: frameBytesMax,
    perMessageDeflate: false,
  });

  constructor(parts: SessionServerParts) {
    this.#parts = parts;
  }

  attach(http: Server): void {
    http.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      socket.on("error", () => socket.destroy());
      const refusal = this.#refusal(request);
      if (refusal === null) {
        this.#server.handleUpgrade(request, socket, head, (opened) => {
          this.#open(opened, socket);
        });
        return;
      }
      socket.end(`HTTP/1.1 ${refusal}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    });
  }

  close(): void {
    for (const socket of this.#server.clients) socket.terminate();
    this.#server.close();
  }

  #refusal(request: IncomingMessage): string | null {
    const { token, handler } = this.#parts;
    const path = (request.url ?? "").split("?", 1)[0];
    if (path !== workerPath) return "404 Not Found";
    // Only browsers send it, and no browser is a worker.
    if (request.headers.origin !== undefined) return "403 Forbidden";
    const access = checkBearer(token, request.headers.authorization);
    if (access === "missing") return "401 Unauthorized";
    if (access === "wrong") return "403 Forbidden";
    return handler.isReady ? null : "503 Service Unavailable";
  }

  #open(socket: WebSocket, stream: Duplex): void {
    const { handler, metrics, timers, log } = this.#parts;
    const connection = new Connection(socket, stream, (type) => metrics.messagesSent.inc({ type }));
    const deadline = timers.after(registerWithinMs, () => {
      if (connection.workerId === null) connection.close("violation");
    });
    const takeTurn = turnsOf(socket);
    socket.on("message", (data: RawData, isBinary: boolean) => {
      takeTurn();
      try {
        this.#take(connection, data, isBinary);
      } catch (error) {
        log.warn({ err: error, workerId: connection.workerId }, "message refused");
        if (connection.workerId === null) this.#reject(connection, error);
        else connection.close("violation");
      }
    });
    socket.on("ping", () => handler.onSign(connection));
    socket.on("pong", () => handler.onSign(connection));
    socket.on("error", (error) => {
      log.warn({ err: error, workerId: connection.workerId }, "connection broke");
    });
    socket.on("close", () => {
      deadline.cancel();
      handler.onClose(connection);
    });
  }

  #take(connection: Connection, data: RawData, isBinary: boolean): void {
    if (isBinary) throw fault("MR_PROTOCOL_VIOLATION", "frame is not text");
    const { handler, metrics } = this.#parts;
    handler.onSign(connection);
    const text = textOf(data);
    if (connection.workerId === null) checkVersion(text);
    const message = decodeWorkerMessage(text);
    metrics.messagesReceived.inc({ type: message.type });
    if (message.type !== "register") {
      handler.onMessage(connection, message);
      return;
    }
    if (connection.workerId !== null) {
      throw fault("MR_PROTOCOL_VIOLATION", "worker registered twice on one connection");
    }
    connection.workerId = message.workerId;
    handler.onRegister(connection, message);
  }

  #reject(connection: Connection, error: unknown): void {
    const { code, message } = error as { code?: string; message: string };
    connection.send({ type: "rejected", code: code ?? "MR_INTERNAL", message });
    connection.close("rejected");
  }
}

/**
 * Counts the messages of a connection in a turn of the event loop, and stops reading it until the next
 * turn when they are many: a worker that floods the master keeps the others waiting no longer, and what
 * it says waits in its own buffers.
 */
function turnsOf(socket: WebSocket): () => void {
  let count = 0;
  return () => {
    count += 1;
    if (count === messagesPerTurn) socket.pause();
    if (count > 1) return;
    setImmediate(() => {
      if (count >= messagesPerTurn) socket.resume();
      count = 0;
    });
  };
}

/** Before anything else is decoded: another version may have other fields. */
function checkVersion(text: string): void {
  let json: unknown = null;
  try {
    json = JSON.parse(text);
  } catch {
    // The decoder says what is wrong with it.
    return;
  }
  const greeting = greetingSchema.safeParse(json);
  if (!greeting.success) {
    throw fault("MR_PROTOCOL_VIOLATION", "first message must be register");
  }
  if (greeting.data.protocolVersion === protocolVersion) return;
  throw fault("MR_PROTOCOL_VERSION", "worker speaks another version of the protocol", {
    found: greeting.data.protocolVersion,
    allowed: protocolVersion,
  });
}

function textOf(data: RawData): string {
  if (Buffer.isBuffer(data)) return data.toString("utf8");
  if (Array.isArray(data)) return Buffer.concat(data).toString("utf8");
  return Buffer.from(data).toString("utf8");
}
