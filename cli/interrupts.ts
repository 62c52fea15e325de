const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
export type Interrupt = (typeof signals)[number];

/** Calls `handle` on Ctrl-C and its like instead of ending. @returns how to stop listening */
export function onInterrupt(handle: (signal: Interrupt) => void): () => void {
  const listeners = signals.map((signal) => [signal, () => handle(signal)] as const);
  for (const [signal, listener] of listeners) process.on(signal, listener);
  return () => {
    for (const [signal, listener] of listeners) process.off(signal, listener);
  };
}

/** Exit code of a command that Ctrl-C cancelled: 128 + SIGINT, as shells have it. */
export const interruptedExitCode = 130;
