/** What tests of jobs import: `import { testJob } from "millrace/testing"`. */
export { testJob } from "./test-job.js";
export type { TestOptions } from "./test-job.js";
export type { TestContent, TestFile, TestFiles, TestInput } from "./test-files.js";
export type { TestOutput, TestRecord, TestResult } from "./test-result.js";
