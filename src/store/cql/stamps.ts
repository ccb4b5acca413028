import { assert } from '../../base/assert.ts';

/**
 * Timestamps of writes, in microseconds since 1970. Each is greater than every one given before in this keyspace, whatever the clock does: a repeated
 * write is the same write, a later one wins. They follow the clock up to a ceiling that the store holds; a next holder of the lease begins above it.
 */
export class Stamps {
  #last: number;
  #ceiling: number;

  /** `floor`: the ceiling that is stored. Nothing is given before the first `raise`. */
  constructor(floor: number) {
    this.#last = floor;
    this.#ceiling = floor;
  }

  /** It is stored now. */
  raise(ceiling: number): void {
    this.#ceiling = Math.max(this.#ceiling, ceiling);
  }

  /** The first of `count` that follow each other. */
  next(now: number, count: number): number {
    const first = Math.max(this.#last + 1, Math.min(now * 1000, this.#ceiling - count));
    this.#last = first + count - 1;
    assert(Number.isSafeInteger(this.#last), 'a timestamp is a whole number');
    return first;
  }

  get last(): number {
    return this.#last;
  }
}
