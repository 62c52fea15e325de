import type { PartitionFolders } from "#shared/authoring/any-job";
import { fault } from "#shared/errors/fault";
import { encodeKey } from "#shared/format/key";
import { Scratch } from "#shared/format/scratch";
import { emptyFolderValue, folderNamePattern } from "#shared/model/folders";
import { limits } from "#shared/model/limits";

/** Written as it is; every other byte as `%` and two digits, upper case. */
const plainValue = /^[A-Za-z0-9_.~-]+$/;
const plainByte = /[A-Za-z0-9_.~-]/;

const text = new Scratch(256);

/**
 * The folder of a record, `date=2015-05-17/host=a`: a level for each member, in their order, values
 * encoded as Hive does, so that whatever they are no level leads elsewhere.
 * @throws MR_FOLDER_INVALID naming the member, its value and what is allowed
 */
export function folderName(folders: PartitionFolders): string {
  if (typeof folders !== "object" || folders === null || Array.isArray(folders)) {
    const shown = folders === null ? "null" : Array.isArray(folders) ? "an array" : typeof folders;
    throw refusal(`result is ${shown}`, 'an object such as { date: "2015-05-17" }');
  }
  let path = "";
  let levelCount = 0;
  for (const name of Object.keys(folders)) {
    if (!folderNamePattern.test(name)) {
      const allowed = "1 to 63 letters, digits, '-' or '_', starting with a letter";
      throw refusal(`name is ${JSON.stringify(name)}`, allowed);
    }
    if (/^part-\d/i.test(name)) {
      throw refusal(`name is ${JSON.stringify(name)}`, "names that do not look like a part's");
    }
    const level = `${name}=${valueText(name, folders[name])}`;
    if (level.length > limits.folderLevelBytesMax) {
      const allowed = `at most ${limits.folderLevelBytesMax} bytes together with the name, encoded`;
      throw refusal(`value of ${name} is too long`, allowed);
    }
    path = levelCount++ === 0 ? level : `${path}/${level}`;
  }
  if (levelCount === 0 || levelCount > limits.folderLevelsMax) {
    throw refusal(`result has ${levelCount} members`, `1 to ${limits.folderLevelsMax}`);
  }
  return path;
}

function valueText(name: string, value: unknown): string {
  if (typeof value === "number") return encodeText(String(value));
  if (typeof value === "string") return value === "" ? emptyFolderValue : encodeText(value);
  const shown = value === null ? "null" : typeof value;
  throw refusal(`value of ${name} is ${shown}`, "a string or a number");
}

function encodeText(value: string): string {
  if (plainValue.test(value)) return value;
  // A name that long is refused anyway: no need to encode a novel.
  text.length = 0;
  encodeKey(text, value.slice(0, limits.folderLevelBytesMax));
  let encoded = "";
  for (let at = 0; at < text.length; at++) {
    const byte = text.bytes[at] ?? 0;
    const char = String.fromCharCode(byte);
    encoded += plainByte.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}

function refusal(found: string, allowed: string): Error {
  return fault("MR_FOLDER_INVALID", `partitionBy: ${found}; allowed: ${allowed}`);
}
