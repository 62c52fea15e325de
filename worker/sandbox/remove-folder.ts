import { rmSync } from "node:fs";

/**
 * Removes a folder of an attempt with all that is in it. Processes that are being ended may still write
 * there for a moment. What is left even so goes with all else that the attempt left on the worker: it
 * must not take the place of the attempt's own error.
 */
export function removeFolder(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 10 });
  } catch {
    // See above.
  }
}
