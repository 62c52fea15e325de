import { describe, expect, it } from "vitest";
import { componentLogger, createLogger } from "./logger.js";

function capture(level = "info") {
  const lines: Record<string, unknown>[] = [];
  const root = createLogger(
    { level, file: null, base: { program: "master" } },
    { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
  return { root, lines };
}

describe("createLogger", () => {
  it("writes one JSON line with level, time, program and component", () => {
    const { root, lines } = capture();
    componentLogger(root, "api").info({ jobId: "j" }, "job submitted");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      level: "info",
      program: "master",
      component: "api",
      jobId: "j",
      msg: "job submitted",
    });
    expect(lines[0]?.["time"]).toMatch(/^\d{4}-\d\d-\d\dT/);
  });

  it("hides tokens and authorization wherever a request is logged", () => {
    const { root, lines } = capture();
    root.info({ token: "s3cret", headers: { authorization: "Bearer s3cret" } }, "a");
    root.info(
      { settings: { token: "s3cret" }, req: { headers: { authorization: "s3cret" } } },
      "b",
    );
    expect(JSON.stringify(lines)).not.toContain("s3cret");
    expect(JSON.stringify(lines)).toContain("(hidden)");
  });

  it("leaves out what is below its level", () => {
    const { root, lines } = capture("warn");
    root.info("quiet");
    root.warn("loud");
    expect(lines.map((line) => line["msg"])).toEqual(["loud"]);
  });
});
