import { get, type Agent, type IncomingMessage } from "node:http";
import { z } from "zod";
import type { Segment } from "#shared/format/run-index";

/** Where a segment lies on this machine. */
export interface RunLocation {
  readonly path: string;
  readonly segment: Segment;
}

/** Asks a run server for a segment's place instead of its bytes. */
export const locationType = "application/vnd.millrace.run-location+json";

const locationSchema = z.strictObject({
  path: z.string(),
  segment: z.strictObject({
    offset: z.int().min(0),
    storedBytes: z.int().min(0),
    rawBytes: z.int().min(0),
    records: z.int().min(0),
  }),
});

const answerBytesMax = 64 * 1024;

export function encodeLocation(location: RunLocation): string {
  return JSON.stringify(location);
}

/** Whether the holder's files may be files of this machine, too. */
export function isSameMachine(address: string): boolean {
  const { hostname } = new URL(address);
  return hostname === "127.0.0.1" || hostname === "[::1]" || hostname === "localhost";
}

/**
 * Asks a holder on this machine where its segment lies, so that it need not be copied through a
 * connection. Never throws: whoever gets null fetches the bytes, and hears there what is wrong.
 */
export async function locateRun(
  url: string,
  options: { readonly agent: Agent; readonly token: string | null; readonly timeoutMs: number },
): Promise<RunLocation | null> {
  try {
    const response = await request(url, options);
    const text = await textOf(response);
    if (response.headers["content-type"] !== locationType || text === null) return null;
    return locationSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

function request(
  url: string,
  { agent, token, timeoutMs: timeout }: Parameters<typeof locateRun>[1],
): Promise<IncomingMessage> {
  const authorization = token === null ? {} : { authorization: `Bearer ${token}` };
  const headers = { accept: locationType, ...authorization };
  return new Promise((resolve, reject) => {
    const call = get(url, { agent, headers, timeout }, resolve);
    call.once("timeout", () => call.destroy(new Error(`no answer within ${timeout} ms`)));
    call.once("error", reject);
  });
}

/** @returns null for an answer that is none: it may be the segment itself, of any size */
async function textOf(response: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > answerBytesMax || response.headers["content-type"] !== locationType) {
      response.destroy();
      return null;
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
