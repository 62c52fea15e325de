import { Fault, fault, messageOf } from "#shared/errors/fault";

/** The code of a system error (`ENOENT`), or empty. */
export function systemCode(error: unknown): string {
  if (!(error instanceof Error) || !("code" in error)) return "";
  return typeof error.code === "string" ? error.code : "";
}

/** No object there: nothing, a path through a file, a link to itself, or a name no file can have. */
export function isMissing(error: unknown): boolean {
  const code = systemCode(error);
  return ["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG"].includes(code);
}

/** A system error as a fault that names the path. */
export function readFault(error: unknown, path: string): Fault {
  if (error instanceof Fault) return error;
  const code = systemCode(error);
  if (isMissing(error) || code === "EISDIR" || code === "ENXIO") {
    return fault("MR_OBJECT_NOT_FOUND", "no such object", { path }, error);
  }
  if (code === "EACCES" || code === "EPERM") {
    return fault("MR_INPUT_UNREADABLE", "not allowed to read", { path, system: code }, error);
  }
  return unavailable("reading failed", error, path);
}

/** Like `readFault`, for what changes the disk. */
export function writeFault(error: unknown, path: string): Fault {
  if (error instanceof Fault) return error;
  const code = systemCode(error);
  if (code === "ENOSPC" || code === "EDQUOT") {
    return fault("MR_DISK_FULL", "no space left for writing", { path, system: code }, error);
  }
  if (code === "ENOTDIR" || code === "EISDIR" || code === "ENOTEMPTY" || code === "EEXIST") {
    return fault("MR_KEY_INVALID", "an object and a folder cannot have one name", { path }, error);
  }
  if (code === "ENAMETOOLONG") {
    return fault("MR_KEY_INVALID", "name too long for the file system", { path }, error);
  }
  return unavailable("writing failed", error, path);
}

function unavailable(what: string, error: unknown, path: string): Fault {
  const system = systemCode(error) || messageOf(error);
  return fault("MR_STORAGE_UNAVAILABLE", what, { path, system }, error);
}
