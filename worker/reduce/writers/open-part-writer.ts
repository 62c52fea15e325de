import type { WriterSpec } from "#shared/model/formats";
import type { ObjectWriter } from "#shared/storage/backend";
import { JsonlPart } from "./jsonl-part.js";
import type { PartWriter } from "./part-writer.js";
import { RawPart } from "./raw-part.js";
import { TsvPart } from "./tsv-part.js";

/**
 * Writes a part in the format that the job asks for; commits or discards the object with it.
 * @param overflowPath scratch file for what one call of user code emits beyond the buffer
 */
export function openPartWriter(
  spec: WriterSpec,
  object: ObjectWriter,
  overflowPath: string,
): PartWriter {
  switch (spec.kind) {
    case "tsv":
      return new TsvPart(object, overflowPath);
    case "jsonl":
      return new JsonlPart(object, overflowPath);
    case "raw":
      return new RawPart(object, overflowPath);
    default:
      throw new Error("not built");
  }
}
