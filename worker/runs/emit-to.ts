import type { JobKey, JobValue } from "#shared/authoring/values";
import { fault } from "#shared/errors/fault";

/** Writes a record to one of the job's named outputs. */
export type EmitTo = (output: string, key: JobKey, value: JobValue) => void;

/** For attempts that write no output. @returns what refuses every call, with this as what is allowed */
export function refuseEmitTo(allowed: string): EmitTo {
  return (output) => {
    const shown = JSON.stringify(output);
    throw fault("MR_OUTPUT_UNKNOWN", `emitTo was called with ${shown}; allowed: ${allowed}`);
  };
}
