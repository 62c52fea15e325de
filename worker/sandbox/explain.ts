import { types } from "node:util";
import { faultCodes, type FaultCode } from "#shared/errors/codes";
import { Fault } from "#shared/errors/fault";
import { limits } from "#shared/model/limits";
import type { Failure, RecordPlace } from "#shared/model/result";
import { describeThrown, shorten, type Thrown } from "./thrown.js";
import { innermostUserFrame, withoutEngineFrames } from "./user-frame.js";

/** Codes that no retry can cure: the input, the job or its records are what they are. */
const permanentCodes: ReadonlySet<FaultCode> = new Set<FaultCode>([
  "MR_INPUT_CHANGED",
  "MR_INPUT_NOT_FOUND",
  "MR_INPUT_CORRUPT",
  "MR_JOB_INVALID",
  "MR_JOB_FILE_INVALID",
  "MR_PARAM_INVALID",
  "MR_LOCATION_UNSUPPORTED",
  "MR_KEY_INVALID",
  "MR_KEY_KINDS_MIXED",
  "MR_VALUE_INVALID",
  "MR_PARTITION_INVALID",
  "MR_OUTPUT_UNKNOWN",
  "MR_FOLDER_INVALID",
  "MR_FOLDERS_TOO_MANY",
  "MR_RECORD_TOO_LARGE",
  "MR_GROUP_TOO_LARGE",
]);

/** Codes whose cause is the machine or the cluster, not the job, when the engine itself says so. */
const infrastructureCodes: ReadonlySet<FaultCode> = new Set<FaultCode>([
  "MR_DISK_FULL",
  "MR_MASTER_UNREACHABLE",
  "MR_WORKER_UNREACHABLE",
  "MR_RUN_UNREACHABLE",
  "MR_RUN_NOT_FOUND",
  "MR_RUN_CORRUPT",
  "MR_STORAGE_UNAVAILABLE",
  "MR_TIMED_OUT",
  "MR_BUNDLE_NOT_FOUND",
  "MR_BUNDLE_CORRUPT",
  "MR_ATTEMPT_FENCED",
]);

const diskFullErrnos = new Set(["ENOSPC", "EDQUOT"]);

interface Verdict {
  readonly code: FaultCode;
  readonly blame: Failure["blame"];
}

/**
 * Turns whatever ended an attempt into its failure. Never throws, whatever was thrown.
 * @param place the record or group at hand, null outside of any
 * @param during what was running, for the message: `map`, `reduce`, `setup`
 */
export function explain(
  error: unknown,
  place: RecordPlace | null,
  logTail: readonly string[],
  during = "task",
): Failure {
  const thrown = describeThrown(error);
  const userFrame = innermostUserFrame(thrown.stack);
  const { code, blame } = judge(error, thrown, userFrame !== null);
  // Where no user code stands on the stack, the engine's frames are all there is to go by.
  const stack =
    thrown.stack === null || userFrame === null ? thrown.stack : withoutEngineFrames(thrown.stack);
  return {
    code,
    message: shorten(`${during} failed: ${thrown.headline}`, limits.failureTextCharsMax),
    blame,
    userFrame,
    stack: stack === null ? null : shorten(stack, limits.failureTextCharsMax),
    place,
    logTail: [...logTail],
    permanent: blame === "user" && permanentCodes.has(code),
  };
}

/** A failure that the engine states itself: there is no stack and no record. */
export function stateFailure(
  code: FaultCode,
  message: string,
  extra: Partial<Failure> = {},
): Failure {
  return {
    code,
    message: shorten(message, limits.failureTextCharsMax),
    blame: infrastructureCodes.has(code) ? "infrastructure" : "user",
    userFrame: null,
    stack: null,
    place: null,
    logTail: [],
    permanent: false,
    ...extra,
  };
}

function judge(error: unknown, thrown: Thrown, hasUserFrame: boolean): Verdict {
  if (isEngineFault(error)) {
    const { code } = error;
    return { code, blame: infrastructureCodes.has(code) ? "infrastructure" : "user" };
  }
  if (thrown.errno !== null) {
    if (diskFullErrnos.has(thrown.errno)) return { code: "MR_DISK_FULL", blame: "infrastructure" };
    // The engine's own file or socket: user code that opens files stands on the stack itself.
    if (!hasUserFrame) return { code: "MR_STORAGE_UNAVAILABLE", blame: "infrastructure" };
  }
  // A bundle carries its own copy of the Fault class (`defineJob` throws it); its codes are kept,
  // but user code cannot talk itself out of the blame.
  if (thrown.name === "Fault" && isFaultCode(thrown.code)) {
    return { code: thrown.code, blame: "user" };
  }
  if (thrown.code === "ERR_WORKER_OUT_OF_MEMORY") {
    return { code: "MR_MEMORY_EXHAUSTED", blame: "user" };
  }
  return { code: "MR_USER_CODE_FAILED", blame: "user" };
}

function isEngineFault(error: unknown): error is Fault {
  return types.isNativeError(error) && error instanceof Fault;
}

function isFaultCode(code: string | null): code is FaultCode {
  return code !== null && Object.hasOwn(faultCodes, code);
}
