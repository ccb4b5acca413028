/** Loads that wait for a place: a bounded number at once, the busiest first. */
export class Loads<T> {
  readonly #waiting: T[] = [];
  #running = 0;

  constructor(
    readonly atOnce: number,
    readonly load: (item: T) => Promise<void>,
    readonly busyness: (item: T) => number,
  ) {}

  get length(): number {
    return this.#waiting.length + this.#running;
  }

  add(item: T): void {
    this.#waiting.push(item);
    this.#next();
  }

  #next(): void {
    while (this.#running < this.atOnce) {
      const item = this.#takeBusiest();
      if (item === undefined) return;
      this.#running += 1;
      const ended = (): void => {
        this.#running -= 1;
        this.#next();
      };
      this.load(item).then(ended, ended);
    }
  }

  /** Looks at the front of the queue only: a long queue must not cost its square. */
  #takeBusiest(): T | undefined {
    const front = this.#waiting.slice(0, 32);
    let best = 0;
    let most = -1;
    front.forEach((item, index) => {
      const busy = this.busyness(item);
      if (busy > most) [best, most] = [index, busy];
    });
    return this.#waiting.splice(best, 1)[0];
  }
}
