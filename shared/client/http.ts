import { setTimeout as pause } from "node:timers/promises";
import type { z } from "zod";
import { systemRandom } from "#shared/clock/system";
import type { Random } from "#shared/clock/clock";
import { asFault, fault, messageOf, type Fault } from "#shared/errors/fault";
import { faultOfAnswer } from "./problem.js";

export interface HttpOptions {
  /** `http://host:port`, without a slash at the end. */
  readonly baseUrl: string;
  readonly token: string | null;
  /** For one attempt of one request, body included. */
  readonly timeoutMs?: number;
  /** Attempts of a request that may be repeated; 1 never repeats. */
  readonly attemptsMax?: number;
  /** First wait between attempts; doubles, with jitter. */
  readonly retryBaseMs?: number;
  readonly random?: Random;
}

export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT";
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  /** Whether doing it twice is as good as once, so that it may be repeated. */
  readonly isIdempotent: boolean;
  readonly signal?: AbortSignal | undefined;
}

const retryWaitMaxMs = 5_000;

/** One request, repeated with growing waits while the master is not to be reached. */
export class Http {
  readonly baseUrl: string;
  readonly #options: HttpOptions;

  constructor(options: HttpOptions) {
    this.baseUrl = options.baseUrl.replace(/\/+$/, "");
    this.#options = options;
  }

  /** @throws MR_PROTOCOL_VIOLATION when the answer has another shape; otherwise as {@link text} */
  async json<Schema extends z.ZodType>(
    request: HttpRequest,
    schema: Schema,
  ): Promise<z.output<Schema>> {
    const body = await this.text(request);
    let json: unknown;
    try {
      json = JSON.parse(body);
    } catch (error) {
      const start = body.slice(0, 100);
      throw fault("MR_PROTOCOL_VIOLATION", "the answer is not JSON", { start }, error);
    }
    const parsed = schema.safeParse(json);
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    throw fault("MR_PROTOCOL_VIOLATION", "the answer has another shape than expected", {
      path: request.path,
      field: issue?.path.join(".") ?? "",
      reason: issue?.message ?? "",
    });
  }

  /** @throws MR_MASTER_UNREACHABLE, MR_TIMED_OUT, or what the master answers */
  async text(request: HttpRequest): Promise<string> {
    const attemptsMax = request.isIdempotent ? (this.#options.attemptsMax ?? 4) : 1;
    const random = this.#options.random ?? systemRandom;
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#attempt(request);
      if (typeof outcome === "string") return outcome;
      const mayHelp = outcome.fault.kind === "unavailable" || outcome.fault.kind === "exhausted";
      if (attempt >= attemptsMax || !mayHelp) throw outcome.fault;
      const ceilingMs = (this.#options.retryBaseMs ?? 200) * 2 ** (attempt - 1);
      const jitteredMs = ceilingMs * (0.5 + random.next() / 2);
      const waitMs = Math.min(retryWaitMaxMs, Math.max(jitteredMs, outcome.retryAfterMs));
      await pause(waitMs, undefined, request.signal ? { signal: request.signal } : {});
    }
  }

  async #attempt(request: HttpRequest): Promise<string | Failed> {
    const timeout = AbortSignal.timeout(this.#options.timeoutMs ?? 30_000);
    const signal = request.signal ? AbortSignal.any([timeout, request.signal]) : timeout;
    let status = 0;
    try {
      const response = await fetch(this.#url(request), {
        method: request.method,
        headers: this.#headers(request),
        signal,
        ...(request.body === undefined ? {} : { body: request.body }),
      });
      status = response.status;
      const body = await response.text();
      if (response.ok) return body;
      const retryAfterSeconds = Number(response.headers.get("retry-after") ?? 0);
      return { fault: faultOfAnswer(status, body), retryAfterMs: retryAfterSeconds * 1000 || 0 };
    } catch (error) {
      if (request.signal?.aborted === true) throw error;
      return { fault: this.#networkFault(error, timeout.aborted), retryAfterMs: 0 };
    }
  }

  #networkFault(error: unknown, isTimeout: boolean): Fault {
    if (isTimeout) {
      return fault("MR_TIMED_OUT", "the master did not answer in time", { url: this.baseUrl });
    }
    if (!(error instanceof TypeError)) return asFault(error);
    const reason = messageOf(error.cause ?? error) || codeOf(error.cause);
    const details = { url: this.baseUrl, reason };
    return fault("MR_MASTER_UNREACHABLE", "no connection to the master", details, error);
  }

  #url(request: HttpRequest): string {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(request.query ?? {})) {
      if (value !== undefined) query.set(name, String(value));
    }
    const text = query.toString();
    return `${this.baseUrl}${request.path}${text === "" ? "" : `?${text}`}`;
  }

  #headers(request: HttpRequest): Record<string, string> {
    const { token } = this.#options;
    return {
      accept: "application/json, text/plain;q=0.9, application/problem+json",
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...request.headers,
    };
  }
}

interface Failed {
  readonly fault: Fault;
  readonly retryAfterMs: number;
}

/** Node's refused connection to a name with two addresses has an empty message and only a code. */
function codeOf(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : "";
  return String(code);
}
