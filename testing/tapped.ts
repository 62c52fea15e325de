import { readWtf8 } from "#shared/format/wtf8";
import { limits } from "#shared/model/limits";
import { openRecords } from "#worker/map/readers/open-records";
import type { RecordTap } from "#worker/sandbox/record-tap";
import { placeOf } from "#worker/sandbox/storage";
import type { TestOutput, TestRecord, TestResult } from "./test-result.js";

/** Records of one run of a job, as its attempts write them. */
export class Tapped {
  readonly #main: TestRecord[] = [];
  readonly #named = new Map<string, TestRecord[]>();

  readonly tap: RecordTap = (output, key, value) => {
    if (output === null) this.#main.push({ key, value });
    else this.of(output).push({ key, value });
  };

  /** Records of a named output, or of the main one. */
  of(output: string | null): TestRecord[] {
    if (output === null) return this.#main;
    const records = this.#named.get(output) ?? [];
    this.#named.set(output, records);
    return records;
  }
}

/**
 * @param names of the parts that the run committed in `folder`, in order
 * @param outputs names of the job's named outputs
 */
export async function resultOf(
  folder: string,
  names: readonly string[],
  outputs: readonly string[],
  tapped: Tapped,
  counters: TestResult["counters"],
): Promise<TestResult> {
  const files: Record<string, string> = {};
  for (const name of names) files[name] = await textOf(`${folder}/${name}`);
  const textIn = (output: string | null): string =>
    names
      .filter((name) => (outputs.find((each) => name.startsWith(`${each}/`)) ?? null) === output)
      .map((name) => files[name])
      .join("");
  const named = outputs.map((output): [string, TestOutput] => [
    output,
    { records: tapped.of(output), text: textIn(output) },
  ]);
  return {
    records: tapped.of(null),
    text: textIn(null),
    outputs: Object.fromEntries(named),
    files,
    counters,
  };
}

/** A part as text, decompressed by its name. */
async function textOf(location: string): Promise<string> {
  const { backend, key } = placeOf(location);
  const stat = await backend.stat(key);
  if (stat === null || stat.sizeBytes === 0) return "";
  const { sizeBytes: fileBytes, version } = stat;
  const range = { location, startByte: 0, endByte: fileBytes, fileBytes, version };
  const options = { recordBytesMax: limits.sideBytesMax };
  const source = openRecords({ kind: "file", as: "bytes" }, { ranges: [range] }, placeOf, options);
  try {
    await source.advance();
    return source.next() ? readWtf8(source.bytes, source.start, source.end) : "";
  } finally {
    await source.close();
  }
}
