import { z } from "zod";
import { limits } from "./limits.js";

export const compressionSchema = z.enum(["gzip", "zstd"]);
export type Compression = z.infer<typeof compressionSchema>;

const csvDelimiter = z
  .string()
  .refine(isCsvDelimiter, "must be one ASCII character other than a quote, CR or LF");

function isCsvDelimiter(text: string): boolean {
  const code = text.charCodeAt(0);
  return text.length === 1 && code > 0 && code < 128 && !'"\r\n'.includes(text);
}

/** Counted without an encoder, which not every place that checks this has. */
function isDelimiter(text: string): boolean {
  let bytes = 0;
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    if (code >= 0xd800 && code <= 0xdfff) return false;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
  }
  return bytes >= 1 && bytes <= 16;
}

/** Both a reader and a writer: fields that concern only one of them are ignored by the other. */
const tsvSpec = z.strictObject({
  kind: z.literal("tsv"),
  escapes: z.boolean().optional(),
  compress: compressionSchema.optional(),
});
const csvSpec = z.strictObject({
  kind: z.literal("csv"),
  delimiter: csvDelimiter.optional(),
  header: z.union([z.boolean(), z.array(z.string()).min(1)]).optional(),
  quotedNewlines: z.boolean().optional(),
  compress: compressionSchema.optional(),
});

/** How input bytes become records. */
export const readerSpecSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("text"),
    /** What ends a record; absent: `\n` or `\r\n`. */
    delimiter: z
      .string()
      .refine(isDelimiter, "must be well-formed text of 1 to 16 bytes in UTF-8")
      .optional(),
    /** Records are arrays of up to so many lines. */
    batchLines: z.int().min(1).max(1_000_000).optional(),
  }),
  /** Blocks of whole lines. */
  z.strictObject({ kind: z.literal("chunk") }),
  z.strictObject({ kind: z.literal("jsonl") }),
  z.strictObject({ kind: z.literal("file"), as: z.enum(["text", "bytes"]) }),
  z.strictObject({
    kind: z.literal("fixed"),
    recordBytes: z.int().min(1).max(limits.recordBytesMax),
    keyBytes: z.int().min(0).max(limits.recordBytesMax),
  }),
  tsvSpec,
  csvSpec,
  /** Millrace's own binary format. */
  z.strictObject({ kind: z.literal("records") }),
  /** The output of the step before; steps hand records on in Millrace's own binary format. */
  z.strictObject({ kind: z.literal("former") }),
]);
export type ReaderSpec = z.infer<typeof readerSpecSchema>;

/** How output records become bytes. */
export const writerSpecSchema = z.discriminatedUnion("kind", [
  tsvSpec,
  csvSpec,
  z.strictObject({ kind: z.literal("jsonl"), compress: compressionSchema.optional() }),
  z.strictObject({ kind: z.literal("raw"), compress: compressionSchema.optional() }),
  z.strictObject({
    kind: z.literal("lines"),
    separator: z.string().max(16).optional(),
    compress: compressionSchema.optional(),
  }),
  z.strictObject({ kind: z.literal("records") }),
]);
export type WriterSpec = z.infer<typeof writerSpecSchema>;

/** How a side input becomes the value that tasks see. */
export const sideAsSchema = z.enum(["text", "lines", "json", "table", "csv", "records"]);
export type SideAs = z.infer<typeof sideAsSchema>;
