import { faultCodes, type FaultCode } from "./codes.js";
import type { FaultKind } from "./kinds.js";

/** Values that may stand beside a message; secrets never do. */
export type FaultDetails = Readonly<Record<string, string | number | boolean | null>>;

/** An operating error: a stable code, the kind that says what to do next, details and cause. */
export class Fault extends Error {
  readonly code: FaultCode;
  readonly kind: FaultKind;
  readonly details: FaultDetails;

  constructor(code: FaultCode, message: string, details: FaultDetails = {}, cause?: unknown) {
    super(withDetails(message, details), cause === undefined ? undefined : { cause });
    this.name = "Fault";
    this.code = code;
    this.kind = faultCodes[code];
    this.details = details;
  }
}

/**
 * Builds an operating error.
 * @param message lower case, constant words; what varies goes into `details` and is appended as `key=value`
 */
export function fault(
  code: FaultCode,
  message: string,
  details: FaultDetails = {},
  cause?: unknown,
): Fault {
  return new Fault(code, message, details, cause);
}

/** The error as a Fault: itself, or an `MR_INTERNAL` around it. */
export function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  return new Fault("MR_INTERNAL", messageOf(error), {}, error);
}

/** The message of whatever was thrown, without its stack. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function withDetails(message: string, details: FaultDetails): string {
  const pairs = Object.entries(details).map(([name, value]) => `${name}=${String(value)}`);
  return pairs.length === 0 ? message : `${message} ${pairs.join(" ")}`;
}
