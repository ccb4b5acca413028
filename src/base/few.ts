/** A set of mostly none or one: there are many of them, and a runtime's own set takes hundreds of bytes with its first item. */
export class Few<T extends NonNullable<unknown>> implements Iterable<T> {
  #one: T | null = null;
  /** Two and more. */
  #many: Set<T> | null = null;

  get size(): number {
    return this.#many?.size ?? (this.#one === null ? 0 : 1);
  }

  has(item: T): boolean {
    return this.#many?.has(item) ?? this.#one === item;
  }

  add(item: T): void {
    if (this.#many !== null) this.#many.add(item);
    else if (this.#one === null) this.#one = item;
    else if (this.#one !== item) {
      this.#many = new Set([this.#one, item]);
      this.#one = null;
    }
  }

  /** False: it was not there. */
  delete(item: T): boolean {
    if (this.#many === null) {
      if (this.#one !== item) return false;
      this.#one = null;
      return true;
    }
    const was = this.#many.delete(item);
    if (this.#many.size === 0) this.#many = null;
    return was;
  }

  /** In the order they came. */
  *[Symbol.iterator](): Iterator<T> {
    if (this.#many !== null) yield* this.#many;
    else if (this.#one !== null) yield this.#one;
  }
}
