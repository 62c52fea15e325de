/** What the caller should do next decides the kind; HTTP status and exit code follow from it. */
export type FaultKind =
  | "invalid"
  | "denied"
  | "not-found"
  | "conflict"
  | "exhausted"
  | "unavailable"
  | "data"
  | "internal";

export interface KindRule {
  readonly advice: string;
  readonly httpStatus: number;
  readonly exitCode: number;
}

/** One row a kind; a record over all kinds so that none can be forgotten. */
export const kindRules: Readonly<Record<FaultKind, KindRule>> = {
  invalid: { advice: "change the request", httpStatus: 400, exitCode: 2 },
  denied: { advice: "use the right credentials", httpStatus: 403, exitCode: 3 },
  "not-found": { advice: "name another thing", httpStatus: 404, exitCode: 4 },
  conflict: { advice: "read again, then retry", httpStatus: 409, exitCode: 5 },
  exhausted: { advice: "wait, a limit is reached", httpStatus: 429, exitCode: 6 },
  unavailable: { advice: "retry with backoff", httpStatus: 503, exitCode: 7 },
  data: { advice: "stop: bytes are not as they were written", httpStatus: 500, exitCode: 8 },
  internal: { advice: "report a bug", httpStatus: 500, exitCode: 1 },
};
