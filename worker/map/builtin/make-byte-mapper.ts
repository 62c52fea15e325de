import type { AnyMapper, AnySource } from "#shared/authoring/any-job";
import type { BuiltinMapper } from "#shared/authoring/mappers";
import type { ReaderSpec } from "#shared/model/formats";
import type { Emitter } from "../emitter.js";
import type { RecordSource } from "../readers/record-source.js";
import type { ByteMapper, ByteMapperTools } from "./byte-mapper.js";
import { CsvColumnMapper } from "./csv-columns.js";
import { FieldMapper } from "./fields.js";
import { JsonFieldMapper } from "./json-fields.js";
import { RegexMapper } from "./regex.js";
import { WordMapper } from "./words.js";

const kinds = new Set<string>(["words", "fields", "csv-columns", "json-fields", "regex"]);

/** Whether a mapper is one of those that work on bytes. */
export function isBuiltin(map: AnyMapper): map is BuiltinMapper {
  return typeof map !== "function" && kinds.has(map.kind);
}

/** What to read the input with: some built-ins take lines by the block. */
export function readerFor({ input, map }: AnySource): ReaderSpec {
  const { spec } = input;
  if (typeof map === "function" || map.kind !== "words") return spec;
  return spec.kind === "text" && spec.delimiter === undefined ? { kind: "chunk" } : spec;
}

/** The built-in mapper of an attempt. @param source what it will be given the records of */
export function makeByteMapper(
  map: BuiltinMapper,
  source: RecordSource,
  emitter: Emitter,
  tools: ByteMapperTools,
): ByteMapper {
  switch (map.kind) {
    case "words":
      return new WordMapper(map, emitter);
    case "fields":
      return new FieldMapper(map, emitter, tools);
    case "regex":
      return new RegexMapper(map, emitter, tools);
    case "json-fields":
      return new JsonFieldMapper(map, source, emitter, tools);
    case "csv-columns":
      return new CsvColumnMapper(map, source, emitter, tools);
  }
}
