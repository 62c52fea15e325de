import { fault } from "#shared/errors/fault";

const loneSurrogate = /\p{Surrogate}/u;

/**
 * Refuses keys that could leave the root or that name nothing.
 * @throws MR_KEY_INVALID
 */
export function checkKey(key: string): void {
  if (key === "") throw fault("MR_KEY_INVALID", "object key is empty");
  checkSegments(key, key);
}

/**
 * The folder that a prefix names, without a slash at its end; empty for the root.
 * @throws MR_KEY_INVALID
 */
export function checkPrefix(prefix: string): string {
  if (prefix === "") return "";
  const folder = prefix.endsWith("/") ? prefix.slice(0, -1) : prefix;
  checkSegments(folder, prefix);
  return folder;
}

function checkSegments(path: string, shown: string): void {
  if (path.includes("\0")) {
    throw fault("MR_KEY_INVALID", "object key contains NUL", { key: JSON.stringify(shown) });
  }
  if (loneSurrogate.test(path)) {
    throw fault("MR_KEY_INVALID", "object key is not well-formed unicode", {
      key: JSON.stringify(shown),
    });
  }
  for (const segment of path.split("/")) {
    if (segment === "" || segment === "." || segment === "..") {
      throw fault("MR_KEY_INVALID", "object key has an empty, '.' or '..' segment", {
        key: JSON.stringify(shown),
      });
    }
  }
}

/** Order of keys: by code point, which is the order of their UTF-8 bytes, as in S3. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const x = a.charCodeAt(index);
    const y = b.charCodeAt(index);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Halves of surrogate pairs stand for code points above all others. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** `a/b` and `c` as `a/b/c`; either may be the root. */
export function joinKey(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}
