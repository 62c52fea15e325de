import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ApiContext } from "./context.js";
import { routesOf } from "./routes.js";

const page = readFileSync(join(import.meta.dirname, "../../docs/rest-api.md"), "utf8");

describe("docs/rest-api.md", () => {
  it("has a heading for each route, and for nothing else", () => {
    const documented = [...page.matchAll(/^### ([A-Z]+ \/.*)$/gm)].map((match) => match[1]);
    // Handlers are only listed here, never called.
    const routes = routesOf({} as ApiContext).map(
      ({ method, path }) => `${method.toUpperCase()} ${path}`,
    );
    expect(documented.toSorted()).toEqual(routes.toSorted());
  });

  it("has examples that are JSON", () => {
    const examples = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map((match) => match[1] ?? "");
    expect(examples.length).toBeGreaterThan(10);
    for (const example of examples) expect(() => JSON.parse(example) as unknown).not.toThrow();
  });
});
