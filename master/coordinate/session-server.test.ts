import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { SimulatedTime } from "#shared/clock/simulated";
import { silentLogger } from "#shared/log/logger";
import { MasterMetrics } from "#shared/metrics/master-metrics";
import { encodeMessage } from "#shared/protocol/codec";
import { closeCodes } from "./connection.js";
import { SessionServer, workerPath, type SessionHandler } from "./session-server.js";

let http: Server;
let sessions: SessionServer;
let metrics: MasterMetrics;
let time: SimulatedTime;
let registered: string[];

beforeEach(async () => {
  time = new SimulatedTime(1_000);
  metrics = new MasterMetrics();
  registered = [];
  const handler: SessionHandler = {
    isReady: true,
    onRegister: (_connection, { workerId }) => registered.push(workerId),
    onMessage: () => {},
    onSign: () => {},
    onClose: () => {},
  };
  sessions = new SessionServer({
    token: null,
    timers: time,
    log: silentLogger(),
    metrics,
    handler,
  });
  http = createServer();
  sessions.attach(http);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  sessions.close();
  metrics.close();
  await new Promise((resolve) => http.close(resolve));
});

async function connect(): Promise<WebSocket> {
  const { port } = http.address() as AddressInfo;
  const socket = new WebSocket(`ws://127.0.0.1:${port}${workerPath}`);
  await once(socket, "open");
  return socket;
}

describe("a connection that does not say who it is", () => {
  it("is closed after ten seconds", async () => {
    const socket = await connect();
    const closed = once(socket, "close");
    time.advance(9_999);
    expect(socket.readyState).toBe(WebSocket.OPEN);
    time.advance(1);
    expect((await closed)[0]).toBe(closeCodes.violation);
  });

  it("stays when it does so in time", async () => {
    const socket = await connect();
    socket.send(
      encodeMessage({
        type: "register",
        protocolVersion: 1,
        workerId: "w1",
        processId: "p1",
        resume: null,
        slots: 1,
        slotMemoryBytes: 1,
        runAddress: "http://127.0.0.1:1",
        version: "test",
        attempts: [],
      }),
    );
    socket.ping();
    await once(socket, "pong");
    expect(registered).toEqual(["w1"]);
    time.advance(60_000);
    socket.ping();
    await once(socket, "pong");
    expect(socket.readyState).toBe(WebSocket.OPEN);
  });

  it("is told what is wrong when it says something else", async () => {
    const socket = await connect();
    const closed = once(socket, "close");
    const answer = once(socket, "message");
    socket.send("{}");
    expect(String((await answer)[0])).toContain("MR_PROTOCOL_VIOLATION");
    expect((await closed)[0]).toBe(closeCodes.rejected);
  });
});
