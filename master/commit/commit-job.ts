import type { OutputSummary } from "#master/schedule/events";
import type { NamedPart } from "#master/schedule/views";
import { fault } from "#shared/errors/fault";
import { buildManifest, encodeManifest } from "#shared/format/manifest";
import type { JobId } from "#shared/model/ids";
import { outputPaths } from "#shared/model/keys";
import { isPartPath } from "#shared/model/folders";
import type { Counters, Part } from "#shared/model/result";
import type { StorageBackend } from "#shared/storage/backend";
import { parseLocation } from "#shared/storage/locations";
import { joinKey } from "#shared/storage/object-key";
import { inTurn, spread } from "./concurrency.js";
import { makeRoom } from "./make-room.js";
import { formerManifest } from "./read-manifest.js";
import { removePending } from "./remove-pending.js";

export interface CommitRequest {
  readonly jobId: JobId;
  readonly jobName: string;
  /** Location of the output folder. */
  readonly output: string;
  /** Whether the output of an earlier job may be replaced. */
  readonly overwrite: boolean;
  /** Each becomes what its name says, below the output. */
  readonly parts: readonly NamedPart[];
  readonly counters: Readonly<Counters>;
  readonly nowMs: number;
}

/** Where a commit stands, as the output folder shows it. */
type Progress = "untouched" | "moving" | "moved";

/**
 * Makes the parts of the winning attempts the output of the job. Repeated after a crash at any point
 * it goes on and ends in the same output. The order makes that possible: all parts are checked before
 * anything is changed; the mark in the job's private folder says that what lies there from before is
 * gone, so that every final part is ours; the manifest says that all parts are moved; `_SUCCESS` is
 * written last.
 * @throws MR_OUTPUT_EXISTS without `overwrite`; MR_OUTPUT_CORRUPT when a part is missing or of
 * another size; MR_STORAGE_UNAVAILABLE, MR_DISK_FULL
 */
export function commitJob(backend: StorageBackend, request: CommitRequest): Promise<OutputSummary> {
  return inTurn(`${backend.name} ${request.output}`, () => commit(backend, request));
}

async function commit(backend: StorageBackend, request: CommitRequest): Promise<OutputSummary> {
  const folder = parseLocation(request.output).key;
  const markKey = joinKey(folder, `${outputPaths.pendingFolder(request.jobId)}/_commit`);
  const progress = await findProgress(backend, request, folder, markKey);
  if (progress !== "moved") {
    const moves = await checkParts(backend, request, folder, progress);
    if (progress === "untouched") {
      await makeRoom(backend, request, folder);
      await put(backend, markKey, Buffer.alloc(0));
    }
    await spread(moves, ({ fromKey, toKey }) => backend.move(fromKey, toKey));
    await put(backend, joinKey(folder, outputPaths.manifest), manifestOf(request));
  }
  await removePending(backend, request.output, request.jobId);
  await put(backend, joinKey(folder, outputPaths.success), Buffer.alloc(0));
  return summaryOf(request);
}

async function findProgress(
  backend: StorageBackend,
  request: CommitRequest,
  folder: string,
  markKey: string,
): Promise<Progress> {
  if ((await formerManifest(backend, folder))?.jobId === request.jobId) return "moved";
  return (await backend.stat(markKey)) === null ? "untouched" : "moving";
}

interface Move {
  readonly fromKey: string;
  readonly toKey: string;
}

/** @returns the moves that are left to do */
async function checkParts(
  backend: StorageBackend,
  request: CommitRequest,
  folder: string,
  progress: Progress,
): Promise<Move[]> {
  checkNames(request);
  const moves: Move[] = [];
  await spread(request.parts, async (part) => {
    const fromKey = pendingKey(request, folder, part);
    const toKey = joinKey(folder, part.name);
    const pending = await backend.stat(fromKey);
    // Before the mark is set, a final part of that name is an earlier job's.
    const final = progress === "moving" && pending === null ? await backend.stat(toKey) : null;
    const found = pending ?? final;
    if (found?.sizeBytes !== part.bytes) {
      throw fault("MR_OUTPUT_CORRUPT", "part is not as its attempt reported it", {
        part: part.name,
        location: part.location,
        reportedBytes: part.bytes,
        foundBytes: found?.sizeBytes ?? null,
      });
    }
    if (pending !== null) moves.push({ fromKey, toKey });
  });
  return moves;
}

/** Names come from what workers reported: each leads below the output, and is there once. */
function checkNames({ parts, jobId }: CommitRequest): void {
  const seen = new Set<string>();
  for (const { name } of parts) {
    if (!isPartPath(name) || seen.has(name)) {
      const problem = seen.has(name)
        ? "two parts have one name"
        : "a part has a name that none has";
      throw fault("MR_OUTPUT_CORRUPT", problem, { part: name, jobId });
    }
    seen.add(name);
  }
}

/** A part must lie in the job's private folder: nothing else is ours to move. */
function pendingKey(request: CommitRequest, folder: string, part: Part): string {
  const { key } = parseLocation(part.location);
  const home = `${joinKey(folder, outputPaths.pendingFolder(request.jobId))}/`;
  if (key.startsWith(home)) return key;
  throw fault("MR_OUTPUT_CORRUPT", "part does not lie in the job's private folder", {
    location: part.location,
    jobId: request.jobId,
  });
}

function manifestOf(request: CommitRequest): Buffer {
  const { jobId, jobName, nowMs, counters } = request;
  const { parts } = request;
  return encodeManifest(buildManifest({ jobId, jobName, createdAtMs: nowMs, parts, counters }));
}

async function put(backend: StorageBackend, key: string, bytes: Buffer): Promise<void> {
  const writer = await backend.write(key);
  try {
    await writer.write(bytes);
    await writer.commit();
  } finally {
    await writer.discard();
  }
}

function summaryOf(request: CommitRequest): OutputSummary {
  const { output, parts } = request;
  const sum = (of: (part: Part) => number): number =>
    parts.reduce((total, part) => total + of(part), 0);
  return {
    output,
    partCount: parts.length,
    records: sum((part) => part.records),
    bytes: sum((part) => part.bytes),
  };
}
