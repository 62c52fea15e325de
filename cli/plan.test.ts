import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clusterFileName, type ClusterFile } from "./connect.js";
import { runCli } from "./run-cli.js";
import { MemoryTerminal } from "./terminal.js";

const job = `import { defineJob, former, sum, text, tsv, words } from "millrace";
export default defineJob({
  name: "two",
  steps: (step) => [
    step({ name: "count", input: text(), map: words(), reduce: sum() }),
    step({ name: "all", input: former<string, number>(), map: ({ value }, { emit }) => emit("", value), reduce: sum() }),
  ],
  output: tsv(),
});
`;
let folder = "";
let goneUrl = "";

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), "millrace-plan-"));
  writeFileSync(path.join(folder, "job.ts"), job);
  writeFileSync(path.join(folder, "in.txt"), "a b\nc\n");
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  goneUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  server.close();
  await once(server, "close");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function plan(...flags: string[]): Promise<{ exitCode: number; terminal: MemoryTerminal }> {
  const terminal = new MemoryTerminal();
  const argv = ["plan", "job.ts", "in.txt", ...flags];
  return { exitCode: await runCli(argv, terminal, folder), terminal };
}

describe("millrace plan", () => {
  it("plans as millrace run would where the cluster of before is gone, and leaves nothing", async () => {
    const gone: ClusterFile = { master: goneUrl, pid: 1, startedAt: "", workers: [] };
    writeFileSync(path.join(folder, clusterFileName), JSON.stringify(gone));
    const { exitCode, terminal } = await plan("--data", folder, "--json");
    expect(exitCode, terminal.noteText).toBe(0);
    expect(terminal.noteText).toContain("no cluster runs here: this is the plan of millrace run");
    expect(JSON.parse(terminal.outText)).toMatchObject({
      splitCount: 2,
      partitionCount: 2,
      steps: [
        { name: "count", note: null },
        { name: "all", plan: null },
      ],
      spec: { name: "two" },
    });
    expect(readdirSync(folder).toSorted()).toEqual([clusterFileName, "in.txt", "job.ts"]);
  });

  it("asks no other master than the one that was named, and says what helps", async () => {
    const { exitCode, terminal } = await plan("--master", goneUrl.replace("http", "ws"));
    expect(exitCode).toBe(7);
    expect(terminal.noteText).toMatch(/MR_MASTER_UNREACHABLE[^]*millrace up/);
  });
});
