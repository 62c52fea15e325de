import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { commands } from "./commands.js";
import { findCommand, parseInvocation } from "./parse.js";
import { loadJob } from "./streaming.js";
import { buildSubmission, readChoices } from "./submission.js";
import { MemoryTerminal } from "./terminal.js";

let cwd = "";
beforeEach(() => {
  cwd = fs.mkdtempSync(path.join(os.tmpdir(), "millrace-cli-streaming-"));
});
afterEach(() => fs.rmSync(cwd, { recursive: true, force: true }));

async function submissionOf(...words: string[]) {
  const { command, rest } = findCommand(commands, ["submit", ...words]);
  const invocation = parseInvocation(command, rest, { cwd, terminal: new MemoryTerminal() });
  const job = await loadJob(invocation);
  return { job, submission: buildSubmission(job, readChoices(invocation), cwd) };
}

describe("a job of commands", () => {
  it("is an ordinary job over text whose lines are written unchanged", async () => {
    const { job, submission } = await submissionOf(
      "--mapper",
      "cat",
      "--reducer",
      "uniq -c",
      "--combiner",
      "cat",
      "--input",
      "a",
      "b",
      "--key-fields",
      "2",
      "--partition-fields",
      "1",
      "--separator",
      ",",
      "--env",
      "A=b=c",
      "--name",
      "lines",
    );
    expect(submission).toMatchObject({
      name: "lines",
      inputs: [path.join(cwd, "a"), path.join(cwd, "b")],
      reader: { kind: "text" },
      writer: { kind: "lines" },
      hasReducer: true,
      hasCombiner: true,
    });
    expect(job.definition.map).toEqual({
      kind: "program",
      command: "cat",
      separator: ",",
      keyFields: 2,
      partitionFields: 1,
      files: {},
      env: { A: "b=c" },
    });
  });

  it("is map-only without a reducer, and with NONE", async () => {
    for (const none of [[], ["--reducer", "NONE"]]) {
      const { submission } = await submissionOf("--mapper", "cat", ...none, "--input", "a");
      expect(submission).toMatchObject({ name: "streaming", hasReducer: false });
    }
  });

  it("carries its files, with their executable bit", async () => {
    fs.writeFileSync(path.join(cwd, "map.sh"), "#!/bin/sh\ncat", { mode: 0o755 });
    fs.writeFileSync(path.join(cwd, "data"), "\xff", "latin1");
    const files = ["--file", "map.sh", "--file", "data"];
    const { job } = await submissionOf("--mapper", "map.sh", ...files, "--input", "a");
    expect(job.definition.map).toMatchObject({
      files: {
        "map.sh": { base64: Buffer.from("#!/bin/sh\ncat").toString("base64"), isExecutable: true },
        data: { base64: "/w==", isExecutable: false },
      },
    });
  });

  it.each([
    [["--reducer", "cat"], /JOBFILE is missing, and so is --mapper/],
    [["job.ts", "--reducer", "cat"], /--reducer is given; allowed: only beside --mapper/],
    [["--mapper", "cat", "--combiner", "cat"], /--combiner is given; allowed: only beside/],
    [["--mapper", "cat", "--separator", "ab"], /--separator is "ab"; allowed: one ASCII/],
    [["--mapper", "cat", "--env", "1=2"], /--env is "1=2"; allowed: NAME=VALUE/],
    [["--mapper", "cat", "--key-fields", "0"], /--key-fields is "0"; allowed/],
    [["--mapper", "cat", "--partition-fields", "2"], /--partition-fields is "2"; allowed/],
    [["--mapper", "cat", "--file", "gone"], /--file cannot be read/],
    [["--mapper", "cat", "--file", "."], /--file cannot be read: it is not a file/],
    [["--mapper", " "], /command is " "; allowed/],
  ])("refuses %j", async (words, message) => {
    await expect(submissionOf(...words, "--input", "a")).rejects.toThrow(message);
  });

  it("refuses files that do not fit into a bundle, and two of one name", async () => {
    fs.writeFileSync(path.join(cwd, "large"), "");
    fs.truncateSync(path.join(cwd, "large"), 40 * 1024 * 1024);
    const large = submissionOf("--mapper", "cat", "--file", "large", "--input", "a");
    await expect(large).rejects.toThrow(/too large together to travel with a job/);
    fs.writeFileSync(path.join(cwd, "x"), "");
    const twice = submissionOf("--mapper", "cat", "--file", "x", "--file", "./x", "--input", "a");
    await expect(twice).rejects.toThrow(/two files are called x/);
  });
});
