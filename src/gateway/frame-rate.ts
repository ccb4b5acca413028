/** Counts in fixed windows: at most `limit` per `windowMs`. */
export class FrameRate {
  #start = Number.NEGATIVE_INFINITY;
  #count = 0;

  constructor(
    readonly limit: number,
    readonly windowMs: number,
  ) {}

  /** Would one more be taken? */
  open(now: number): boolean {
    return this.#count < this.limit || now - this.#start >= this.windowMs;
  }

  /** `now` in monotonic milliseconds. False: one too many. */
  take(now: number): boolean {
    if (now - this.#start >= this.windowMs) {
      this.#start = now;
      this.#count = 0;
    }
    if (this.#count >= this.limit) return false;
    this.#count += 1;
    return true;
  }
}
