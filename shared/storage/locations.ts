import { fault } from "#shared/errors/fault";

export interface Location {
  readonly scheme: "file";
  /** Key in the backend of that scheme; empty for the root folder. */
  readonly key: string;
}

const allowed = "an absolute path such as /data/input.txt";

/**
 * Takes a location apart. Repeated and trailing slashes and `.` segments mean nothing.
 * @throws MR_LOCATION_UNSUPPORTED naming the location and the allowed forms
 */
export function parseLocation(text: string): Location {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1];
  if (scheme !== undefined) {
    throw refusal(`location has the scheme ${scheme}://, which is not supported`, text);
  }
  if (!text.startsWith("/")) throw refusal("location is not absolute", text);
  if (text.includes("\0")) throw refusal("location contains NUL", text);
  const segments = text.split("/").filter((segment) => segment !== "" && segment !== ".");
  if (segments.includes("..")) throw refusal("location contains '..'", text);
  return { scheme: "file", key: segments.join("/") };
}

/** The location of a key of the local backend, which is rooted at `/`. */
export function toLocation(key: string): string {
  return `/${key}`;
}

function refusal(message: string, text: string): Error {
  const location = JSON.stringify(text);
  return fault("MR_LOCATION_UNSUPPORTED", `${message}; allowed: ${allowed};`, { location });
}
