import { compareBytes } from "#master/plan/boundaries";
import type { KeySample } from "#master/plan/order";
import { fault } from "#shared/errors/fault";
import { keyKindNames, keyKinds, type KeyKind } from "#shared/format/key";
import {
  blockHeaderBytes,
  fileHeaderBytes,
  openRecordsBody,
  readFileHeader,
  readRecordsHeader,
} from "#shared/format/records-file";
import { VarintReader } from "#shared/format/varint";
import type { InputFile } from "#shared/model/split";
import type { StorageBackend } from "#shared/storage/backend";
import { parseLocation } from "#shared/storage/locations";

/** Of one part: keys of ordinary length are far below it, and of huge ones a few are enough. */
const readBytesMax = 16 * 1024 * 1024;

/**
 * The keys that the parts of a sample hold.
 * @throws MR_INPUT_CORRUPT when a part is not as it was written; MR_KEY_KINDS_MIXED
 */
export async function readSample(
  backend: StorageBackend,
  parts: readonly InputFile[],
): Promise<KeySample> {
  const sample = new Sample();
  for (const { location, sizeBytes } of parts) {
    const { key } = parseLocation(location);
    const range = { startByte: 0, endByte: Math.min(sizeBytes, readBytesMax) };
    const blocks: Buffer[] = [];
    for await (const block of backend.read(key, range)) blocks.push(block);
    takeKeys(sample, location, Buffer.concat(blocks), sizeBytes > readBytesMax);
  }
  return {
    keyKind: keyKindNames[sample.keyKind],
    keys: sample.keys.sort(compareBytes),
    toText: (key) => Buffer.from(key.buffer, key.byteOffset, key.length).toString("base64"),
  };
}

class Sample {
  keyKind: KeyKind = keyKinds.none;
  readonly keys: Uint8Array[] = [];

  /** @throws MR_KEY_KINDS_MIXED */
  setKind(kind: KeyKind): void {
    if (this.keyKind === keyKinds.none) this.keyKind = kind;
    if (this.keyKind === kind) return;
    const names = [keyKindNames[this.keyKind], keyKindNames[kind]].join(" and ");
    throw fault("MR_KEY_KINDS_MIXED", `emitted keys are ${names}; all keys must be of one kind`);
  }
}

/** @param isCut whether bytes are missing at the end, where a block may be torn */
function takeKeys(sample: Sample, location: string, bytes: Buffer, isCut: boolean): void {
  if (bytes.length === 0) return;
  const marker = readFileHeader(bytes);
  if (marker === null) throw corrupt(location, 0);
  for (let at = fileHeaderBytes; ;) {
    const header = readRecordsHeader(bytes.subarray(at), marker);
    const end = at + blockHeaderBytes + (header?.bodyBytes ?? 0);
    if (header === null || end > bytes.length) {
      if (isCut) return;
      throw corrupt(location, at);
    }
    if (header.recordCount === 0) return;
    sample.setKind(header.keyKind);
    const body = openRecordsBody(bytes.subarray(at + blockHeaderBytes, end), header);
    if (body === null) throw corrupt(location, at);
    takeBlock(sample, body, header.recordCount);
    at = end;
  }
}

const varint = new VarintReader();

function takeBlock(sample: Sample, body: Buffer, recordCount: number): void {
  let at = 0;
  for (let index = 0; index < recordCount; index++) {
    const keyBytes = varint.read(body, at);
    const valueBytes = varint.read(body, varint.at);
    const keyEnd = varint.at + keyBytes;
    sample.keys.push(body.subarray(varint.at, keyEnd));
    at = keyEnd + valueBytes;
  }
}

function corrupt(location: string, offset: number): Error {
  return fault("MR_INPUT_CORRUPT", "sample of keys is not as it was written", { location, offset });
}
