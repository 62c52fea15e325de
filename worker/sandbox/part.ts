import { join } from "node:path";
import type { AnyJobDefinition } from "#shared/authoring/any-job";
import type { WriterSpec } from "#shared/model/formats";
import { outputPaths, scratchPaths } from "#shared/model/keys";
import type { Counters, Part } from "#shared/model/result";
import { ManyParts } from "#worker/reduce/writers/many-parts";
import { openPartWriter } from "#worker/reduce/writers/open-part-writer";
import type { PartWriter, RecordSink, WrittenPart } from "#worker/reduce/writers/part-writer";
import { refuseEmitTo, type EmitTo } from "#worker/runs/emit-to";
import { LazyObject } from "./lazy-object.js";
import type { AttemptOrder } from "./orders.js";
import { tapped, type RecordTap } from "./record-tap.js";
import { placeOf } from "./storage.js";

/** Where an attempt's records go. */
export interface OpenOutput {
  readonly writer: RecordSink;
  /** Writes to a named output. */
  readonly emitTo: EmitTo;
  /** Durable under attempt-private names when it resolves: the part of the main output first. */
  finish(): Promise<Part[]>;
  discard(): Promise<void>;
}

/** So many parts may be open that each begins small. */
const smallBufferBytes = 4 * 1024;

/**
 * Opens the attempt-private objects that this attempt's output goes to.
 * @param tap told of all records that are written
 */
export async function openOutput(
  order: AttemptOrder,
  definition: AnyJobDefinition,
  tap?: RecordTap,
): Promise<OpenOutput> {
  const output = await openParts(order, definition);
  return tap === undefined ? output : tapped(output, tap);
}

async function openParts(order: AttemptOrder, definition: AnyJobDefinition): Promise<OpenOutput> {
  const { spec } = order;
  // What a step hands on to the next one is of one piece.
  const partitionBy = spec.writer.kind === "records" ? null : (definition.partitionBy ?? null);
  const outputs = new Map(Object.entries(spec.outputs ?? {}));
  const opener = new Opener(order);
  const main = partitionBy === null ? await opener.main() : null;
  if (main !== null && outputs.size === 0) return onePart(opener, main, definition);
  const many = new ManyParts({
    main,
    partitionBy,
    outputs: [...outputs.keys()],
    memoryBytes: order.slotMemoryBytes,
    open: (folder, output) =>
      opener.further(folder, output === null ? spec.writer : (outputs.get(output) ?? spec.writer)),
  });
  return {
    writer: many,
    emitTo: outputs.size === 0 ? noOutputs(definition) : many.emitTo.bind(many),
    finish: async () => {
      const written = await many.finish();
      return written.map(({ folder, ...part }) => opener.describe(folder, part));
    },
    discard: () => many.discard(),
  };
}

/** What an attempt counts of its output: sums over its parts. */
export function outputCounters(parts: readonly Part[]): Counters {
  const counters = { "output.records": 0, "output.bytes": 0 };
  for (const { records, bytes } of parts) {
    counters["output.records"] += records;
    counters["output.bytes"] += bytes;
  }
  return counters;
}

function onePart(opener: Opener, writer: PartWriter, definition: AnyJobDefinition): OpenOutput {
  return {
    writer,
    emitTo: noOutputs(definition),
    finish: async () => [opener.describe(undefined, await writer.finish())],
    discard: () => writer.discard(),
  };
}

function noOutputs({ outputs }: AnyJobDefinition): EmitTo {
  if (outputs === undefined) return refuseEmitTo("no name, as the job declares no outputs");
  return refuseEmitTo("emitTo only in the last step; the others hand all on to the next one");
}

/** Begins an attempt's parts and knows where each lies. */
class Opener {
  readonly #locations = new Map<string | undefined, string>();

  constructor(readonly order: AttemptOrder) {}

  async main(): Promise<PartWriter> {
    const { ref, spec } = this.order;
    const { backend, key } = placeOf(this.#locate(undefined, outputPaths.pending(ref)));
    const overflowPath = this.#scratch("overflow");
    return openPartWriter(spec.writer, await backend.write(key), { overflowPath });
  }

  /** A part in a folder; no file is opened yet. */
  further(folder: string, spec: WriterSpec): PartWriter {
    const number = this.#locations.size;
    const pending = outputPaths.furtherPending(this.order.ref, number);
    const { backend, key } = placeOf(this.#locate(folder, pending));
    const object = new LazyObject(() => backend.write(key, { isUnbuffered: true }));
    const overflowPath = this.#scratch(`overflow-${number}`);
    return openPartWriter(spec, object, { overflowPath, bufferBytes: smallBufferBytes });
  }

  describe(folder: string | undefined, written: WrittenPart): Part {
    const location = this.#locations.get(folder);
    if (location === undefined) throw new Error(`no part was begun in ${String(folder)}`);
    return { location, ...(folder === undefined ? {} : { folder }), ...written };
  }

  #locate(folder: string | undefined, pending: string): string {
    const location = `${this.order.output}/${pending}`;
    this.#locations.set(folder, location);
    return location;
  }

  #scratch(name: string): string {
    const { scratchFolder, ref } = this.order;
    return join(scratchFolder, scratchPaths.attempt(ref), name);
  }
}
