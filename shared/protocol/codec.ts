import type { z } from "zod";
import { fault } from "#shared/errors/fault";
import {
  masterMessageSchema,
  workerMessageSchema,
  type MasterMessage,
  type WorkerMessage,
} from "./messages.js";

/** A frame larger than this closes the connection. Launches of reduces with 10^5 maps stay below. */
export const frameBytesMax = 64 * 1024 * 1024;

export function encodeMessage(message: WorkerMessage | MasterMessage): string {
  return JSON.stringify(message);
}

/** @throws MR_PROTOCOL_VIOLATION when the frame is not one of the worker's messages */
export function decodeWorkerMessage(frame: string): WorkerMessage {
  return decode(workerMessageSchema, frame);
}

/** @throws MR_PROTOCOL_VIOLATION when the frame is not one of the master's messages */
export function decodeMasterMessage(frame: string): MasterMessage {
  return decode(masterMessageSchema, frame);
}

function decode<Schema extends z.ZodType>(schema: Schema, frame: string): z.output<Schema> {
  let json: unknown;
  try {
    json = JSON.parse(frame);
  } catch (error) {
    throw fault("MR_PROTOCOL_VIOLATION", "frame is not JSON", { bytes: frame.length }, error);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw fault("MR_PROTOCOL_VIOLATION", "frame is not a known message", {
    field: issue?.path.join(".") ?? "",
    reason: issue?.message ?? "",
  });
}
