import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeKey, keyKinds } from "#shared/format/key";
import { SampleEmitter, sampledBytesMax } from "./sample-emitter.js";

function keysOf(emitter: SampleEmitter): unknown[] {
  return emitter.keys.map((key) => decodeKey(emitter.keyKind, key, 0, key.length));
}

describe("a sample of keys", () => {
  it("is all of them as long as they are few", () => {
    const emitter = new SampleEmitter(10);
    for (let key = 0; key < 10; key++) emitter.emit(key, "value");
    expect(keysOf(emitter)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("is bounded, evenly spread, and at least half of what is allowed", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 40 }),
        fc.integer({ min: 0, max: 3000 }),
        (keysMax, emissions) => {
          const emitter = new SampleEmitter(keysMax);
          for (let key = 0; key < emissions; key++) emitter.emit(key, null);
          const keys = keysOf(emitter) as number[];
          expect(emitter.recordCount).toBe(emissions);
          expect(keys.length).toBeLessThanOrEqual(keysMax);
          expect(keys.length).toBeGreaterThanOrEqual(Math.min(emissions, Math.floor(keysMax / 2)));
          const stride = (keys[1] ?? 1) - (keys[0] ?? 0);
          expect(keys).toEqual(keys.map((_, index) => index * stride));
          // Nothing at the end is left out.
          expect((keys.at(-1) ?? 0) + stride).toBeGreaterThanOrEqual(emissions);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("may be a single key", () => {
    const emitter = new SampleEmitter(1);
    for (let key = 0; key < 100; key++) emitter.emit(key, null);
    expect(keysOf(emitter)).toEqual([0]);
  });

  it("takes keys as bytes and as encoded texts, and copies them", () => {
    const bytes = new SampleEmitter(2);
    const reused = Buffer.from("key-and-value");
    bytes.emitBytes(reused, 0, 3);
    reused.fill("x");
    expect(keysOf(bytes)).toEqual([new Uint8Array(Buffer.from("key"))]);
    const texts = new SampleEmitter(2);
    texts.emitText(Buffer.from("-wörd-"), 1, 6);
    expect(keysOf(texts)).toEqual(["wörd"]);
    expect(() => texts.emit(1, null)).toThrow(/keys of one job must be of one kind/);
  });

  it("cuts long keys, but never within a character", () => {
    for (let shift = 0; shift < 4; shift++) {
      const emitter = new SampleEmitter(1);
      const key = "x".repeat(shift) + "😀".repeat(sampledBytesMax);
      emitter.emit(key, null);
      const [kept = ""] = keysOf(emitter) as string[];
      expect(key.startsWith(kept)).toBe(true);
      expect(Buffer.byteLength(kept)).toBeGreaterThan(sampledBytesMax - 4);
      expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(sampledBytesMax);
    }
    const emitter = new SampleEmitter(1);
    emitter.emit(new Uint8Array(5000).fill(0x80), null);
    expect(emitter.keyKind).toBe(keyKinds.bytes);
    expect(emitter.keys.map(({ length }) => length)).toEqual([sampledBytesMax]);
  });

  it("is enough after a while, where the attempt may stop", () => {
    const [mayStop, mustGoOn] = [new SampleEmitter(2, true), new SampleEmitter(2)];
    for (let key = 0; key < 128; key++) {
      expect(mayStop.hasEnough).toBe(false);
      mayStop.emit(key, null);
      mustGoOn.emit(key, null);
    }
    expect([mayStop.hasEnough, mustGoOn.hasEnough]).toEqual([true, false]);
  });
});
