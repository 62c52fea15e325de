import type { FaultCode } from "#shared/errors/codes";
import { Fault, fault } from "#shared/errors/fault";

/** One record was refused before anything of it was taken: user code may catch that and go on. */
const harmlessCodes: ReadonlySet<FaultCode> = new Set<FaultCode>([
  "MR_KEY_INVALID",
  "MR_VALUE_INVALID",
  "MR_KEY_KINDS_MIXED",
  "MR_OUTPUT_UNKNOWN",
]);

const endedReason =
  "emit was called after its attempt had ended; return or await every promise that emits";

/**
 * Whether user code may emit now. An `emit` that was kept beyond its attempt must not reach the
 * records of the thread's next one, and an error that left records half taken must end the attempt
 * even when user code catches it.
 */
export class EmitGate {
  #refusal: string | null = null;
  #hasEnded = false;
  #broken: { readonly error: unknown } | null = null;

  /** @throws MR_USER_CODE_FAILED when emit may not be called now */
  check(): void {
    if (this.#refusal !== null) throw fault("MR_USER_CODE_FAILED", this.#refusal);
  }

  /** Remembers what an emit threw. @returns the error */
  failed(error: unknown): unknown {
    if (!(error instanceof Fault && harmlessCodes.has(error.code))) this.#broken ??= { error };
    return error;
  }

  /** Refuses calls until `open`, for this reason. */
  shut(reason: string): void {
    if (!this.#hasEnded) this.#refusal = reason;
  }

  open(): void {
    if (!this.#hasEnded) this.#refusal = null;
  }

  /** Refuses all further calls, for good. */
  end(): void {
    this.#hasEnded = true;
    this.#refusal = endedReason;
  }

  /** @throws what an emit threw that user code kept to itself */
  throwFailure(): void {
    if (this.#broken !== null) throw this.#broken.error;
  }
}
