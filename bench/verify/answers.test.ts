import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { recordBytes, RecordGenerator } from "../data-sets/records.js";
import { disagreements } from "./agreement.js";
import { groupsAnswer, linesAnswer } from "./lines.js";
import { recordsAnswer } from "./records.js";
import { wordCountAnswer } from "./words.js";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "millrace-bench-"));
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | Uint8Array): string {
  const target = path.join(folder, name);
  fs.writeFileSync(target, content);
  return target;
}

describe("wordCountAnswer", () => {
  it("is the same for one file and for its lines spread over parts", () => {
    const whole = wordCountAnswer([file("whole", "a\t1\naa\t2\nb\t3\nž\t4\n")]);
    const parts = wordCountAnswer([file("p0", "a\t1\nž\t4\n"), file("p1", "aa\t2\nb\t3\n")]);
    expect(parts).toEqual(whole);
    expect(whole.disorder).toBeNull();
  });

  it("differs when a count, a word or a line does", () => {
    const digest = (text: string) => wordCountAnswer([file("x", text)]).digest;
    const right = digest("a\t1\nb\t3\n");
    for (const wrong of ["a\t1\nb\t4\n", "a\t1\nc\t3\n", "a\t1\n", "a\t1\nb\t3\nb\t3\n"]) {
      expect(digest(wrong)).not.toBe(right);
    }
  });

  it("tells where words are not in byte order, and takes a repeated word for disorder", () => {
    expect(wordCountAnswer([file("y", "b\t1\na\t1\n")]).disorder).toMatch(/not sorted at line 2/);
    expect(wordCountAnswer([file("y", "a\t1\na\t1\n")]).disorder).toMatch(/not sorted at line 2/);
    expect(wordCountAnswer([file("y", "aa\t1\na\t1\n")]).disorder).toMatch(/line 2/);
  });
});

describe("linesAnswer", () => {
  const digest = (...contents: string[]) =>
    linesAnswer(contents.map((content, index) => file(`l${index}`, content))).digest;

  it("is that of the lines in any order, over any files, with or without a last newline", () => {
    expect(digest("b\na\nc\n")).toBe(digest("a\n", "c\nb"));
    expect(digest("a\n\nb\n")).not.toBe(digest("a\nb\n"));
    expect(digest("a\na\n")).not.toBe(digest("a\n"));
    expect(digest("a\n")).not.toBe(digest("b\n"));
  });
});

describe("groupsAnswer", () => {
  const digest = (...contents: string[]) =>
    groupsAnswer(contents.map((content, index) => file(`g${index}`, content))).digest;

  it("takes count and sum in columns or as an array for the same", () => {
    expect(digest("/ 200\t2\t30\n/a 404\t1\t0\n")).toBe(
      digest("/a 404\t[1,0]\n", "/ 200\t[2,30]\n"),
    );
  });

  it("differs when a key, a count or a sum does, or a group is there in two halves", () => {
    const right = digest("/ 200\t2\t30\n");
    for (const wrong of ["/ 201\t2\t30\n", "/ 200\t3\t30\n", "/ 200\t[2,31]\n", ""]) {
      expect(digest(wrong)).not.toBe(right);
    }
    expect(digest("/ 200\t1\t10\n/ 200\t1\t20\n")).not.toBe(right);
  });
});

describe("recordsAnswer", () => {
  const input = Buffer.concat(
    Array.from(new RecordGenerator(1, 1_500_000).blocks(), (block) => Buffer.from(block)),
  );
  const records = Array.from({ length: input.length / recordBytes }, (_, index) =>
    input.subarray(index * recordBytes, (index + 1) * recordBytes),
  );
  const sorted = records.toSorted((a, b) => Buffer.compare(a, b));
  const expected = recordsAnswer([file("input", input)]);

  it("has the digest of the input when sorted, also over several parts", () => {
    const middle = 7_001;
    const parts = [
      file("r0", Buffer.concat(sorted.slice(0, middle))),
      file("r1", Buffer.concat(sorted.slice(middle))),
    ];
    expect(recordsAnswer(parts)).toEqual({ digest: expected.digest, disorder: null });
    expect(recordsAnswer(parts.toReversed()).disorder).toMatch(/not sorted/);
    expect(expected.disorder).toMatch(/not sorted/);
  });

  it("differs when one byte does, and complains of half a record", () => {
    const bytes = Buffer.concat(sorted);
    bytes[50] = (bytes[50] ?? 0) ^ 1;
    expect(recordsAnswer([file("flipped", bytes)]).digest).not.toBe(expected.digest);
    const torn = file("torn", bytes.subarray(0, bytes.length - 1));
    expect(recordsAnswer([torn]).disorder).toMatch(/whole record/);
  });
});

describe("disagreements", () => {
  const answer = (digest: string, disorder: string | null = null) => ({ digest, disorder });

  it("names nobody when all agree", () => {
    const answers = ["a", "b"].map((name) => ({ name, answer: answer("same") }));
    expect(disagreements(answers, null)).toEqual([]);
    expect(disagreements(answers, "same")).toEqual([]);
    expect(disagreements([], null)).toEqual([]);
  });

  it("names who differs from most, from what is expected, and who is out of order", () => {
    const answers = [
      { name: "odd", answer: answer("x") },
      { name: "a", answer: answer("same") },
      { name: "b", answer: answer("same", "line 2") },
    ];
    const found = disagreements(answers, null);
    expect(found.map((sentence) => sentence.split(" ")[0])).toEqual(["odd", "b"]);
    expect(disagreements(answers, "x").length).toBe(3);
  });
});
