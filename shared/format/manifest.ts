import { z } from "zod";
import { fault, messageOf } from "#shared/errors/fault";
import { countersSchema, type Counters } from "#shared/model/result";

export const manifestFormatVersion = 1;

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);

const manifestPartSchema = z.strictObject({
  /** Path below the output folder: `part-00000`, `errors/part-00000.gz`. */
  name: z.string(),
  records: z.int().min(0),
  bytes: z.int().min(0),
  sha256: sha256Schema,
});
export type ManifestPart = z.infer<typeof manifestPartSchema>;

/** `manifest.json` of an output folder: what a finished job wrote, so that it can be checked. */
export const manifestSchema = z.strictObject({
  formatVersion: z.literal(manifestFormatVersion),
  jobId: z.string(),
  jobName: z.string(),
  /** Instant of the commit, ISO 8601, UTC. */
  createdAt: z.iso.datetime(),
  totals: z.strictObject({
    parts: z.int().min(0),
    records: z.int().min(0),
    bytes: z.int().min(0),
  }),
  /** In the order of their numbers, those of the main output before those of folders, by name. */
  parts: z.array(manifestPartSchema),
  /** Sums over the attempts whose output counts. */
  counters: countersSchema,
});
export type Manifest = z.infer<typeof manifestSchema>;

export function buildManifest(from: {
  readonly jobId: string;
  readonly jobName: string;
  readonly createdAtMs: number;
  readonly parts: readonly ManifestPart[];
  readonly counters: Readonly<Counters>;
}): Manifest {
  const totals = { parts: from.parts.length, records: 0, bytes: 0 };
  for (const part of from.parts) {
    totals.records += part.records;
    totals.bytes += part.bytes;
  }
  const byName = Object.entries(from.counters).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    formatVersion: manifestFormatVersion,
    jobId: from.jobId,
    jobName: from.jobName,
    createdAt: new Date(from.createdAtMs).toISOString(),
    totals,
    parts: from.parts.map(({ name, records, bytes, sha256 }) => ({ name, records, bytes, sha256 })),
    counters: Object.fromEntries(byName),
  };
}

/** One part a line, so that a manifest of thousands can be read and compared. */
export function encodeManifest(manifest: Manifest): Buffer {
  const { parts, ...rest } = manifest;
  const lines = parts.map((part) => `    ${JSON.stringify(part)}`).join(",\n");
  const list = parts.length === 0 ? "[]" : `[\n${lines}\n  ]`;
  const text = JSON.stringify({ ...rest, parts: [] }, null, 2);
  // The list stands last, so that its place is known.
  return Buffer.from(`${text.slice(0, text.lastIndexOf("[]"))}${list}\n}\n`);
}

/** @throws MR_OUTPUT_CORRUPT when the bytes are no manifest of this version */
export function decodeManifest(bytes: Uint8Array): Manifest {
  try {
    return manifestSchema.parse(JSON.parse(Buffer.from(bytes).toString("utf8")));
  } catch (error) {
    const problem = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
    throw fault("MR_OUTPUT_CORRUPT", "manifest cannot be read", { problem }, error);
  }
}
