import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { seededRandom } from "#shared/clock/simulated";
import { systemClock, systemTimers } from "#shared/clock/system";
import { silentLogger } from "#shared/log/logger";
import type { AttemptRef } from "#shared/model/ids";
import { HandMaster } from "./fixtures/hand-master.js";
import { HandTasks } from "./fixtures/hand-tasks.js";
import { Session } from "./session.js";

const ref: AttemptRef = {
  jobId: "wordcount-20261120-120000-abcd",
  stage: "map",
  taskIndex: 0,
  attempt: 1,
};

let master: HandMaster;
let tasks: HandTasks;
let session: Session | null = null;

beforeEach(async () => {
  master = new HandMaster();
  await master.listen();
  tasks = new HandTasks();
});

afterEach(async () => {
  // Draining ends a session in any state; nothing of it may outlive its test.
  session?.drain(0);
  await session?.ended;
  session = null;
  await master.stop();
});

function start(token: string | null = null): Session {
  session = new Session({
    socketUrl: master.socketUrl,
    token,
    identity: {
      workerId: "w1",
      processId: "p1",
      slots: 2,
      slotMemoryBytes: 1_000,
      runAddress: "http://127.0.0.1:9",
      version: "0.1.0",
    },
    tasks,
    clock: systemClock,
    timers: systemTimers,
    random: seededRandom(1),
    rssBytes: () => 77,
    log: silentLogger(),
  });
  session.start();
  return session;
}

describe("a session", () => {
  it("registers with the token, and reports progress by heartbeats", async () => {
    tasks.running = [ref];
    start("sesame-open");
    const peer = await master.nextPeer();
    expect(peer.authorization).toBe("Bearer sesame-open");
    expect(await peer.hear("register")).toMatchObject({
      protocolVersion: 1,
      workerId: "w1",
      processId: "p1",
      resume: null,
      slots: 2,
      attempts: [ref],
      jobs: [ref.jobId],
    });
    await peer.welcome(1);
    expect(await peer.hear("heartbeat")).toEqual({
      type: "heartbeat",
      rssBytes: 77,
      attempts: [{ ref, fraction: 0.5, counters: {} }],
    });
  });

  it("hands on what is for the tasks", async () => {
    start();
    const peer = await master.nextPeer();
    await peer.welcome(1);
    const received = tasks.nextEvent("received");
    peer.say({ type: "cancel-attempt", ref, reason: "test" });
    await received;
    expect(tasks.received).toEqual([{ type: "cancel-attempt", ref, reason: "test" }]);
  });

  it("resumes its incarnation after the connection broke, and repeats reports", async () => {
    start();
    const first = await master.nextPeer();
    expect(await first.welcome(7)).toBe(null);
    await first.hear("heartbeat");
    tasks.running = [ref];
    first.socket.terminate();
    const second = await master.nextPeer();
    expect(await second.welcome(7)).toBe(7);
    expect((await second.hear("register")).attempts).toEqual([ref]);
    await second.hear("heartbeat");
    expect(tasks.repeated).toBe(1);
    expect(tasks.lost).toEqual([]);
  });

  it("finds a master that was away", async () => {
    start();
    const first = await master.nextPeer();
    await first.welcome(7);
    await first.hear("heartbeat");
    await master.stop();
    await master.listen();
    expect(await (await master.nextPeer()).welcome(7)).toBe(7);
  });

  it("keeps trying when the handshake is refused for a while", async () => {
    master.refuse = 503;
    let tries = 0;
    master.onHandshake = () => {
      tries += 1;
      if (tries === 3) master.refuse = null;
    };
    start();
    expect(await (await master.nextPeer()).welcome(1)).toBe(null);
    expect(tries).toBe(3);
  });

  it("loses everything when the master gives it a new incarnation", async () => {
    start();
    const first = await master.nextPeer();
    await first.welcome(7);
    await first.hear("heartbeat");
    tasks.running = [ref];
    const lost = tasks.nextEvent("lost");
    first.socket.terminate();
    await (await master.nextPeer()).welcome(8);
    await lost;
    expect(tasks.repeated).toBe(0);
  });

  it("gives up a half-open connection and resumes on a new one", async () => {
    await master.stop();
    master = new HandMaster(false);
    await master.listen();
    start();
    const first = await master.nextPeer();
    await first.welcome(7);
    // It says nothing more; the socket stays open.
    await first.closed;
    expect(await (await master.nextPeer()).welcome(7)).toBe(7);
  });

  it("stays while the master answers nothing but pings", async () => {
    start();
    const peer = await master.nextPeer();
    await peer.welcome(7, 20);
    await new Promise<void>((resolve) => {
      let pings = 0;
      peer.socket.on("ping", () => {
        pings += 1;
        if (pings === 10) resolve();
      });
    });
    expect(peer.socket.readyState).toBe(peer.socket.OPEN);
  });

  it("loses everything and registers anew when its lease ran out", async () => {
    start();
    const first = await master.nextPeer();
    await first.welcome(7, 20, 150);
    await first.hear("heartbeat");
    tasks.running = [ref];
    const lost = tasks.nextEvent("lost");
    await master.stop();
    await lost;
    expect(tasks.lost).toEqual(["the lease has run out"]);
    await master.listen();
    expect(await (await master.nextPeer()).welcome(8)).toBe(null);
    expect(tasks.lost).toHaveLength(1);
  });

  it("does not let the master's words alone extend the lease", async () => {
    await master.stop();
    master = new HandMaster(false);
    await master.listen();
    start();
    const first = await master.nextPeer();
    const lost = tasks.nextEvent("lost");
    await first.welcome(7, 20, 150);
    // Our own messages do not arrive, but the master's do.
    const talk = setInterval(() => first.socket.ping(), 5);
    await lost;
    clearInterval(talk);
    expect(await (await master.nextPeer()).welcome(8)).toBe(null);
  });

  it("closes a connection whose master speaks another language, and tries again", async () => {
    start();
    const first = await master.nextPeer();
    await first.welcome(7);
    first.socket.send("{}");
    await first.closed;
    expect(await (await master.nextPeer()).welcome(7)).toBe(7);
  });
});

describe("a worker that is not wanted", () => {
  it.each([
    ["MR_TOKEN_WRONG", 3],
    ["MR_PROTOCOL_VIOLATION", 1],
    ["SOMETHING_NEW", 1],
  ])("ends when it is rejected with %s", async (code, exitCode) => {
    const { ended } = start();
    const peer = await master.nextPeer();
    await peer.hear("register");
    peer.say({ type: "rejected", code, message: "no" });
    expect(await ended).toBe(exitCode);
    await peer.closed;
    expect(peer.messages.map(({ type }) => type)).toEqual(["register"]);
  });

  it.each([401, 403])("ends when the handshake is answered %d", async (status) => {
    master.refuse = status;
    expect(await start().ended).toBe(3);
  });

  it("ends when another process took over its name", async () => {
    const { ended } = start();
    const peer = await master.nextPeer();
    await peer.welcome(1);
    peer.socket.close(4002, "replaced");
    expect(await ended).toBe(5);
  });
});

describe("drain", () => {
  it("finishes what runs, waits for leave, says that it leaves, and ends well", async () => {
    tasks.running = [ref];
    const { ended } = start();
    const peer = await master.nextPeer();
    await peer.welcome(1);
    await peer.hear("heartbeat");
    session?.drain(60_000);
    await peer.hear("draining");
    expect(tasks.takesNew).toBe(false);
    peer.say({ type: "leave" });
    const received = tasks.nextEvent("received");
    peer.say({ type: "report-received", ref, accepted: true });
    await received;
    expect(peer.messages.some(({ type }) => type === "leaving")).toBe(false);
    tasks.finish();
    await peer.hear("leaving");
    expect(await ended).toBe(0);
  });

  it("is told again after a reconnect", async () => {
    const { ended } = start();
    const first = await master.nextPeer();
    await first.welcome(1);
    await first.hear("heartbeat");
    session?.drain(60_000);
    await first.hear("draining");
    first.socket.terminate();
    const second = await master.nextPeer();
    await second.welcome(1);
    expect(await second.hear("draining")).toEqual({ type: "draining" });
    second.say({ type: "leave" });
    expect(await ended).toBe(0);
  });

  it("gives up after its time-out, and says that it leaves", async () => {
    tasks.running = [ref];
    const { ended } = start();
    const peer = await master.nextPeer();
    await peer.welcome(1);
    await peer.hear("heartbeat");
    session?.drain(30);
    await peer.hear("leaving");
    expect(await ended).toBe(0);
  });

  it("ends at once when the worker was never registered", async () => {
    master.refuse = 503;
    const { ended } = start();
    session?.drain(60_000);
    expect(await ended).toBe(0);
  });
});
