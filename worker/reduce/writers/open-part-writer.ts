import type { Compression, WriterSpec } from "#shared/model/formats";
import type { ObjectWriter } from "#shared/storage/backend";
import { compressors } from "./compressor.js";
import { CsvPart } from "./csv-part.js";
import { JsonlPart } from "./jsonl-part.js";
import { LinesPart } from "./lines-part.js";
import { PartBytes } from "./part-bytes.js";
import type { PartBuffers, PartWriter } from "./part-writer.js";
import { RawPart } from "./raw-part.js";
import { RecordsPart } from "./records-part.js";
import { TsvPart } from "./tsv-part.js";

/** Writes a part in the format that the job asks for; commits or discards the object with it. */
export function openPartWriter(
  spec: WriterSpec,
  object: ObjectWriter,
  buffers: PartBuffers,
): PartWriter {
  const compression = compressionOf(spec);
  const bytes = new PartBytes(object, compression === null ? null : compressors[compression]);
  switch (spec.kind) {
    case "tsv":
      return new TsvPart(bytes, buffers);
    case "jsonl":
      return new JsonlPart(bytes, buffers);
    case "raw":
      return new RawPart(bytes, buffers);
    case "records":
      return new RecordsPart(bytes, buffers);
    case "lines":
      return new LinesPart(bytes, buffers, spec.separator ?? "\t");
    case "csv":
      return new CsvPart(bytes, buffers, {
        delimiter: spec.delimiter ?? ",",
        header: typeof spec.header === "object" ? spec.header : null,
      });
  }
}

/** What the names of this writer's parts end in: `.gz`, `.zst` or nothing. */
export function extensionOf(spec: WriterSpec): string {
  const compression = compressionOf(spec);
  return compression === null ? "" : compressors[compression].extension;
}

function compressionOf(spec: WriterSpec): Compression | null {
  return spec.kind === "records" ? null : (spec.compress ?? null);
}
