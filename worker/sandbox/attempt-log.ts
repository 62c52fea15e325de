import { StringDecoder } from "node:string_decoder";
import { limits } from "#shared/model/limits";
import { LogFile } from "./log-file.js";

/** A longer line is cut: a log is for people. */
export const logLineCharsMax = 8 * 1024;

/** A line of a failure's `logTail`; twenty of them must fit into a message. */
export const tailLineCharsMax = 400;

/** Used when the order does not say how large a log may grow. */
const bytesMaxDefault = 10 * 1024 * 1024;

/** So much of one write is looked at at a time. */
const sliceBytes = 64 * 1024;

export interface AttemptLog {
  /** The last `limits.failureLogLines` lines, oldest first, each shortened. */
  tail(): string[];
  /** Ends the redirection. @returns size of the log file in bytes; 0: nothing printed, no file */
  close(): { readonly bytes: number };
}

/**
 * Sends what this thread prints (`console`, `process.stdout`, `process.stderr`) to a file instead,
 * synchronously, so that a loop that prints for ever costs bounded memory and disk, and a killed
 * attempt has its last words on disk. The file appears with the first line.
 * @param maxBytes bound of the file; the first half and the last quarter at least are kept
 */
export function openAttemptLog(path: string, maxBytes = bytesMaxDefault): AttemptLog {
  const file = new LogFile(path, maxBytes);
  const lines = new LineBuffer((line) => file.write(line));
  const restores = [redirect(process.stdout, lines), redirect(process.stderr, lines)];
  return {
    tail: () => lines.tail(),
    close() {
      for (const restore of restores) restore();
      lines.end();
      return { bytes: file.close() };
    },
  };
}

/** Cuts text into lines of bounded length, hands each piece on at once, keeps the last lines. */
class LineBuffer {
  readonly #write: (text: string) => void;
  readonly #last: string[] = [];
  /** What the present line has so far; its end was not seen yet. */
  #line = "";
  #isCut = false;

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  add(text: string): void {
    let start = 0;
    let out = "";
    while (start < text.length) {
      const newline = text.indexOf("\n", start);
      const end = newline < 0 ? text.length : newline;
      out += this.#extend(text, start, end);
      if (newline < 0) break;
      out += "\n";
      this.#remember();
      start = newline + 1;
    }
    this.#write(out);
  }

  tail(): string[] {
    const lines = this.#line === "" ? this.#last : [...this.#last, this.#line];
    return lines.slice(-limits.failureLogLines).map((line) => line.slice(0, tailLineCharsMax));
  }

  end(): void {
    if (this.#line === "" && !this.#isCut) return;
    this.#write("\n");
    this.#remember();
  }

  /** @returns what of the piece is to be written */
  #extend(text: string, start: number, end: number): string {
    if (this.#isCut) return "";
    const room = logLineCharsMax - this.#line.length;
    if (end - start <= room) {
      const piece = text.slice(start, end);
      this.#line += piece;
      return piece;
    }
    this.#isCut = true;
    const piece = `${text.slice(start, start + room)} [line cut]`;
    this.#line += piece;
    return piece;
  }

  #remember(): void {
    // Copied through a buffer: a slice would keep the whole printed text alive.
    this.#last.push(Buffer.from(this.#line.slice(0, tailLineCharsMax)).toString());
    if (this.#last.length > limits.failureLogLines) this.#last.shift();
    this.#line = "";
    this.#isCut = false;
  }
}

type WriteCallback = (error?: Error | null) => void;

/** @returns what undoes the redirection */
function redirect(stream: NodeJS.WriteStream, lines: LineBuffer): () => void {
  // oxlint-disable-next-line typescript/unbound-method -- put back as it was, never called
  const original = stream.write;
  const decoder = new StringDecoder("utf8");
  const write = (
    chunk: Uint8Array | string,
    encodingOrDone?: BufferEncoding | WriteCallback,
    done?: WriteCallback,
  ): boolean => {
    const callback = typeof encodingOrDone === "function" ? encodingOrDone : done;
    const encoding = typeof encodingOrDone === "string" ? encodingOrDone : "utf8";
    const isText = typeof chunk === "string";
    if (isText && /^utf-?8$/i.test(encoding)) addText(lines, chunk);
    else addBytes(lines, decoder, isText ? Buffer.from(chunk, encoding) : chunk);
    if (callback !== undefined) process.nextTick(callback);
    return true;
  };
  stream.write = write;
  return () => {
    if (stream.write === write) stream.write = original;
  };
}

function addText(lines: LineBuffer, text: string): void {
  for (let start = 0, end = 0; start < text.length; start = end) {
    end = Math.min(text.length, start + sliceBytes);
    // Both halves of a surrogate pair stay together, or neither could be encoded.
    if (end < text.length && text.charCodeAt(end - 1) >> 10 === 0x36) end -= 1;
    lines.add(text.slice(start, end));
  }
}

function addBytes(lines: LineBuffer, decoder: StringDecoder, bytes: Uint8Array): void {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let start = 0; start < view.length; start += sliceBytes) {
    lines.add(decoder.write(view.subarray(start, start + sliceBytes)));
  }
}
