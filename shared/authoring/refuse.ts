import { fault } from "#shared/errors/fault";

/** @throws MR_JOB_INVALID naming the field, its value and what is allowed */
export function refuse(field: string, value: unknown, allowed: string): never {
  const shown = typeof value === "string" ? JSON.stringify(value) : describe(value);
  throw fault("MR_JOB_INVALID", `job definition: ${field} is ${shown}; allowed: ${allowed}`, {
    field,
  });
}

/** @throws MR_JOB_INVALID naming the field and those that there are */
export function refuseUnknown(field: string, known: readonly string[]): never {
  const allowed = known.join(", ");
  throw fault("MR_JOB_INVALID", `job definition: there is no field ${field}; allowed: ${allowed}`, {
    field,
  });
}

function describe(value: unknown): string {
  if (value === undefined) return "missing";
  if (typeof value === "object" && value !== null) return "an object of another kind";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return value === null ? "null" : `a ${typeof value}`;
}
