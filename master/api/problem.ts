import type { NextFunction, Request, Response } from "express";
import type { z } from "zod";
import type { FaultCode } from "#shared/errors/codes";
import { asFault, fault, Fault, messageOf } from "#shared/errors/fault";
import { kindRules } from "#shared/errors/kinds";
import type { Logger } from "#shared/log/logger";

export interface FieldProblem {
  readonly field: string;
  readonly detail: string;
}

/** A request that is wrong in one or more named fields. */
export class FieldFault extends Fault {
  readonly errors: readonly FieldProblem[];

  constructor(code: FaultCode, message: string, errors: readonly FieldProblem[]) {
    super(code, message);
    this.errors = errors;
  }
}

/** Where HTTP has a word of its own for one code of a kind. */
const statusOfCode: Readonly<Partial<Record<FaultCode, number>>> = {
  MR_TOKEN_MISSING: 401,
  MR_BODY_TOO_LARGE: 413,
  MR_CONTENT_TYPE_UNSUPPORTED: 415,
  MR_IDEMPOTENCY_MISMATCH: 422,
  MR_BUNDLE_CORRUPT: 400,
  MR_DISK_FULL: 507,
};

const ownFields = new Set(["type", "title", "status", "detail", "code", "errors", "requestId"]);
const previewChars = 120;

/**
 * The one place where errors become answers.
 * @see RFC 9457
 */
export function problemHandler(log: Logger) {
  return (error: unknown, request: Request, response: Response, next: NextFunction): void => {
    if (response.headersSent) {
      // Half an answer cannot be taken back; a broken connection says that it is half.
      log.error({ err: error, requestId: response.locals["requestId"] as string }, "answer broke");
      response.destroy();
      next();
      return;
    }
    const known = faultOf(error);
    const status = statusOfCode[known.code] ?? kindRules[known.kind].httpStatus;
    const requestId = response.locals["requestId"] as string;
    if (status >= 500 && known.kind !== "unavailable") {
      log.error({ err: error, requestId, method: request.method }, "request failed");
    }
    if (status === 401) response.setHeader("WWW-Authenticate", 'Bearer realm="millrace"');
    if (status === 503) response.setHeader("Retry-After", "1");
    const details = Object.entries(known.details).filter(([name]) => !ownFields.has(name));
    // What is left of the body is read and dropped, so that the client comes to see the answer.
    request.resume();
    response.status(status).type("application/problem+json");
    response.send(
      JSON.stringify({
        type: `urn:millrace:problem:${known.code}`,
        title: `${known.kind}: ${kindRules[known.kind].advice}`,
        status,
        detail: known.message,
        code: known.code,
        requestId,
        ...Object.fromEntries(details),
        ...(known instanceof FieldFault ? { errors: known.errors } : {}),
      }),
    );
  };
}

function faultOf(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const { type, status, limit } = (error ?? {}) as {
    type?: string;
    status?: number;
    limit?: number;
  };
  if (type === "entity.too.large") {
    return fault(
      "MR_BODY_TOO_LARGE",
      "the body is too large",
      { allowedBytes: limit ?? null },
      error,
    );
  }
  if (type === "entity.parse.failed") {
    const reason = messageOf(error);
    return fault("MR_REQUEST_INVALID", "the body is not JSON", { reason }, error);
  }
  if (type === "encoding.unsupported" || type === "charset.unsupported") {
    return fault("MR_CONTENT_TYPE_UNSUPPORTED", messageOf(error), {}, error);
  }
  if (status !== undefined && status >= 400 && status < 500) {
    return fault("MR_REQUEST_INVALID", messageOf(error), {}, error);
  }
  return asFault(error);
}

/**
 * Checks a value against a schema.
 * @param place where the value stood, in front of field names: `query`; empty for the body
 * @throws MR_REQUEST_INVALID with one entry a field, naming the value and what is allowed
 */
export function check<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  place = "",
): z.output<Schema> {
  const parsed = schema.safeParse(value, { reportInput: true });
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.flatMap((issue) => problemsOf(issue, value, place));
  const fields = errors.map((each) => each.field).join(", ");
  const count = errors.length === 1 ? "one field is" : `${errors.length} fields are`;
  throw new FieldFault("MR_REQUEST_INVALID", `${count} not right: ${fields}`, errors);
}

function problemsOf(issue: z.core.$ZodIssue, value: unknown, place: string): FieldProblem[] {
  const path = place === "" ? issue.path : [place, ...issue.path];
  const field = path.map(String).join(".") || "body";
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      field: [...path.map(String), key].join("."),
      detail: "is not a known field",
    }));
  }
  const given = valueAt(value, issue.path);
  if (given === undefined && issue.code === "invalid_type") {
    return [{ field, detail: `is required: expected ${issue.expected}` }];
  }
  return [{ field, detail: `is ${preview(given)}; ${allowed(issue)}` }];
}

function allowed(issue: z.core.$ZodIssue): string {
  if (issue.code !== "invalid_union" || issue.errors.length === 0) {
    return lowerFirst(issue.message);
  }
  const expected = issue.errors.flat().map((inner) => {
    return inner.code === "invalid_type" ? inner.expected : lowerFirst(inner.message);
  });
  return `expected ${[...new Set(expected)].join(" or ")}`;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at = value;
  for (const name of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Record<PropertyKey, unknown>)[name];
  }
  return at;
}

function preview(value: unknown): string {
  if (value === undefined) return "missing";
  const text = JSON.stringify(value) ?? typeof value;
  return text.length <= previewChars ? text : `${text.slice(0, previewChars)}…`;
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
