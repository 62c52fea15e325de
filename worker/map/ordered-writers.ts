import { Scratch } from "#shared/format/scratch";
import { hasKey } from "#worker/runs/record-view";
import type { StreamWriter } from "./stream-writers.js";

/**
 * Writes one record for every different composite key: of `distinct()`, whose keys hold the values, that
 * is every different value of a key once.
 */
export const writeDistinct: StreamWriter = (stream, writer) => {
  const last = new Scratch(256);
  let isFirst = true;
  while (stream.next()) {
    const { record } = stream;
    if (!isFirst && hasKey(record, last.bytes, last.length)) continue;
    isFirst = false;
    last.length = 0;
    last.append(record.bytes, record.keyStart, record.keyEnd);
    writer.add(record.bytes, record.view, record.recordStart, record.recordEnd, record.origin);
  }
};
