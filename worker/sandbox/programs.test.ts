import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { AttemptResult, Failure } from "#shared/model/result";
import type { Outcome } from "./host.js";
import { bundle, LocalJob, newPool, partOf, type LocalJobOptions } from "./fixtures/local-job.js";
import type { ThreadPool } from "./thread-pool.js";

let folder = "";
let pool: ThreadPool;
let jobCount = 0;

beforeAll(() => {
  pool = newPool();
});
afterAll(() => pool.close());
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "millrace-programs-"));
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

interface Parts {
  /** Fields of the definition beside name, input and output, as source text. */
  readonly definition: string;
  readonly options?: Partial<LocalJobOptions>;
}

async function jobOf({ definition, options = {} }: Parts): Promise<LocalJob> {
  const own = path.join(folder, `job-${jobCount++}`);
  fs.mkdirSync(own, { recursive: true });
  const bundlePath = await bundle(
    `import { defineJob, text, plainLines, jsonLines, program, recordFiles, sum, identity } from "millrace";
     export default defineJob({ name: "job", input: text(), output: plainLines(), ${definition} });`,
    path.join(own, "job.mjs"),
  );
  return new LocalJob(pool, { folder: own, bundlePath, writer: { kind: "lines" }, ...options });
}

/** The output of one map task of a job without a reducer. */
async function mapOnly(
  command: string,
  content: Parameters<LocalJob["map"]>[1],
  more: { readonly options?: string; readonly act?: Partial<LocalJobOptions> } = {},
): Promise<string> {
  const definition = `map: program(${JSON.stringify(command)}, ${more.options ?? "{}"})`;
  const job = await jobOf({ definition, options: { hasReducer: false, ...more.act } });
  return partOf(await job.map(0, content));
}

async function mapFailure(command: string, content = "a\n"): Promise<Failure> {
  const definition = `map: program(${JSON.stringify(command)})`;
  const job = await jobOf({ definition, options: { hasReducer: false } });
  return failureOf(await job.map(0, content));
}

function failureOf(outcome: Outcome): Failure {
  if (outcome.type !== "failed") throw new Error(`it did not fail: ${JSON.stringify(outcome)}`);
  return outcome.failure;
}

function resultOf(outcome: Outcome): AttemptResult {
  if (outcome.type !== "done") throw new Error(JSON.stringify(outcome));
  return outcome.result;
}

describe("a program as mapper of a map-only job", () => {
  it("reads the lines and writes its own, unchanged", async () => {
    const written = await mapOnly("tr a-z A-Z", "one\ttwo\nno tab\n\n\ttab first\nlast\t");
    expect(written).toBe("ONE\tTWO\nNO TAB\n\n\tTAB FIRST\nLAST\t\n");
  });

  it("keeps bytes that are no UTF-8, and NULs", async () => {
    const bytes = Buffer.from([0xff, 0xfe, 9, 0, 0xc3, 10, 0xed, 0xa0, 0x80, 10]);
    expect(await mapOnly("cat", bytes)).toBe(bytes.toString("latin1"));
  });
});

describe("what a mapper reads", () => {
  it("has lines that end in a line feed, without carriage returns and byte order mark", async () => {
    expect(await mapOnly("cat", "\ufeffone\r\ntwo\nthr\ree\r\n\r\nlast")).toBe(
      "one\ntwo\nthr\ree\n\nlast\n",
    );
  });

  it("goes through unchanged and whole, whatever the size", async () => {
    const lines = Array.from({ length: 60_000 }, (_, at) => `line ${at} ${"x".repeat(at % 90)}`);
    const content = `${lines.join("\n")}\n`;
    expect(await mapOnly("cat", content)).toBe(content);
    expect(await mapOnly("cat", content.replaceAll("\n", "\r\n"))).toBe(content);
    expect(await mapOnly("cat", `${"y".repeat(3_000_000)}\nshort\n`)).toHaveLength(3_000_007);
  });

  it("is one file a process, with its name in the environment", async () => {
    expect(await mapOnly('read l; echo "$map_input_file $l"', "a\n")).toMatch(/\/in-0 a\n$/);
  });

  it("may be opened by name, as may the outputs", async () => {
    const late = "sleep 0.1; cat /dev/stdin > /dev/stdout; echo hm > /dev/stderr; cat /dev/stdin";
    expect(await mapOnly(late, "a\n")).toBe("a\n");
    expect(await mapOnly(late, "")).toBe("");
  });

  it("runs also for an empty file", async () => {
    expect(await mapOnly("wc -l", "")).toBe("0\n");
  });
});

describe("how a program ends", () => {
  it("may never read its input", async () => {
    const content = "some line\n".repeat(300_000);
    expect(await mapOnly("seq 3", content)).toBe("1\n2\n3\n");
    expect(await mapOnly("head -n 1; exec <&-; seq 100000 | tail -n 1", content)).toBe(
      "some line\n100000\n",
    );
  });

  it("fails the attempt with its exit code, its command and what it wrote last", async () => {
    const failure = await mapFailure("echo first >&2; echo the reason >&2; exit 3");
    expect(failure.code).toBe("MR_USER_CODE_FAILED");
    expect(failure.blame).toBe("user");
    expect(failure.permanent).toBe(false);
    expect(failure.message).toContain("echo first");
    expect(failure.message).toContain("exit code 3");
    expect(failure.message).toContain("the reason");
    expect(failure.logTail).toEqual(["first", "the reason"]);
    expect(failure.place).toBeNull();
  });

  it("fails by a signal, in a pipeline, and as a command that there is not", async () => {
    expect((await mapFailure("kill -TERM $$")).message).toContain("signal SIGTERM");
    expect((await mapFailure("cat | false | cat")).message).toContain("exit code 1");
    expect((await mapFailure("./nothing-here")).message).toContain("exit code 127");
  });

  it("fails while there is still a lot to read", async () => {
    const failure = await mapFailure("head -c 100 >/dev/null; exit 9", "line\n".repeat(2_000_000));
    expect(failure.message).toContain("exit code 9");
  });

  it("waits for what its shell started to write", async () => {
    expect(await mapOnly("exec > >(sleep 0.2; cat; echo end); cat", "a\n")).toBe("a\nend\n");
  });
});

describe("standard error", () => {
  const flood = 'awk \'BEGIN { for (i = 0; i < 10000; i++) print "noise " i > "/dev/stderr" }\'';

  it("may be full before input is read and after output is written", async () => {
    expect(await mapOnly(`${flood}; cat; ${flood}`, "a\nb\n")).toBe("a\nb\n");
  });

  it("counts, reports a status and logs the rest", async () => {
    const command =
      "printf 'reporter:counter:words,seen,2\\nreporter:counter:words,seen,40\\n' >&2;" +
      "printf 'reporter:status:half way\\nplain\\nreporter:counter:bad\\nreporter:counter:' >&2;" +
      "sleep 0.05; printf 'late,one,1' >&2; cat >/dev/null";
    const job = await jobOf({
      definition: `map: program(${JSON.stringify(command)})`,
      options: { hasReducer: false },
    });
    const { counters } = resultOf(await job.map(0, "a\nb\n"));
    expect(counters).toMatchObject({ "user.words.seen": 42, "user.late.one": 1 });
    expect(counters["map.records.in"]).toBe(2);
    const log = logOf(job);
    expect(log).toContain("status: half way\nplain\n");
    expect(log).toContain("cannot read this report: reporter:counter:bad");
  });
});

describe("map, combine and reduce by programs", () => {
  const words = "tr -s ' ' '\\n'";
  const count =
    `awk -F'\\t' '{ if (NR > 1 && $1 != k) { print k "\\t" n; n = 0 } k = $1; n += $2 == "" ? 1 : $2 }` +
    ` END { if (NR > 0) print k "\\t" n }'`;
  const contents = ["b a b\nc", "a a\nd b\n"];

  it("gives each reducer its keys in the order of bytes, groups whole", async () => {
    const job = await jobOf({
      definition: `map: program(${JSON.stringify(words)}), reduce: program("cat")`,
      options: { mapTaskCount: 2 },
    });
    const upper = await job.output(["B é a\nZ", "ab a \nA\n"]);
    expect(Buffer.from(upper[0] ?? "", "latin1").toString()).toBe(
      "\t\nA\t\nB\t\nZ\t\na\t\na\t\nab\t\né\t\n".replace("\t\n", ""),
    );
  });

  it("counts words", async () => {
    const job = await jobOf({
      definition: `map: program(${JSON.stringify(words)}), reduce: program(${JSON.stringify(count)})`,
      options: { mapTaskCount: 2, partitionCount: 3 },
    });
    const parts = await job.output(contents);
    const lines = parts.flatMap((part) => part.split("\n").filter((line) => line !== ""));
    expect(lines.toSorted()).toEqual(["a\t3", "b\t3", "c\t1", "d\t1"]);
  });

  it("combines each buffer, in memory and over spills, with the same answer", async () => {
    const content = Array.from({ length: 400_000 }, (_, at) => `w${(at * 7919) % 5000}\t1`);
    const definition =
      `map: program("cat"), combine: program(${JSON.stringify(count)}),` +
      `reduce: program(${JSON.stringify(count)})`;
    for (const slotMemoryBytes of [64 * 1024 * 1024, 512 * 1024 * 1024]) {
      const job = await jobOf({ definition, options: { slotMemoryBytes, partitionCount: 2 } });
      const map = resultOf(await job.map(0, content.join("\n")));
      expect(map.counters["map.records.out"]).toBe(400_000);
      expect(map.counters["map.run.records"]).toBeLessThan(110_000);
      const parts = [partOf(await job.reduce(0)), partOf(await job.reduce(1))];
      const lines = parts.join("").split("\n").slice(0, -1);
      expect(lines).toHaveLength(5000);
      expect(new Set(lines.map((line) => line.split("\t")[1]))).toEqual(new Set(["80"]));
    }
  });

  it("combines what a function emits", async () => {
    const definition =
      `map: (line, { emit }) => emit(line, 1), combine: program(${JSON.stringify(count)}),` +
      `reduce: (key, values, { emit }) => emit(key, [...values].map(Number).reduce((a, b) => a + b))`;
    const job = await jobOf({ definition });
    expect(resultOf(await job.map(0, "x\ny\nx\n")).counters["map.run.records"]).toBe(2);
    expect(partOf(await job.reduce(0))).toBe("x\t2\ny\t1\n");
  });

  it("hands strings to functions, and takes any value from them", async () => {
    const toFunction = await jobOf({
      definition: `map: program("cat"), reduce: (key, values, { emit }) => emit(key, [...values].join("+"))`,
    });
    expect(await toFunction.output(["k\t1\nk\t2\tx\nnone\n"])).toEqual(["k\t1+2\tx\nnone\t\n"]);
    const fromFunction = await jobOf({
      definition: `map: (line, { emit }) => { emit(Number(line), { n: line }); emit(Number(line), null); emit(Number(line), 1.5) }, reduce: program("cat")`,
    });
    expect(await fromFunction.output(["10\n9\n"])).toEqual([
      '9\t{"n":"9"}\n9\t\n9\t1.5\n10\t{"n":"10"}\n10\t\n10\t1.5\n',
    ]);
  });

  it("has keys of several fields, of which some choose the partition", async () => {
    const lines = Array.from({ length: 300 }, (_, at) => `user${at % 20},${at % 7},${at}`);
    const job = await jobOf({
      definition: `map: program("cat", { separator: ",", keyFields: 2, partitionFields: 1 }), reduce: program("cut -d, -f1,2", { separator: "," })`,
      options: { partitionCount: 4 },
    });
    const parts = await job.output([lines.join("\n")]);
    const users = parts.map((part) => new Set(part.split("\n").map((line) => line.split(",")[0])));
    for (let user = 0; user < 20; user++) {
      expect(users.filter((each) => each.has(`user${user}`))).toHaveLength(1);
    }
    for (const part of parts) {
      const keys = part.split("\n").slice(0, -1);
      expect(keys).toEqual(keys.toSorted());
    }
  });

  it("reads what a former step handed on", async () => {
    const options = { hasReducer: false, writer: { kind: "records" } } as const;
    const emits = "emit(line, [1]); emit(line, null); emit(line, 'text');";
    const first = await jobOf({ definition: `map: (line, { emit }) => { ${emits} }`, options });
    const [part] = resultOf(await first.map(0, "a\nb\n")).parts;
    const second = await jobOf({
      definition: `input: recordFiles(), map: program("cat")`,
      options: { hasReducer: false, reader: { kind: "records" } },
    });
    const content = fs.readFileSync(part?.location ?? "");
    const written = partOf(await second.map(0, content));
    expect(written).toBe("a\t[1]\na\t\na\ttext\nb\t[1]\nb\t\nb\ttext\n");
  });

  it("cuts lines into key and value for other writers", async () => {
    const act = { writer: { kind: "jsonl" } } as const;
    expect(await mapOnly("cat", "k\tv\tw\nalone\n", { act })).toBe(
      '{"key":"k","value":"v\\tw"}\n{"key":"alone","value":null}\n',
    );
  });
});

describe("where a program runs", () => {
  it("has the variables of Hadoop, the job's own, and no secret", async () => {
    process.env["AWS_SECRET_ACCESS_KEY"] = "hidden";
    const written = await mapOnly("env | sort", "a\n", {
      options: '{ env: { MINE: "yes", LANG: "C" } }',
    });
    delete process.env["AWS_SECRET_ACCESS_KEY"];
    const env = new Map(
      written.split("\n").map((line) => line.split(/=(.*)/s) as [string, string]),
    );
    expect(env.get("mapreduce_job_id")).toBe("wordcount-20261120-120000-abcd");
    expect(env.get("mapred_job_id")).toBe(env.get("mapreduce_job_id"));
    expect(env.get("mapreduce_task_attempt_id")).toMatch(/^attempt_.*_m_000000_0$/);
    expect(env.get("mapred_task_id")).toBe(env.get("mapreduce_task_attempt_id"));
    expect(env.get("mapreduce_task_ismap")).toBe("true");
    expect(env.get("mapreduce_task_partition")).toBe("0");
    expect(env.get("mapreduce_map_input_start")).toBe("0");
    expect(env.get("mapreduce_map_input_length")).toBe("2");
    expect(env.get("mapreduce_job_reduces")).toBe("1");
    expect(env.get("MINE")).toBe("yes");
    expect(env.get("LANG")).toBe("C");
    expect([...env.keys()].filter((name) => /AWS|MILLRACE|TOKEN/.test(name))).toEqual([]);
  });

  it("has the job's files, found like commands, and leaves nothing behind", async () => {
    const files = {
      "say.sh": { base64: Buffer.from("#!/bin/sh\ncat words.txt").toString("base64") },
      "words.txt": { base64: Buffer.from("shipped\n").toString("base64"), isExecutable: false },
      tool: { base64: Buffer.from("echo tool").toString("base64"), isExecutable: true },
    };
    const definition = `map: program("say.sh; ./tool; touch left; ls", { files: ${JSON.stringify(files)} })`;
    const job = await jobOf({ definition, options: { hasReducer: false } });
    const wanted = "shipped\ntool\nleft\nsay.sh\ntool\nwords.txt\n";
    expect(partOf(await job.map(0, "a\n"))).toBe(wanted);
    expect(partOf(await job.map(1, "a\n"))).toBe(wanted);
    const scratch = path.join(job.options.folder, "scratch");
    const left = fs.readdirSync(scratch, { recursive: true, encoding: "utf8" });
    expect(left.filter((each) => each.endsWith("/left"))).toEqual([]);
  });
});

function logOf(job: LocalJob): string {
  const logs = path.join(job.options.folder, "scratch", "logs");
  return fs
    .readdirSync(logs, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".log"))
    .map((name) => fs.readFileSync(path.join(logs, name), "utf8"))
    .join("");
}

describe("a program that does not end", () => {
  const patient = { timeout: 30_000 };
  /** A job whose mapper starts children, says so, and sleeps. */
  async function sleeping(): Promise<{ job: LocalJob; mark: string }> {
    const mark = `mark-${process.pid}-${jobCount}`;
    const command = `echo ready >&2; sleep 3600.${mark.replaceAll(/\D/g, "")} & sleep 3600 | cat & wait`;
    const definition = `map: program(${JSON.stringify(command)}, { env: { MARK: "${mark}" } })`;
    return { job: await jobOf({ definition, options: { hasReducer: false } }), mark };
  }

  /** Processes that have the mark in their environment. */
  function marked(mark: string): number[] {
    return fs
      .readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => environmentOf(pid).includes(`MARK=${mark}\0`))
      .map(Number);
  }

  function environmentOf(pid: string): string {
    try {
      return `${fs.readFileSync(`/proc/${pid}/environ`, "latin1")}\0`;
    } catch {
      return "";
    }
  }

  function parentOf(pid: number): number | null {
    try {
      return Number(/^PPid:\s*(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, "latin1"))?.[1]);
    } catch {
      return null;
    }
  }

  it("leaves nothing running or dead behind when it is cancelled", async () => {
    const { job, mark } = await sleeping();
    const running = await job.startMap(0, "a\n");
    await expect.poll(() => marked(mark).length, patient).toBeGreaterThanOrEqual(5);
    const pids = marked(mark);
    running.cancel("enough");
    expect((await running.outcome).type).toBe("cancelled");
    await expect.poll(() => marked(mark), patient).toEqual([]);
    // What has lost its parent is init's to clear away; what is ours must be gone.
    const ours = () => pids.filter((pid) => parentOf(pid) === process.pid);
    await expect.poll(ours, patient).toEqual([]);
  });

  it("is ended by the task time-out", async () => {
    const { job, mark } = await sleeping();
    const running = await job.startMap(0, "a\n", { taskTimeoutMs: 1000 });
    const failure = failureOf(await running.outcome);
    expect(failure.code).toBe("MR_USER_CODE_STUCK");
    expect(failure.logTail).toEqual(["ready"]);
    await expect.poll(() => marked(mark), patient).toEqual([]);
  });

  it("is not stuck as long as it writes to standard error", async () => {
    const definition = `map: program("for i in 1 2 3 4 5 6 7 8; do sleep 0.2; echo . >&2; done; cat")`;
    const job = await jobOf({ definition, options: { hasReducer: false } });
    const running = await job.startMap(0, "a\n", { taskTimeoutMs: 1400 });
    expect(partOf(await running.outcome)).toBe("a\n");
  });

  it("ends with its thread and its worker, whatever ends those", async () => {
    const { job, mark } = await sleeping();
    const other = newPool();
    const running = await new LocalJob(other, job.options).startMap(0, "a\n");
    await expect.poll(() => marked(mark).length, patient).toBeGreaterThanOrEqual(5);
    await other.close();
    await running.outcome;
    await expect.poll(() => marked(mark), patient).toEqual([]);
  });
});
