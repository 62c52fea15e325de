import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { segmentBytes, writeRun, type Row } from "./fixtures/runs.js";
import { SegmentVerifier } from "./segment-verifier.js";

const folder = mkdtempSync(join(tmpdir(), "millrace-verifier-"));
afterAll(() => rmSync(folder, { recursive: true }));

let small: Buffer;
let blocks: Buffer;

beforeAll(() => {
  const path = join(folder, "run");
  const rows = Array.from({ length: 30_000 }, (_, at): Row => [`key ${at}`, "x".repeat(at % 20)]);
  const fewRows: Row[] = [
    ["a", 1],
    ["b", 2],
  ];
  writeRun(path, [fewRows, rows]);
  small = segmentBytes(path, 0);
  blocks = segmentBytes(path, 1);
});

function verify(pieces: readonly Buffer[]): void {
  const verifier = new SegmentVerifier();
  for (const piece of pieces) verifier.take(piece);
  verifier.end();
}

describe("the verifier of a segment that arrives", () => {
  it("takes a small segment however it is cut", () => {
    for (let first = 0; first <= small.length; first++) {
      for (let second = first; second <= small.length; second++) {
        verify([small.subarray(0, first), small.subarray(first, second), small.subarray(second)]);
      }
    }
  });

  it("takes byte by byte, and several blocks at once", () => {
    verify([...small].map((byte) => Buffer.of(byte)));
    verify([Buffer.concat([small, small, blocks, small])]);
    verify([]);
  });

  it("takes several blocks in pieces of any size", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1 });
    const property = fc.property(sizes, (pieceSizes) => {
      const pieces: Buffer[] = [];
      for (let at = 0, turn = 0; at < blocks.length; turn++) {
        const size = pieceSizes[turn % pieceSizes.length] ?? 1;
        pieces.push(blocks.subarray(at, at + Math.max(size, 500)));
        at += Math.max(size, 500);
      }
      verify(pieces);
    });
    fc.assert(property, { numRuns: 50 });
  });

  it("refuses every flipped bit, whole or in two pieces", () => {
    for (let bit = 0; bit < small.length * 8; bit++) {
      const broken = Buffer.from(small);
      broken[bit >> 3] = (broken[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      for (const cut of [0, 7, 16, 20]) {
        const pieces = [broken.subarray(0, cut), broken.subarray(cut)];
        expect(() => verify(pieces), `bit ${bit}`).toThrow(/block|segment/);
      }
    }
  });

  it("refuses every shorter segment that is not empty", () => {
    for (let size = 1; size < small.length; size++) {
      expect(() => verify([small.subarray(0, size)]), `size ${size}`).toThrow(
        "segment ends inside a block",
      );
    }
  });
});
