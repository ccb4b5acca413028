/** Items by a key that each has in itself, mostly a few: there are many such maps, and a runtime's own takes some 400 bytes with its first entry. */

/** So many are looked through one by one. */
const FEW = 8;

export class FewBy<K, T> implements Iterable<T> {
  #few: T[] = [];
  /** Beyond a few. */
  #many: Map<K, T> | null = null;

  constructor(readonly keyOf: (item: T) => K) {}

  get size(): number {
    return this.#many?.size ?? this.#few.length;
  }

  get(key: K): T | undefined {
    if (this.#many !== null) return this.#many.get(key);
    // A function for each look would make it slower than a map.
    for (let at = 0; at < this.#few.length; at += 1) {
      const item = this.#few[at];
      if (item !== undefined && this.keyOf(item) === key) return item;
    }
    return undefined;
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  /** In the place of the one with its key. */
  set(item: T): void {
    const key = this.keyOf(item);
    if (this.#many !== null) {
      this.#many.set(key, item);
      return;
    }
    const at = this.#few.findIndex((other) => this.keyOf(other) === key);
    if (at !== -1) this.#few[at] = item;
    else if (this.#few.length < FEW) this.#few.push(item);
    else {
      this.#many = new Map([...this.#few, item].map((one) => [this.keyOf(one), one]));
      this.#few = [];
    }
  }

  delete(key: K): void {
    this.#many?.delete(key);
    if (this.#many?.size === 0) this.#many = null;
    // Who walks it goes on over what it was.
    if (this.#few.length > 0) this.#few = this.#few.filter((item) => this.keyOf(item) !== key);
  }

  clear(): void {
    this.#few = [];
    this.#many = null;
  }

  /** In the order they came. */
  [Symbol.iterator](): Iterator<T> {
    return (this.#many ?? this.#few).values();
  }
}
