import { expect, it } from "vitest";
import { testJob } from "millrace/testing";
import wordcount from "./wordcount.js";

it("counts words, whatever their case", async () => {
  const { records, text } = await testJob(wordcount, { input: "The cat\nthe dog\n", reducers: 1 });
  expect(records).toEqual([
    { key: "cat", value: 1 },
    { key: "dog", value: 1 },
    { key: "the", value: 2 },
  ]);
  expect(text).toBe("cat\t1\ndog\t1\nthe\t2\n");
});
