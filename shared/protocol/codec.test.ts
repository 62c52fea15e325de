import { describe, expect, it } from "vitest";
import { decodeMasterMessage, decodeWorkerMessage, encodeMessage } from "./codec.js";
import type { MasterMessage, WorkerMessage } from "./messages.js";

const ref = { jobId: "wc-20260101-000000-abcd", stage: "map", taskIndex: 3, attempt: 1 } as const;
const result = { counters: { "user.a": 1 }, hasRun: true, parts: [], durationMs: 4.5 };
const failure = {
  code: "MR_USER_CODE_FAILED",
  message: "boom",
  blame: "user",
  userFrame: "job.ts:3:1",
  stack: null,
  place: { location: "/in.txt", offset: 7, preview: "line" },
  logTail: ["last"],
  permanent: false,
} as const;

const fromWorker: readonly WorkerMessage[] = [
  {
    type: "register",
    protocolVersion: 1,
    workerId: "worker-1",
    processId: "p1",
    resume: null,
    slots: 2,
    slotMemoryBytes: 1024,
    runAddress: "http://127.0.0.1:1",
    version: "0.1.0",
    attempts: [ref],
  },
  {
    type: "heartbeat",
    rssBytes: 5,
    attempts: [{ ref, fraction: 0.5, counters: { "map.records": 4 } }],
  },
  { type: "attempt-done", ref, result },
  { type: "attempt-failed", ref, failure: { ...failure, logTail: [...failure.logTail] } },
  {
    type: "run-unreachable",
    ref: { ...ref, stage: "reduce" },
    holderId: "worker-2",
    mapTaskIndex: 0,
    mapAttempt: 1,
    reason: "corrupt",
  },
  { type: "draining" },
  { type: "leaving" },
];

const runs = [{ workerId: "worker-1", address: "http://127.0.0.1:1", maps: [0, 1, 2, 1] }];
const range = { location: "/in.txt", startByte: 0, endByte: 9, fileBytes: 9, version: "v" };

const fromMaster: readonly MasterMessage[] = [
  { type: "registered", incarnation: 4, heartbeatMs: 1000, leaseMs: 10_000 },
  { type: "rejected", code: "MR_PROTOCOL_VIOLATION", message: "no" },
  { type: "launch-attempt", ref, work: { stage: "map", split: { ranges: [range] } } },
  { type: "launch-attempt", ref, work: { stage: "reduce", runs } },
  { type: "cancel-attempt", ref, reason: "preempted" },
  { type: "runs-ready", ref, runs },
  { type: "run-lost", ref, mapTaskIndex: 0, mapAttempt: 1 },
  { type: "report-received", ref, accepted: false },
  { type: "forget-job", jobId: ref.jobId },
  { type: "leave" },
];

describe("protocol codec", () => {
  it.each(fromWorker.map((message) => [message.type, message] as const))(
    "carries %s to the master unchanged",
    (_type, message) => {
      expect(decodeWorkerMessage(encodeMessage(message))).toEqual(message);
    },
  );

  it.each(fromMaster.map((message) => [message.type, message] as const))(
    "carries %s to the worker unchanged",
    (_type, message) => {
      expect(decodeMasterMessage(encodeMessage(message))).toEqual(message);
    },
  );

  it("fills the spec's defaults in describe-job", () => {
    const frame = JSON.stringify({
      type: "describe-job",
      jobId: ref.jobId,
      spec: {
        name: "wc",
        bundleSha256: "0".repeat(64),
        inputs: ["/in.txt"],
        reader: { kind: "text" },
        writer: { kind: "tsv" },
        hasReducer: true,
      },
      output: "/out",
      partitionCount: 2,
      mapTaskCount: 3,
      compression: "lz4",
    });
    expect(decodeMasterMessage(frame)).toMatchObject({ spec: { attemptsMax: 4 } });
  });

  it.each([
    ["no JSON", "{", "frame is not JSON"],
    ["an unknown type", '{"type":"hello"}', "field=type"],
    ["a field too many", '{"type":"draining","why":1}', "not a known message"],
    ["a name that is no folder name", register({ workerId: "../x" }), "field=workerId"],
    ["an attempt number below 1", done({ attempt: 0 }), "field=ref.attempt"],
    ["a master's message", '{"type":"leave"}', "not a known message"],
  ])("refuses %s from a worker", (_what, frame, reason) => {
    expect(() => decodeWorkerMessage(frame)).toThrow(
      expect.objectContaining({
        code: "MR_PROTOCOL_VIOLATION",
        message: expect.stringContaining(reason) as string,
      }),
    );
  });
});

function register(change: Record<string, unknown>): string {
  return JSON.stringify({ ...fromWorker[0], ...change });
}

function done(change: Record<string, unknown>): string {
  return JSON.stringify({ type: "attempt-done", ref: { ...ref, ...change }, result });
}
