import { limits } from "./limits.js";

/** Name of an output, of a column of `partitionBy`. */
export const folderNamePattern = /^[a-z][a-z0-9_-]{0,62}$/i;

/** `.gz`, `.csv.zst`: what a part's name may end in. */
export const partExtensionPattern = /^(?:\.[a-z0-9]{1,8}){1,2}$/;

/**
 * A folder below an output that holds parts: a named output (`errors`), or levels of `partitionBy`
 * (`date=2015-05-17/host=a`), which stay below `limits`. Matches nothing that leads elsewhere: every
 * level begins with a letter. Nor what looks like a part: a file and a folder cannot share a name.
 */
export const folderPattern =
  /^(?!part-\d)[a-z][a-z0-9_-]{0,62}(?:$|=[\w.~%-]{1,198}(?:\/[a-z][a-z0-9_-]{0,62}=[\w.~%-]{1,198}){0,7}$)/i;

/** `part-00003.gz`, directly in an output or in one of its folders. */
export const partNamePattern = /^part-\d{5,}(?:\.[a-z0-9]{1,8}){0,2}$/;

/** What an empty value of `partitionBy` is written as. @see Hive's `hive.exec.default.partition.name` */
export const emptyFolderValue = "__HIVE_DEFAULT_PARTITION__";

/** Whether a path below an output is one that a job's part may have: `part-00000`, `errors/part-00000.gz`. */
export function isPartPath(path: string): boolean {
  const slash = path.lastIndexOf("/");
  if (!partNamePattern.test(path.slice(slash + 1))) return false;
  if (slash < 0) return true;
  const folder = path.slice(0, slash);
  return folder.length <= limits.folderCharsMax && folderPattern.test(folder);
}
