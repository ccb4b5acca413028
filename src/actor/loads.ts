/** How many are chosen at once: those of a long queue cost one look at all of it. */
const CHOSEN = 32;
const CHOSEN_PART = 1 / 16;

/** Loads that wait for a place: a bounded number at once, the busiest first, and among each choice the one that has waited longest. */
export class Loads<T> {
  /** In the order in which they came. */
  #waiting: T[] = [];
  /** The next ones, as busy as they were when they were chosen. */
  #chosen: T[] = [];
  #running = 0;
  readonly #idle: (() => void)[] = [];

  constructor(
    readonly atOnce: number,
    readonly load: (item: T) => Promise<void>,
    readonly busyness: (item: T) => number,
  ) {}

  get length(): number {
    return this.#waiting.length + this.#chosen.length + this.#running;
  }

  add(item: T): void {
    this.#waiting.push(item);
    this.#next();
  }

  /** Resolves when nothing waits: for who would add many that nobody asked for. */
  async idle(): Promise<void> {
    if (this.length > this.#running) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #next(): void {
    while (this.#running < this.atOnce) {
      const item = this.#take();
      if (item === undefined) break;
      this.#running += 1;
      const ended = (): void => {
        this.#running -= 1;
        this.#next();
      };
      this.load(item).then(ended, ended);
    }
    if (this.length === this.#running) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #take(): T | undefined {
    if (this.#chosen.length === 0 && this.#waiting.length > 0) this.#choose();
    return this.#chosen.shift();
  }

  /** Sorting all of a queue for a part of it keeps the cost of each load at the logarithm of what waits. */
  #choose(): void {
    const [oldest, ...others] = this.#waiting.map((item) => ({ item, busy: this.busyness(item) }));
    if (oldest === undefined) return;
    const count = Math.max(CHOSEN, Math.ceil(this.#waiting.length * CHOSEN_PART));
    const busiest = [oldest, ...others.sort((a, b) => b.busy - a.busy).slice(0, count - 1)];
    this.#chosen = busiest.sort((a, b) => b.busy - a.busy).map(({ item }) => item);
    const chosen = new Set(this.#chosen);
    this.#waiting = this.#waiting.filter((item) => !chosen.has(item));
  }
}
