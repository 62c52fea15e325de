import { describe, expect, it } from "vitest";
import { readReport } from "./reporter.js";
import { StderrLines } from "./stderr-lines.js";

function lines(...chunks: readonly Uint8Array[]) {
  const seen = { log: "", counts: [] as [string, number][], last: "" };
  const stderr = new StderrLines({
    count: (name, amount) => seen.counts.push([name, amount]),
    log: (text) => {
      seen.log += text;
    },
  });
  for (const chunk of chunks) stderr.add(Buffer.from(chunk));
  stderr.end();
  return { ...seen, last: stderr.last };
}

describe("standard error", () => {
  it("is cut into lines wherever chunks end, also within a character", () => {
    const bytes = Buffer.from("é plain\nreporter:counter:g,n,1\nend");
    for (let cut = 0; cut <= bytes.length; cut++) {
      const seen = lines(bytes.subarray(0, cut), bytes.subarray(cut));
      expect(seen).toEqual({ log: "é plain\nend\n", counts: [["g.n", 1]], last: "end" });
    }
  });

  it("keeps no more of a line without end than a little", () => {
    const seen = lines(
      ...["x".repeat(100_000), "y".repeat(100_000), "reporter:counter:g,n,1\nnext\n"].map((text) =>
        Buffer.from(text),
      ),
    );
    expect(seen.log).toHaveLength(200_000 + "reporter:counter:g,n,1\nnext\n".length);
    expect(seen.counts).toEqual([]);
    expect(seen.last).toBe("next");
  });
});

describe("a report", () => {
  it.each([
    ["reporter:counter:g,n,1", { kind: "counter", name: "g.n", amount: 1 }],
    [
      "reporter:counter: my group , a name ,-20 ",
      { kind: "counter", name: "my group.a name", amount: -20 },
    ],
    ["reporter:status:half way, or so", { kind: "status", text: "half way, or so" }],
    ["reporter:counter:g,n", { kind: "unreadable" }],
    ["reporter:counter:g,n,1,2", { kind: "unreadable" }],
    ["reporter:counter:g,n,1.5", { kind: "unreadable" }],
    ["reporter:counter:,n,1", { kind: "unreadable" }],
    ["reporter:else", { kind: "unreadable" }],
    [" reporter:counter:g,n,1", null],
    ["plain", null],
  ])("%s", (line, report) => {
    expect(readReport(line)).toEqual(report);
  });
});
