import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { encodeKey, keyKindOf } from "#shared/format/key";
import { encodeSortKey, invertFrom } from "#shared/format/ordered-value";
import { Scratch } from "#shared/format/scratch";
import { startComposite } from "#worker/runs/order-keys";

/** Composite keys with their order bytes, a line each; to accept a change on purpose, run with `--update`. */
describe("golden bytes", () => {
  it("of composite keys, ascending and descending", async () => {
    const sortKeys = [
      null,
      false,
      true,
      -Infinity,
      -1.5,
      0,
      Number.NaN,
      "",
      "a\0b",
      "é\ud800",
      Uint8Array.of(0, 255),
      [],
      [[1, "two"], null],
    ];
    const lines = ["a\0", 1, Uint8Array.of(0)].flatMap((key) =>
      sortKeys.flatMap((sortKey) => [
        composite(key, sortKey, false),
        composite(key, sortKey, true),
      ]),
    );
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(
      join(import.meta.dirname, "order-bytes.hex"),
    );
  });
});

function composite(key: string | number | Uint8Array, sortKey: unknown, isDown: boolean): string {
  const [plain, into] = [new Scratch(), new Scratch()];
  encodeKey(plain, key);
  startComposite(into, keyKindOf(key), plain.bytes, 0, plain.length);
  const start = into.length;
  encodeSortKey(into, sortKey);
  if (isDown) invertFrom(into, start);
  return into.bytes.toString("hex", 0, into.length);
}
