/**
 * Who may run next: so many at once, so many of them of one lane, and the lanes that wait take turns. Pure: it starts nothing by itself.
 * A lane is what must leave room for others; a crowd in one makes its own wait longer and nobody else's.
 */

export interface FairBounds {
  /** Items that run at once, in total and of one lane. */
  readonly running: number;
  readonly runningPerLane: number;
  /** Items that wait for their turn, in total and of one lane. */
  readonly waiting: number;
  readonly waitingPerLane: number;
}

interface Lane<Item> {
  running: number;
  /** In the order they came. */
  readonly waiting: Set<Item>;
}

export class FairQueue<Item> {
  /** Lanes that have anything. */
  readonly #lanes = new Map<string, Lane<Item>>();
  /** Of them those that wait and may run, whose turn is next in front. */
  readonly #ready = new Set<string>();
  #running = 0;
  #waiting = 0;

  constructor(readonly bounds: FairBounds) {}

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** False: too many wait. What could run at once is never refused. */
  add(name: string, item: Item): boolean {
    const { running, runningPerLane, waiting, waitingPerLane } = this.bounds;
    const lane = this.#lanes.get(name) ?? { running: 0, waiting: new Set<Item>() };
    const runsAtOnce = lane.waiting.size === 0 && lane.running < runningPerLane && this.#running < running;
    if (!runsAtOnce && (this.#waiting >= waiting || lane.waiting.size >= waitingPerLane)) return false;
    this.#lanes.set(name, lane);
    lane.waiting.add(item);
    this.#waiting += 1;
    this.#judge(name, lane);
    return true;
  }

  /** The next that may run; it counts as running until `done`. Null: nothing waits, or no room. */
  take(): Item | null {
    if (this.#running >= this.bounds.running) return null;
    const [name] = this.#ready;
    const lane = name === undefined ? undefined : this.#lanes.get(name);
    if (name === undefined || lane === undefined) return null;
    const [item] = lane.waiting;
    if (item === undefined) return null;
    lane.waiting.delete(item);
    this.#waiting -= 1;
    lane.running += 1;
    this.#running += 1;
    // Behind the others.
    this.#ready.delete(name);
    this.#judge(name, lane);
    return item;
  }

  /** One of this lane has ended. */
  done(name: string): void {
    const lane = this.#lanes.get(name);
    if (lane === undefined || lane.running === 0) return;
    lane.running -= 1;
    this.#running -= 1;
    this.#judge(name, lane);
  }

  /** Takes back what waits; false: it does not. */
  remove(name: string, item: Item): boolean {
    const lane = this.#lanes.get(name);
    if (lane === undefined || !lane.waiting.delete(item)) return false;
    this.#waiting -= 1;
    this.#judge(name, lane);
    return true;
  }

  /** A lane that stays ready keeps its place. */
  #judge(name: string, { running, waiting }: Lane<Item>): void {
    if (waiting.size > 0 && running < this.bounds.runningPerLane) this.#ready.add(name);
    else this.#ready.delete(name);
    if (waiting.size === 0 && running === 0) this.#lanes.delete(name);
  }
}
