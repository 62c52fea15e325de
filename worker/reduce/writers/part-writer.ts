import type { KeyKind } from "#shared/format/key";
import { Overflow } from "./overflow.js";
import type { PartBytes } from "./part-bytes.js";

/** What is known of a part once it is durable. */
export interface WrittenPart {
  readonly records: number;
  readonly bytes: number;
  readonly sha256: string;
  /** What the part's name ends in, `.gz` for instance; absent: nothing. */
  readonly extension?: string;
}

/** Takes records, encoded as in runs. After each `add` that leaves it full comes a `drain`. */
export interface RecordSink {
  readonly records: number;
  /** Whether the buffer wants draining. */
  readonly isFull: boolean;
  /** Appends one record to the buffer; keeps none of the memory it was given. */
  add(
    keyKind: KeyKind,
    keyBytes: Buffer,
    keyStart: number,
    keyEnd: number,
    valueBytes: Buffer,
    valueStart: number,
    valueEnd: number,
  ): void;
  /** Hands the buffer on. @throws MR_DISK_FULL, MR_STORAGE_UNAVAILABLE */
  drain(): Promise<void>;
}

/** Writes records in an output format. */
export interface PartWriter extends RecordSink {
  readonly bytes: number;
  /** Moves what is buffered to the scratch file, at once: for what cannot wait for a `drain`. */
  overflow(): void;
  /** Makes the part durable and visible under its attempt-private name. */
  finish(): Promise<WrittenPart>;
  /** Leaves nothing; harmless after `finish`. */
  discard(): Promise<void>;
}

const drainBytes = 1024 * 1024;
/** One call of user code may emit without end before it can be awaited: beyond this it goes to disk. */
const overflowBytes = 8 * 1024 * 1024;
/** Room behind the mark, so that usual records never make the buffer grow. */
const bufferBytes = drainBytes + 64 * 1024;

/** What an attempt that writes one part, or one that writes many, gives each of them. */
export interface PartBuffers {
  /** Scratch file for what one call of user code emits beyond the buffer. */
  readonly overflowPath: string;
  /** Size of the buffer to begin with, which it goes back to after each drain; about a mebibyte unless told. */
  readonly bufferBytes?: number;
}

/**
 * The buffer of a part; formats append to it. Two buffers take turns, so that writing overlaps. Where a
 * drain cuts the part is no matter: what must not be cut stays in the buffer (see `cutAt`).
 */
export abstract class BufferedPart implements PartWriter {
  records = 0;
  /** Where the next byte goes. */
  protected at = 0;
  protected out: Buffer;
  /** Whether the part is one of many, so that its memory matters more than how well it is cut. */
  protected readonly isSmall: boolean;
  #spare: Buffer | null = null;
  #inFlight: Promise<void> | null = null;
  #isEnding = false;
  readonly #bytes: PartBytes;
  readonly #overflow: Overflow;
  readonly #bufferBytes: number;

  constructor(bytes: PartBytes, buffers: PartBuffers) {
    this.#bytes = bytes;
    this.#overflow = new Overflow(buffers.overflowPath);
    this.isSmall = buffers.bufferBytes !== undefined;
    this.#bufferBytes = buffers.bufferBytes ?? bufferBytes;
    this.out = Buffer.allocUnsafeSlow(this.#bufferBytes);
  }

  get bytes(): number {
    return this.#bytes.storedBytes + this.#overflow.bytes + this.at;
  }

  get isFull(): boolean {
    return this.at >= drainBytes || this.#overflow.bytes > 0;
  }

  abstract add(
    keyKind: KeyKind,
    keyBytes: Buffer,
    keyStart: number,
    keyEnd: number,
    valueBytes: Buffer,
    valueStart: number,
    valueEnd: number,
  ): void;

  async drain(): Promise<void> {
    if (this.#overflow.bytes > 0) await this.#drainOverflow();
    const end = this.#cut();
    if (end === 0) return;
    await this.#settle();
    const { out, at } = this;
    this.#inFlight = this.#bytes.write(out.subarray(0, end));
    // Awaited by the next drain; an error until then must not count as unhandled.
    this.#inFlight.catch(() => undefined);
    const next = this.#spare ?? Buffer.allocUnsafeSlow(this.#bufferBytes);
    this.#spare = out.length > this.#bufferBytes ? null : out;
    if (at > end) out.copy(next, 0, end, at);
    this.out = next;
    this.at = at - end;
  }

  overflow(): void {
    if (this.at === 0) return;
    this.#moveToOverflow();
    if (this.out.length > this.#bufferBytes && this.at === 0) {
      this.out = Buffer.allocUnsafeSlow(this.#bufferBytes);
    }
  }

  async finish(): Promise<WrittenPart> {
    this.complete();
    this.#isEnding = true;
    await this.drain();
    await this.#settle();
    const { bytes, sha256 } = await this.#bytes.finish();
    const { extension } = this.#bytes;
    return { records: this.records, bytes, sha256, ...(extension === "" ? {} : { extension }) };
  }

  async discard(): Promise<void> {
    await this.#inFlight?.catch(() => undefined);
    this.#overflow.discard();
    await this.#bytes.discard();
  }

  /** Appends what ends the part. */
  protected complete(): void {}

  /** So many bytes of the buffer may leave it; what is behind them, less than a mebibyte, stays. */
  protected cutAt(): number {
    const { frameBytes } = this.#bytes;
    return frameBytes === 0 || this.isSmall ? this.at : this.at - (this.at % frameBytes);
  }

  /** The buffer, with room for so many more bytes. */
  protected reserve(bytes: number): Buffer {
    if (this.at >= overflowBytes) this.#moveToOverflow();
    if (this.at + bytes > this.out.length) {
      const size = Math.max(this.at + bytes, Math.min(this.out.length * 2, 2 * overflowBytes));
      const grown = Buffer.allocUnsafeSlow(size);
      this.out.copy(grown, 0, 0, this.at);
      this.out = grown;
    }
    return this.out;
  }

  #cut(): number {
    return this.#isEnding ? this.at : this.cutAt();
  }

  #moveToOverflow(): void {
    const end = this.cutAt();
    this.#overflow.append(this.out.subarray(0, end));
    this.out.copyWithin(0, end, this.at);
    this.at -= end;
  }

  async #drainOverflow(): Promise<void> {
    await this.#settle();
    for (const block of this.#overflow.take()) await this.#bytes.write(block);
  }

  async #settle(): Promise<void> {
    const { at } = this;
    await this.#inFlight;
    this.#inFlight = null;
    if (at !== this.at) throw new Error("record added while the part was draining");
  }
}
