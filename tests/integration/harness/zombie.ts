import { once } from "node:events";
import { WebSocket } from "ws";
import { decodeMasterMessage, encodeMessage } from "#shared/protocol/codec";
import { protocolVersion, type MasterMessage, type WorkerMessage } from "#shared/protocol/messages";
import { until } from "./waiting.js";

type Of<Type extends MasterMessage["type"]> = Extract<MasterMessage, { type: Type }>;

/** A worker that speaks the protocol, but keeps to no lease: it does what the test says. */
export class Zombie {
  #socket: WebSocket | null = null;
  #received: MasterMessage[] = [];
  #incarnation: number | null = null;

  constructor(
    private readonly masterUrl: string,
    private readonly workerId: string,
  ) {}

  /** Connects and registers, as the process that it was when it did so before. */
  async register(): Promise<void> {
    this.close();
    // Without an answer to pings nothing tells the master that it lives.
    const socket = new WebSocket(`${this.masterUrl.replace("http", "ws")}/ws/worker`, {
      autoPong: false,
    });
    this.#socket = socket;
    this.#received = [];
    socket.on("message", (data: Buffer) => {
      this.#received.push(decodeMasterMessage(data.toString()));
    });
    await once(socket, "open");
    this.send({
      type: "register",
      protocolVersion,
      workerId: this.workerId,
      processId: "zombie",
      resume: this.#incarnation,
      slots: 1,
      slotMemoryBytes: 512 * 1024 ** 2,
      runAddress: "http://127.0.0.1:9",
      version: "0.1.0",
      attempts: [],
    });
    this.#incarnation = (await this.receive("registered")).incarnation;
  }

  get incarnation(): number | null {
    return this.#incarnation;
  }

  send(message: WorkerMessage): void {
    this.#socket?.send(encodeMessage(message));
  }

  /** The first message of that type on this connection, past or to come. */
  receive<Type extends MasterMessage["type"]>(type: Type): Promise<Of<Type>> {
    return until(`message ${type}`, () =>
      this.#received.find((message): message is Of<Type> => message.type === type),
    ) as Promise<Of<Type>>;
  }

  close(): void {
    this.#socket?.on("error", () => {});
    this.#socket?.terminate();
  }
}
