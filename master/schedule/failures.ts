import type { FaultCode } from "#shared/errors/codes";
import type { Failure } from "#shared/model/result";

/** A failure that the coordinator itself found. */
export function infrastructureFailure(code: FaultCode, message: string): Failure {
  return {
    code,
    message,
    blame: "infrastructure",
    userFrame: null,
    stack: null,
    place: null,
    logTail: [],
    permanent: false,
  };
}
