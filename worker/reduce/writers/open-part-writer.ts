import type { WriterSpec } from "#shared/model/formats";
import type { ObjectWriter } from "#shared/storage/backend";
import { JsonlPart } from "./jsonl-part.js";
import type { PartBuffers, PartWriter } from "./part-writer.js";
import { RawPart } from "./raw-part.js";
import { TsvPart } from "./tsv-part.js";

/** Writes a part in the format that the job asks for; commits or discards the object with it. */
export function openPartWriter(
  spec: WriterSpec,
  object: ObjectWriter,
  buffers: PartBuffers,
): PartWriter {
  switch (spec.kind) {
    case "tsv":
      return new TsvPart(object, buffers);
    case "jsonl":
      return new JsonlPart(object, buffers);
    case "raw":
      return new RawPart(object, buffers);
    default:
      throw new Error("not built");
  }
}
