import { setTimeout as pause } from "node:timers/promises";

const pollMs = 15;
/** Far beyond what anything here takes, so that only what never comes runs into it. */
export const patienceMs = 60_000;

/**
 * Looks until there is something to see.
 * @param what completes "it did not come to be: …"; a function may tell what was seen last
 * @throws Error that says what was awaited, after `withinMs`
 */
export async function until<Value>(
  what: string | (() => string),
  look: () => Value | Promise<Value>,
  withinMs = patienceMs,
): Promise<Exclude<Value, null | undefined | false>> {
  const deadlineMs = performance.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (seen !== null && seen !== undefined && seen !== false) {
      return seen as Exclude<Value, null | undefined | false>;
    }
    if (performance.now() > deadlineMs) {
      const awaited = typeof what === "string" ? what : what();
      throw new Error(`it did not come to be within ${withinMs} ms: ${awaited}`);
    }
    await pause(pollMs);
  }
}

/** Like `until`, but leaves no instant between seeing and acting: the caller's thread does nothing else. */
export function untilAtOnce(what: string, look: () => boolean, withinMs = patienceMs): void {
  const deadlineMs = performance.now() + withinMs;
  while (!look()) {
    if (performance.now() > deadlineMs) throw new Error(`it did not come to be: ${what}`);
  }
}
