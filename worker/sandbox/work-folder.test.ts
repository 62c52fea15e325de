import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { defineJob } from "#shared/authoring/job";
import { program } from "#shared/authoring/programs";
import { text } from "#shared/authoring/readers";
import { plainLines } from "#shared/authoring/writers";
import { runInProcess } from "./fixtures/job-in-process.js";

const writers =
  "for j in 1 2 3 4; do (i=0; while :; do i=$((i+1)); : > f$j-$i; done) >/dev/null 2>&1 & done; sleep 0.03";

it("is removed although processes that are being ended still write to it", async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "millrace-work-"));
  try {
    const map = program(`${writers}; exit 3`);
    const job = defineJob({ name: "writes", input: text(), map, output: plainLines() });
    const options = { job, tasks: [{ content: "a\n" }], spec: { hasReducer: false } };
    for (let run = 0; run < 15; run++) {
      const failing = runInProcess({ ...options, folder: path.join(folder, `${run}`) });
      await expect(failing).rejects.toMatchObject({ code: "MR_USER_CODE_FAILED" });
    }
  } finally {
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}, 60_000);
