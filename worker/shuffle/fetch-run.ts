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
}

/**
 * Fetches one partition of one run, and checks every block on the way.
 * @returns false when the partition is empty
 * @throws MR_RUN_NOT_FOUND, MR_RUN_CORRUPT, MR_RUN_UNREACHABLE (worth another try)
 */
export async function fetchRun(
  url: string,
  sink: SegmentSink,
  options: FetchOptions,
): Promise<boolean> {
  const response = await request(url, options);
  if (response.statusCode === 204) {
    response.resume();
    return false;
  }
  if (response.statusCode !== 200) {
    response.resume();
    const status = response.statusCode ?? 0;
    if (status === 404) throw fault("MR_RUN_NOT_FOUND", "holder does not have the run", { status });
    throw unreachable("holder refused the run", { status });
  }
  const sizeBytes = Number(response.headers["content-length"]);
  sink.begin(sizeBytes, Number(response.headers["x-run-records"] ?? 0));
  const verifier = new SegmentVerifier();
  let received = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      received += chunk.length;
      if (received > sizeBytes) throw unreachable("holder sent too much", { received });
      verifier.take(chunk);
      sink.write(chunk);
    }
  } catch (error) {
    if (error instanceof Error && "kind" in error) throw error;
    throw unreachable("connection to holder broke", { received }, error);
  } finally {
    response.destroy();
  }
  if (received !== sizeBytes) throw unreachable("holder sent too little", { received, sizeBytes });
  verifier.end();
  return true;
}

function request(url: string, options: FetchOptions): Promise<IncomingMessage> {
  const headers = options.token === null ? {} : { authorization: `Bearer ${options.token}` };
  return new Promise((resolve, reject) => {
    const call = get(url, { agent: options.agent, headers, timeout: options.silenceMs }, resolve);
    call.once("timeout", () => call.destroy(new Error(`no answer within ${options.silenceMs} ms`)));
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
