import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { settingRows } from "./settings.js";
import { settingsPage } from "./show.js";

it("docs/settings.md is what the table says (npm run docs writes it)", () => {
  const page = new URL("../../docs/settings.md", import.meta.url);
  expect(readFileSync(page, "utf8")).toBe(settingsPage());
});

it("names and flags are unique and of one form", () => {
  expect(new Set(settingRows.map(([, row]) => row.flag)).size).toBe(settingRows.length);
  expect(new Set(settingRows.map(([, row]) => row.environment)).size).toBe(settingRows.length);
  for (const [, row] of settingRows) {
    expect(row.flag).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(row.environment).toMatch(/^MILLRACE_[A-Z_]+$/);
    expect(row.about).toMatch(/\.$/);
  }
});
