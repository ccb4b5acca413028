/** A queue with a front and a back, both in constant time: what arrays do slowly at their front. */
export class Deque<T> {
  #slots: (T | undefined)[] = new Array(16).fill(undefined);
  #front = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(item: T): void {
    if (this.#length === this.#slots.length) this.#grow();
    this.#slots[(this.#front + this.#length) & (this.#slots.length - 1)] = item;
    this.#length += 1;
  }

  /** Takes the front; undefined when empty. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#slots[this.#front];
    this.#slots[this.#front] = undefined;
    this.#front = (this.#front + 1) & (this.#slots.length - 1);
    this.#length -= 1;
    return item;
  }

  /** The item at a place counted from the front. */
  at(index: number): T | undefined {
    if (index < 0 || index >= this.#length) return undefined;
    return this.#slots[(this.#front + index) & (this.#slots.length - 1)];
  }

  /** Takes all, in order. */
  drain(): T[] {
    const all: T[] = [];
    for (let item = this.shift(); item !== undefined; item = this.shift()) all.push(item);
    return all;
  }

  #grow(): void {
    const slots: (T | undefined)[] = new Array(this.#slots.length * 2).fill(undefined);
    for (let i = 0; i < this.#length; i += 1) slots[i] = this.at(i);
    this.#slots = slots;
    this.#front = 0;
  }
}
