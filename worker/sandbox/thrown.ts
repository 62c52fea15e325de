import { inspect, types } from "node:util";
import { limits } from "#shared/model/limits";

/** What can safely be said of a thrown value. */
export interface Thrown {
  /** `TypeError: x is not a function`, or the value itself as text. */
  readonly headline: string;
  /** With the causes below it, mapped to sources when source maps are on. */
  readonly stack: string | null;
  readonly name: string | null;
  /** The `code` that Node and our faults put on errors. */
  readonly code: string | null;
  /** Set on failed system calls only: `ENOSPC`. */
  readonly errno: string | null;
}

const causesMax = 3;

/**
 * Describes whatever was thrown: user code may throw texts, null, proxies, and objects whose
 * getters and methods throw in turn. Never throws.
 */
export function describeThrown(value: unknown): Thrown {
  if (!isObject(value) || types.isProxy(value)) return plain(`${inspectSafely(value)} was thrown`);
  const message = readText(value, "message");
  if (!types.isNativeError(value) && message === null)
    return plain(`${inspectSafely(value)} was thrown`);
  const name = readText(value, "name");
  const code = readText(value, "code");
  return {
    headline: headlineOf(name ?? "Error", message ?? ""),
    stack: stackOf(value),
    name,
    code,
    errno: code !== null && readText(value, "syscall") !== null ? code : null,
  };
}

/** Keeps the beginning, and says that there was more. */
export function shorten(text: string, charsMax: number): string {
  if (text.length <= charsMax) return text;
  const mark = " [cut]";
  return text.slice(0, Math.max(0, charsMax - mark.length)) + mark;
}

function headlineOf(name: string, message: string): string {
  if (message === "") return name;
  return name === "Error" || name === "Fault" ? message : `${name}: ${message}`;
}

function plain(headline: string): Thrown {
  return { headline, stack: null, name: null, code: null, errno: null };
}

function stackOf(error: object): string | null {
  const texts: string[] = [];
  let present: unknown = error;
  for (let depth = 0; depth <= causesMax; depth++) {
    if (!isObject(present) || types.isProxy(present)) break;
    const stack = readText(present, "stack");
    if (stack !== null) texts.push(depth === 0 ? stack : `caused by: ${stack}`);
    present = read(present, "cause");
  }
  return texts.length === 0 ? null : texts.join("\n");
}

function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

function read(from: object, field: string): unknown {
  try {
    return Reflect.get(from, field);
  } catch {
    return undefined;
  }
}

/** A text field, bounded; a message of 100 MB must not travel. */
function readText(from: object, field: string): string | null {
  const value = read(from, field);
  return typeof value === "string" ? value.slice(0, 4 * limits.failureTextCharsMax) : null;
}

function inspectSafely(value: unknown): string {
  try {
    const text = inspect(value, {
      depth: 1,
      breakLength: Number.POSITIVE_INFINITY,
      customInspect: false,
      showProxy: true,
      maxArrayLength: 10,
      maxStringLength: 500,
    });
    return shorten(text, 1_000);
  } catch {
    return "a value that cannot be shown";
  }
}
