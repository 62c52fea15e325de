import { createHash, timingSafeEqual } from "node:crypto";

/** Whether a request shows the cluster's token. */
export type Access = "granted" | "missing" | "wrong";

/**
 * Compares the token of an `Authorization: Bearer …` header in constant time.
 * @param token the cluster's token; null when it has none, which grants everything
 */
export function checkBearer(token: string | null, authorization: string | undefined): Access {
  if (token === null) return "granted";
  const match = /^Bearer ([\x21-\x7e]+) *$/i.exec(authorization ?? "");
  if (match === null) return "missing";
  return timingSafeEqual(digest(match[1] ?? ""), digest(token)) ? "granted" : "wrong";
}

/** Equal lengths, as the comparison wants. */
function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
