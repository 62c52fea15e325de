import { join } from "node:path";
import { outputPaths, scratchPaths } from "#shared/model/keys";
import type { Part } from "#shared/model/result";
import { openPartWriter } from "#worker/reduce/writers/open-part-writer";
import type { PartWriter } from "#worker/reduce/writers/part-writer";
import { refuseEmitTo, type EmitTo } from "#worker/runs/emit-to";
import type { AttemptOrder } from "./orders.js";
import { placeOf } from "./storage.js";

export interface OpenPart {
  readonly writer: PartWriter;
  /** Writes to a named output. */
  readonly emitTo: EmitTo;
  /** Durable under its attempt-private name when it resolves. */
  finish(): Promise<Part>;
  discard(): Promise<void>;
}

/** Opens the attempt-private object that this attempt's output goes to. */
export async function openPart(order: AttemptOrder): Promise<OpenPart> {
  const location = `${order.output}/${outputPaths.pending(order.ref)}`;
  const { backend, key } = placeOf(location);
  const overflowPath = join(order.scratchFolder, scratchPaths.attempt(order.ref), "overflow");
  const writer = openPartWriter(order.spec.writer, await backend.write(key), { overflowPath });
  return {
    writer,
    emitTo: refuseEmitTo("nothing, as the job declares no outputs"),
    finish: async () => ({ location, ...(await writer.finish()) }),
    discard: () => writer.discard(),
  };
}
