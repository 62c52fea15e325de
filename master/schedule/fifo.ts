/** A queue whose ends cost the same however long it is (an array's `shift` moves everything). */
export class Fifo<Item> {
  #items: Item[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  /** Puts an item before all others. */
  unshift(item: Item): void {
    if (this.#head === 0) {
      this.#items.unshift(item);
      return;
    }
    this.#head--;
    this.#items[this.#head] = item;
  }

  shift(): Item | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#head];
    this.#head++;
    if (this.#head > 1_024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
  }

  /** Drops every item that is equal to `item`; walks the whole queue. */
  remove(item: Item): void {
    this.#items = this.toArray().filter((other) => other !== item);
    this.#head = 0;
  }

  toArray(): Item[] {
    return this.#items.slice(this.#head);
  }
}
