import type { AnySource } from "#shared/authoring/any-job";
import { fault } from "#shared/errors/fault";
import { decodeKey } from "#shared/format/key";
import { decodeValue } from "#shared/format/value";
import { readWtf8 } from "#shared/format/wtf8";
import { BatchSource } from "./readers/batch-source.js";
import { CsvSource } from "./readers/csv-source.js";
import type { RecordSource } from "./readers/record-source.js";
import { RecordsSource } from "./readers/records-source.js";
import { tsvFields } from "./readers/tsv-fields.js";

/** The JavaScript value of the record at hand. */
export function recordMaker(input: AnySource, source: RecordSource): () => unknown {
  const { spec } = input.input;
  if (source instanceof BatchSource) return () => source.batch;
  if (source instanceof CsvSource) return () => source.record();
  if (source instanceof RecordsSource) return () => recordOf(source);
  switch (spec.kind) {
    case "text":
      return () => readWtf8(source.bytes, source.start, source.end);
    case "chunk":
      return () => source.bytes.subarray(source.start, source.end);
    case "jsonl":
      return () => parseLine(source);
    case "tsv": {
      const escapes = spec.escapes === true;
      return () => tsvFields(readWtf8(source.bytes, source.start, source.end), escapes);
    }
    case "file":
      return spec.as === "text"
        ? () => readWtf8(source.bytes, source.start, source.end)
        : () => new Uint8Array(source.bytes.subarray(source.start, source.end));
    case "fixed":
      return () => ({
        key: source.bytes.subarray(source.start, source.start + spec.keyBytes),
        value: source.bytes.subarray(source.start + spec.keyBytes, source.end),
      });
    default:
      throw fault("MR_INTERNAL", "no values are made of this reader's records", {
        kind: spec.kind,
      });
  }
}

/** The record as it was emitted. */
function recordOf(source: RecordsSource): unknown {
  const { bytes, keyKind, keyStart, keyEnd, valueStart, valueEnd } = source;
  return {
    key: decodeKey(keyKind, bytes, keyStart, keyEnd),
    value: decodeValue(bytes, valueStart, valueEnd),
  };
}

function parseLine(source: RecordSource): unknown {
  const text = readWtf8(source.bytes, source.start, source.end);
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    const { location, offset } = source;
    throw fault("MR_INPUT_CORRUPT", "line is not JSON", { location, offset }, error);
  }
}
