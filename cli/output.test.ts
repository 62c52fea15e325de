import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { runCli } from "./run-cli.js";
import { MemoryTerminal } from "./terminal.js";

const id = "wordcount-20260101-000000-abcd";
const folder = mkdtempSync(path.join(os.tmpdir(), "millrace-cli-output-"));
const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Answers as a master would that knows the output of one job. @returns its URL */
async function serve(output: object): Promise<string> {
  const server = createServer((request, response) => {
    const isKnown = request.url === `/api/v1/jobs/${id}/output`;
    response.writeHead(isKnown ? 200 : 404).end(JSON.stringify(isKnown ? output : {}));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function cli(argv: string[]) {
  const terminal = new MemoryTerminal();
  const code = await runCli(argv, terminal, folder);
  return { code, out: terminal.outText, note: terminal.noteText };
}

describe("millrace output", () => {
  it("lists parts, and prints their beginning or all of them", async () => {
    const output = path.join(folder, "parts");
    mkdirSync(output);
    writeFileSync(path.join(output, "part-00000"), "a\t1\nb\t2\n");
    writeFileSync(path.join(output, "part-00001"), "c\t3\n");
    const parts = [0, 1].map((index) => ({
      name: `part-0000${index}`,
      records: 1,
      bytes: 4,
      sha256: "f".repeat(64),
    }));
    const answer = { output, parts, records: 3, bytes: 12 };
    const url = await serve(answer);
    const flags = ["--master", url];
    expect((await cli(["output", id, ...flags])).out).toContain("2 parts, 3 records, 12 B");
    expect((await cli(["output", id, "--head", "1", ...flags])).out).toBe("a\t1\n");
    expect((await cli(["output", id, "--head", "9", ...flags])).out).toBe("a\t1\nb\t2\nc\t3\n");
    expect((await cli(["output", id, "--cat", ...flags])).out).toBe("a\t1\nb\t2\nc\t3\n");
    expect((await cli(["output", id, "--cat", "--head", "1", ...flags])).code).toBe(2);
    rmSync(path.join(output, "part-00001"));
    const gone = await cli(["output", id, "--cat", ...flags]);
    expect(gone.code).toBe(4);
    expect(gone.note).toContain("this machine cannot read the part");
  });

  it("lists and prints the parts of a folder, decompressed", async () => {
    const output = path.join(folder, "folders");
    const names = ["part-00000", "errors/part-00000.gz", "day=1/hour=2/part-00000"];
    for (const name of names) {
      mkdirSync(path.join(output, path.dirname(name)), { recursive: true });
      const bytes = Buffer.from(`of ${name}\nmore\n`);
      writeFileSync(path.join(output, name), name.endsWith(".gz") ? gzipSync(bytes) : bytes);
    }
    const parts = names.map((name) => ({ name, records: 2, bytes: 9, sha256: "f".repeat(64) }));
    const url = await serve({ output, parts, records: 6, bytes: 27 });
    const flags = ["--master", url];
    const all = (await cli(["output", id, ...flags])).out;
    for (const name of names) expect(all).toContain(name);
    const one = (await cli(["output", id, "--folder", "day=1/", ...flags])).out;
    expect(one).toContain("day=1/hour=2/part-00000");
    expect(one).toContain("1 part, 2 records, 9 B");
    const head = await cli(["output", id, "--folder", "errors", "--head", "1", ...flags]);
    expect(head.out).toBe("of errors/part-00000.gz\n");
    const main = await cli(["output", id, "--folder", ".", "--cat", ...flags]);
    expect(main.out).toBe("of part-00000\nmore\n");
    const none = await cli(["output", id, "--folder", "eror", ...flags]);
    expect(none.code).toBe(2);
    expect(none.note).toContain('--folder is "eror"; allowed: ., errors, day=1/hour=2');
  });
});
