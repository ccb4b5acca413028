/** What arrives from outside, in order; tests wait for an item by what it says, with a deadline. */

const DEADLINE_MS = 10_000;

interface Waiter<T> {
  readonly matches: (item: T) => boolean;
  readonly resolve: (item: T) => void;
  readonly reject: (error: Error) => void;
}

export class Inbox<T> {
  readonly items: T[] = [];
  readonly #waiters = new Set<Waiter<T>>();
  #over: Error | null = null;

  /** `show` writes an item for the message of a deadline. */
  constructor(readonly show: (item: T) => string) {}

  push(item: T): void {
    this.items.push(item);
    for (const waiter of this.#waiters) {
      if (!waiter.matches(item)) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(item);
    }
  }

  /** Nothing more comes: everybody who waits is told why. */
  end(why: Error): void {
    this.#over ??= why;
    for (const waiter of this.#waiters) waiter.reject(why);
    this.#waiters.clear();
  }

  /** Items that arrive from now on start at this index. */
  get mark(): number {
    return this.items.length;
  }

  /** The first item from index `from` on that matches, arrived already or not. Rejects at the deadline, saying what came instead. */
  until(what: string, matches: (item: T) => boolean, options: { from?: number; ms?: number } = {}): Promise<T> {
    const { from = 0, ms = DEADLINE_MS } = options;
    const found = this.items.slice(from).find(matches);
    if (found !== undefined) return Promise.resolve(found);
    if (this.#over !== null) return Promise.reject(new Error(`waited for ${what}: ${this.#over.message}`));
    return new Promise<T>((resolve, reject) => {
      const waiter: Waiter<T> = {
        matches,
        resolve: (item) => {
          clearTimeout(timer);
          resolve(item);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(new Error(`waited for ${what}: ${error.message}; got ${this.#recent(from)}`));
        },
      };
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        reject(new Error(`waited ${ms} ms for ${what}; got ${this.#recent(from)}`));
      }, ms);
      this.#waiters.add(waiter);
    });
  }

  #recent(from: number): string {
    const shown = this.items.slice(from).slice(-20).map(this.show);
    return shown.length === 0 ? 'nothing' : `${this.items.length - from} items, the last: ${shown.join(' · ')}`;
  }
}
