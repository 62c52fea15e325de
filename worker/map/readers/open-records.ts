import { fault } from "#shared/errors/fault";
import { limits } from "#shared/model/limits";
import type { ReaderSpec } from "#shared/model/formats";
import type { Split } from "#shared/model/split";
import type { Place } from "./block-feed.js";
import { BatchSource } from "./batch-source.js";
import { ChunkSource } from "./chunk-source.js";
import { CsvSource } from "./csv-source.js";
import { DelimiterSource } from "./delimiter-source.js";
import { FileSource } from "./file-source.js";
import { FixedSource } from "./fixed-source.js";
import { LineSource } from "./line-source.js";
import type { ReadSettings, RecordSource } from "./record-source.js";
import { RecordsSource } from "./records-source.js";

/**
 * The records of a split, ranges one after another. Nothing is opened before the first `advance`.
 * Objects are read in the version that the split names.
 * @param placeOf finds the backend and key of a location
 * @param options `blockBytes`: 1 MiB unless told; `recordBytesMax`: the limit of the format
 */
export function openRecords(
  spec: ReaderSpec,
  split: Split,
  placeOf: (location: string) => Place,
  options: Partial<ReadSettings> = {},
): RecordSource {
  const recordBytesMax = options.recordBytesMax ?? limits.recordBytesMax;
  // A record inside one block is then never too large, so that only those across blocks are measured.
  const blockBytes = Math.min(options.blockBytes ?? 1024 * 1024, recordBytesMax);
  const settings = { blockBytes, recordBytesMax };
  switch (spec.kind) {
    case "text": {
      const { delimiter, batchLines } = spec;
      const lines =
        delimiter === undefined
          ? new LineSource(split, placeOf, settings, false)
          : new DelimiterSource(split, placeOf, settings, delimiter);
      return batchLines === undefined ? lines : new BatchSource(lines, batchLines);
    }
    case "chunk":
      return new ChunkSource(split, placeOf, settings);
    case "csv":
      return new CsvSource(split, placeOf, settings, spec);
    case "tsv":
      return new LineSource(split, placeOf, settings, false);
    case "jsonl":
      return new LineSource(split, placeOf, settings, true);
    case "file":
      return new FileSource(split, placeOf, settings, spec.as === "text");
    case "fixed":
      return new FixedSource(split, placeOf, settings, spec.recordBytes);
    case "records":
      return new RecordsSource(split, placeOf, settings);
    case "former":
      throw fault("MR_INTERNAL", "former() was not resolved to the files of the step before");
  }
}
