import { describe, expect, it } from "vitest";
import { formatMegabytes, formatNumber, formatSeconds, formatTable } from "./table.js";

describe("formatTable", () => {
  it("is as wide as its widest cells and aligns each column", () => {
    const columns = [
      { title: "name", align: "left" },
      { title: "s", align: "right" },
    ] as const;
    const rows = [
      ["duckdb", "3.5"],
      ["mawk", "27.25"],
    ];
    expect(formatTable(columns, rows)).toBe(
      "name        s\n------  -----\nduckdb    3.5\nmawk    27.25\n",
    );
  });

  it("shows cells that a row lacks as empty", () => {
    const columns = [
      { title: "a", align: "left" },
      { title: "b", align: "left" },
    ] as const;
    expect(formatTable(columns, [["1"]])).toBe("a  b\n-  -\n1\n");
  });
});

describe("formats", () => {
  it("writes numbers as short as they are told apart", () => {
    expect([1.234, 45.67, 12_345.6].map(formatNumber)).toEqual(["1.23", "45.7", "12,346"]);
  });

  it("writes times in seconds and memory in millions of bytes", () => {
    expect(formatSeconds(3456)).toBe("3.46 s");
    expect(formatMegabytes(398_600_000)).toBe("399");
    expect(formatMegabytes(null)).toBe("-");
  });
});
