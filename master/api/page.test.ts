import { describe, expect, it } from "vitest";
import { beyond, pageOf } from "./page.js";

const view = (item: number) => item;

function placed(items: readonly number[]) {
  return items.map((item) => ({ place: item, item }));
}

function walk(items: number[], limit: number, order: "rising" | "falling" = "rising"): number[][] {
  const pages: number[][] = [];
  let cursor: string | undefined;
  do {
    const page = pageOf({ limit, cursor }, (at) => beyond(placed(items), at, order), view);
    pages.push(page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return pages;
}

describe("pages", () => {
  it("give every item once, in order", () => {
    expect(walk([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
    expect(walk([0, 1], 2)).toEqual([[0, 1]]);
    expect(walk([], 2)).toEqual([[]]);
  });

  it("go downwards as well", () => {
    expect(walk([9, 7, 3, 0], 3, "falling")).toEqual([[9, 7, 3], [0]]);
  });

  it("are not moved by items that come and go", () => {
    const list = (items: number[], cursor?: string) => {
      return pageOf({ limit: 2, cursor }, (at) => beyond(placed(items), at, "falling"), view);
    };
    const cursor = list([9, 7, 5, 3]).nextCursor ?? "";
    expect(list([11, 9, 5, 3], cursor).items).toEqual([5, 3]);
    expect(list([11, 3], cursor).items).toEqual([3]);
  });

  it("refuse a cursor that no page gave", () => {
    for (const cursor of ["x", "MTIz", "djE6LTE"]) {
      expect(() => pageOf({ limit: 1, cursor }, () => placed([1]), view)).toThrow(/nextCursor/);
    }
  });
});
