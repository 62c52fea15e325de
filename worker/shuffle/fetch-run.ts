import { get, type Agent, type IncomingMessage } from "node:http";
import { fault } from "#shared/errors/fault";
import { SegmentVerifier } from "./segment-verifier.js";

/** Where the bytes of a segment go while they arrive; told the size first. */
export interface SegmentSink {
  begin(sizeBytes: number, records: number): void;
  write(bytes: Buffer): void;
}

export interface FetchOptions {
  readonly agent: Agent;
  readonly token: string | null;
  /** A holder that sends nothing for so long is given up. */
  readonly silenceMs: number;
  /** Ends the fetch when nobody wants it any more. */
  readonly signal?: AbortSignal;
}

/**
 * Fetches one partition of one run, and checks every block on the way. What the sink throws is
 * thrown as it is: it says nothing about the holder.
 * @returns false when the partition is empty
 * @throws MR_RUN_NOT_FOUND, MR_RUN_CORRUPT, MR_RUN_UNREACHABLE (worth another try)
 */
export async function fetchRun(
  url: string,
  sink: SegmentSink,
  options: FetchOptions,
): Promise<boolean> {
  const response = await request(url, options);
  const { statusCode: status = 0 } = response;
  if (status === 200) {
    try {
      await receive(response, sink);
      return true;
    } finally {
      response.destroy();
    }
  }
  // The connection is used again once its answer was read to the end.
  response.resume();
  if (status === 204) return false;
  if (status === 404) throw fault("MR_RUN_NOT_FOUND", "holder does not have the run", { status });
  throw unreachable("holder refused the run", { status });
}

async function receive(response: IncomingMessage, sink: SegmentSink): Promise<void> {
  const sizeBytes = numberIn(response, "content-length");
  sink.begin(sizeBytes, numberIn(response, "x-run-records"));
  const verifier = new SegmentVerifier();
  let received = 0;
  let isReading = true;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      isReading = false;
      received += chunk.length;
      if (received > sizeBytes) throw unreachable("holder sent too much", { received });
      verifier.take(chunk);
      sink.write(chunk);
      isReading = true;
    }
  } catch (error) {
    if (!isReading) throw error;
    throw unreachable("connection to holder broke", { received }, error);
  }
  if (received !== sizeBytes) throw unreachable("holder sent too little", { received, sizeBytes });
  verifier.end();
}

function numberIn(response: IncomingMessage, name: string): number {
  const text = String(response.headers[name] ?? "");
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw unreachable(`holder's answer has no ${name}`);
}

function request(url: string, options: FetchOptions): Promise<IncomingMessage> {
  const { agent, token, silenceMs: timeout, signal } = options;
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  return new Promise((resolve, reject) => {
    const abortable = signal === undefined ? {} : { signal };
    const call = get(url, { agent, headers, timeout, ...abortable }, resolve);
    call.once("timeout", () => call.destroy(new Error(`no answer within ${timeout} ms`)));
    call.on("error", (error) => reject(unreachable("holder does not answer", {}, error)));
  });
}

function unreachable(
  message: string,
  details: Record<string, number> = {},
  cause?: unknown,
): Error {
  return fault("MR_RUN_UNREACHABLE", message, details, cause);
}
