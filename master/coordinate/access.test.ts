import { describe, expect, it } from "vitest";
import { checkBearer } from "./access.js";

describe("bearer token", () => {
  it("is not asked for when the cluster has none", () => {
    expect(checkBearer(null, undefined)).toBe("granted");
  });

  it.each([
    ["Bearer secret-token", "granted"],
    ["bearer secret-token", "granted"],
    ["Bearer secret-token2", "wrong"],
    ["Bearer secret-toke", "wrong"],
    ["Basic secret-token", "missing"],
    ["Bearer", "missing"],
    ["", "missing"],
    [undefined, "missing"],
  ] as const)("%s is %s", (header, access) => {
    expect(checkBearer("secret-token", header)).toBe(access);
  });
});
