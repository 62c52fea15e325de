import type { ObjectStat, ObjectWriter } from "#shared/storage/backend";

/**
 * An object that is opened with its first bytes, so that a part can begin in the middle of a
 * synchronous call and one that never fills its buffer holds a file for the moment of its end only.
 */
export class LazyObject implements ObjectWriter {
  readonly #open: () => Promise<ObjectWriter>;
  #opened: Promise<ObjectWriter> | null = null;
  #inner: ObjectWriter | null = null;

  constructor(open: () => Promise<ObjectWriter>) {
    this.#open = open;
  }

  get sizeBytes(): number {
    return this.#inner?.sizeBytes ?? 0;
  }

  async write(bytes: Uint8Array): Promise<void> {
    await (await this.#object()).write(bytes);
  }

  async commit(): Promise<ObjectStat> {
    return (await this.#object()).commit();
  }

  async discard(): Promise<void> {
    const opened = this.#opened;
    if (opened === null) return;
    await (await opened.catch(() => null))?.discard();
  }

  async #object(): Promise<ObjectWriter> {
    if (this.#inner !== null) return this.#inner;
    this.#opened ??= this.#open();
    this.#inner = await this.#opened;
    return this.#inner;
  }
}
