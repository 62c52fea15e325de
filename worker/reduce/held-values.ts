import type { JobKey, JobValue } from "#shared/authoring/values";
import { fault } from "#shared/errors/fault";
import { decodeValue } from "#shared/format/value";
import type { RecordView } from "#worker/runs/record-view";

/** What a value takes beside its own bytes, about: its place in the array and its head on the heap. */
const overheadBytes = 32;
const keyCharsMax = 200;

/** Decoded values of one key from one input, in memory; together with their like they are bounded. */
export class HeldValues {
  values: JobValue[] = [];

  constructor(
    readonly budget: HeldBudget,
    readonly inputName: string,
  ) {}

  /** @throws MR_GROUP_TOO_LARGE naming the key */
  add({ bytes, valueStart, valueEnd }: RecordView, key: JobKey): void {
    this.budget.take(valueEnd - valueStart + overheadBytes, key, this.inputName);
    this.values.push(decodeValue(bytes, valueStart, valueEnd) as JobValue);
  }
}

/** Bytes that the values of one key may take together. */
export class HeldBudget {
  usedBytes = 0;

  constructor(readonly maxBytes: number) {}

  take(sizeBytes: number, key: JobKey, inputName: string): void {
    this.usedBytes += sizeBytes;
    if (this.usedBytes <= this.maxBytes) return;
    throw fault(
      "MR_GROUP_TOO_LARGE",
      "the values of one key do not fit into memory; give the slot more (--slot-memory), or join() " +
        "with the larger input second",
      {
        key: String(key).slice(0, keyCharsMax),
        input: inputName,
        maxBytes: this.maxBytes,
      },
    );
  }
}
