import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Fault } from "#shared/errors/fault";
import { keyKinds } from "#shared/format/key";
import {
  blockHeaderBytes,
  fileHeaderBytes,
  makeMarker,
  sealRecords,
  writeFileHeader,
} from "#shared/format/records-file";
import { writeVarint } from "#shared/format/varint";
import type { InputRange, Split } from "#shared/model/split";
import { MemoryStorage } from "#shared/storage/memory";
import { codeOf, splitsOf, store } from "./reading.fixture.js";
import { RecordsSource } from "./records-source.js";

/** Key and value as encoded, a byte a character. */
type Entry = readonly [key: string, value: string];

function encodeBlock(entries: readonly Entry[]): Buffer {
  const pieces = entries.map(([key, value]) => {
    const head = Buffer.alloc(20);
    const length = writeVarint(head, writeVarint(head, 0, key.length), value.length);
    return Buffer.concat([head.subarray(0, length), Buffer.from(key + value, "latin1")]);
  });
  return Buffer.concat(pieces);
}

/** A file of these blocks; a part would make far larger ones. */
function fileOf(blocks: ReadonlyArray<readonly Entry[]>): Buffer {
  const marker = makeMarker(encodeBlock(blocks[0] ?? []));
  const pieces = [Buffer.alloc(fileHeaderBytes)];
  writeFileHeader(pieces[0] ?? Buffer.alloc(0), 0, marker);
  let formerBytes = fileHeaderBytes;
  let position = fileHeaderBytes;
  for (const entries of [...blocks, []]) {
    const block = Buffer.concat([Buffer.alloc(blockHeaderBytes), encodeBlock(entries)]);
    sealRecords(block, marker, {
      keyKind: keyKinds.string,
      recordCount: entries.length,
      formerBytes,
      position,
    });
    formerBytes = block.length;
    position += block.length;
    pieces.push(block);
  }
  return Buffer.concat(pieces);
}

/** Records of splits one after another, and at which byte each begins. */
async function readAll(
  storage: MemoryStorage,
  splits: readonly Split[],
  blockBytes: number,
): Promise<Entry[]> {
  const placeOf = (location: string) => ({ backend: storage, key: location.slice(1) });
  const found: Entry[] = [];
  for (const split of splits) {
    const source = new RecordsSource(split, placeOf, { blockBytes, recordBytesMax: 1 << 26 });
    let fraction = 0;
    try {
      while (await source.advance()) {
        const { bytes } = source;
        while (source.next()) {
          expect(source.fraction()).toBeGreaterThanOrEqual(fraction);
          fraction = source.fraction();
          expect(source.keyKind).toBe(keyKinds.string);
          expect([source.start, source.end]).toEqual([source.keyStart, source.valueEnd]);
          found.push([
            bytes.latin1Slice(source.keyStart, source.keyEnd),
            bytes.latin1Slice(source.valueStart, source.valueEnd),
          ]);
        }
      }
    } finally {
      await source.close();
    }
    expect(source.fraction()).toBe(1);
    const size = split.ranges.reduce((sum, range) => sum + range.endByte - range.startByte, 0);
    expect(source.bytesRead).toBe(size);
  }
  return found;
}

const samples: ReadonlyArray<ReadonlyArray<readonly Entry[]>> = [
  [[["k", "\x05v"]]],
  [[["", "\x00"]], [["a", "\x05"]], [["b", "\x02"]]],
  [
    [
      ["a", "\x051"],
      ["b", "\x052"],
    ],
    [["c", `\x05${"x".repeat(90)}`]],
    [
      ["d", "\x053"],
      ["e", "\x054"],
      ["f", "\x055"],
    ],
  ],
];

describe("records", () => {
  it("are those of a sequential read for every split size and block size", async () => {
    const storage = new MemoryStorage();
    for (const [index, blocks] of samples.entries()) {
      const bytes = fileOf(blocks);
      const range = await store(storage, `f${index}`, bytes);
      for (let splitBytes = 1; splitBytes <= bytes.length + 1; splitBytes++) {
        for (const blockBytes of [1, 2, 15, 16, 17, 27, 28, 47, 48, 49, 64, 100, bytes.length]) {
          const found = await readAll(storage, splitsOf(range, splitBytes), blockBytes);
          expect(found, `splits ${splitBytes} blocks ${blockBytes}`).toEqual(blocks.flat());
        }
      }
    }
  });

  it("are found by any two ranges that meet anywhere", async () => {
    const entry = fc.tuple(fc.string({ maxLength: 5 }), fc.string({ maxLength: 60 }));
    const file = fc.array(fc.array(entry, { minLength: 1, maxLength: 4 }), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(file, fc.nat(), fc.integer({ min: 1, max: 300 }), async (all, cut, size) => {
        const blocks = all.map((entries) =>
          entries.map(([key, value]): Entry => [latin(key), `\x05${latin(value)}`]),
        );
        const storage = new MemoryStorage();
        const range = await store(storage, "f", fileOf(blocks));
        const border = cut % range.fileBytes;
        const splits = [
          { ranges: [{ ...range, endByte: border }] },
          { ranges: [{ ...range, startByte: border }] },
        ];
        expect(await readAll(storage, splits, size)).toEqual(blocks.flat());
      }),
      { numRuns: 300 },
    );
  });

  it("are read from many files of one split, empty ones among them", async () => {
    const storage = new MemoryStorage();
    const ranges: InputRange[] = [];
    for (const [index, blocks] of [...samples, []].entries()) {
      const bytes = blocks.length === 0 ? Buffer.alloc(0) : fileOf(blocks);
      ranges.push(await store(storage, `f${index}`, bytes));
      ranges.push(await store(storage, `none${index}`, fileOf([])));
    }
    expect(await readAll(storage, [{ ranges }], 50)).toEqual(samples.flat(2));
  });

  it("may hold files of records, even ones that begin with the same block", async () => {
    const storage = new MemoryStorage();
    const first: Entry[] = [["a", "\x051"]];
    const inner = fileOf([first, [["inner", "\x05not a record of the outer file"]]]);
    const value = `\x06${inner.latin1Slice(0, inner.length)}`;
    const blocks: Entry[][] = [first, [["outer", value]], [["z", "\x05"]]];
    const bytes = fileOf(blocks);
    // The marker of both is the same; as it is it stands at the outer file's headers alone.
    const marker = inner.subarray(8, 24);
    let count = 0;
    for (let at = bytes.indexOf(marker); at >= 0; at = bytes.indexOf(marker, at + 1)) count++;
    expect(count).toBe(1 + blocks.length + 1);
    const range = await store(storage, "outer", bytes);
    for (let splitBytes = 1; splitBytes <= bytes.length; splitBytes++) {
      expect(await readAll(storage, splitsOf(range, splitBytes), 64)).toEqual(blocks.flat());
    }
  });
});

function latin(text: string): string {
  return Buffer.from(text).toString("latin1");
}

describe("damaged files of records", () => {
  const blocks = samples[2] ?? [];
  const bytes = fileOf(blocks);
  const splitSizes = [1, 7, 30, 64, 100, bytes.length];

  it("are refused wherever a byte is another, however they are split", async () => {
    const storage = new MemoryStorage();
    for (let at = 0; at < bytes.length; at++) {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] ?? 0) ^ 0x10;
      const range = await store(storage, "damaged", damaged);
      for (const splitBytes of splitSizes) {
        const reading = readAll(storage, splitsOf(range, splitBytes), 64);
        const found = await codeOf(reading).catch(() => null);
        expect(found?.code, `byte ${at} splits ${splitBytes}`).toBe("MR_INPUT_CORRUPT");
      }
    }
  });

  it("are refused wherever they are cut off, however they are split", async () => {
    const storage = new MemoryStorage();
    for (let length = 1; length < bytes.length; length++) {
      const range = await store(storage, "cut", bytes.subarray(0, length));
      for (const splitBytes of splitSizes) {
        const reading = readAll(storage, splitsOf(range, splitBytes), 64);
        const found = await codeOf(reading).catch(() => null);
        expect(found?.code, `length ${length} splits ${splitBytes}`).toBe("MR_INPUT_CORRUPT");
      }
    }
  });

  it("are refused when a block is missing or something stands behind the end", async () => {
    const storage = new MemoryStorage();
    const starts: number[] = [];
    const marker = bytes.subarray(8, 24);
    for (let at = bytes.indexOf(marker, 24); at >= 0; at = bytes.indexOf(marker, at + 1)) {
      starts.push(at);
    }
    const without = (index: number): Buffer =>
      Buffer.concat([bytes.subarray(0, starts[index]), bytes.subarray(starts[index + 1])]);
    const wrong = [without(0), without(1), without(2), Buffer.concat([bytes, Buffer.from("x")])];
    for (const [index, content] of wrong.entries()) {
      const range = await store(storage, "wrong", content);
      for (const splitBytes of splitSizes) {
        const reading = readAll(storage, splitsOf(range, splitBytes), 64);
        const found = await codeOf(reading).catch(() => null);
        expect(found?.code, `${index} splits ${splitBytes}`).toBe("MR_INPUT_CORRUPT");
      }
    }
  });

  it("are told with their place", async () => {
    const storage = new MemoryStorage();
    const damaged = Buffer.from(bytes);
    const at = fileHeaderBytes + blockHeaderBytes + 3;
    damaged[at] = 0xaa;
    const range = await store(storage, "damaged", damaged);
    const found = await codeOf(readAll(storage, [{ ranges: [range] }], 64));
    expect(found).toBeInstanceOf(Fault);
    expect(found.details).toEqual({
      location: "/damaged",
      offset: fileHeaderBytes + blockHeaderBytes,
      problem: "checksum does not match",
    });
    const text = await store(storage, "text", "a\tb\n".repeat(100));
    const other = await codeOf(readAll(storage, [{ ranges: [text] }], 64));
    expect(other.details).toMatchObject({ offset: 0, problem: "not a file of records" });
  });
});
