/** Rate buckets at the owner of their major id: fixed windows that begin with the first hit. Bounded; ended windows leave. */
import type { RateClaim, RateNumbers } from '../protocol/links.ts';

interface Window {
  used: number;
  readonly endsAt: number;
}

export interface RateVerdict {
  readonly numbers: RateNumbers;
  readonly isRefused: boolean;
}

/** Windows looked at to make room: a full table must not cost its size per hit. */
const LOOKED_AT = 64;

export class RateBuckets {
  /** In the order of their beginnings. */
  readonly #windows = new Map<string, Window>();

  constructor(readonly capacity: number) {}

  get size(): number {
    return this.#windows.size;
  }

  /** Takes one from the bucket. `again`: the command may have been counted before, so it is neither counted nor refused. */
  claim({ bucket, user, limit, windowMs }: RateClaim, now: number, again = false): RateVerdict {
    const name = `${user} ${bucket}`;
    let window = this.#windows.get(name);
    if (window === undefined || window.endsAt <= now) {
      this.#windows.delete(name);
      this.#makeRoom(now);
      window = { used: 0, endsAt: now + windowMs };
      this.#windows.set(name, window);
    }
    const isRefused = !again && window.used >= limit;
    if (!again && !isRefused) window.used += 1;
    const remaining = Math.max(0, limit - window.used);
    return { isRefused, numbers: { limit, remaining, resetAfterMs: window.endsAt - now } };
  }

  /** The oldest that have ended leave; if none has, the one that began first. */
  #makeRoom(now: number): void {
    if (this.#windows.size < this.capacity) return;
    let looked = 0;
    for (const [name, { endsAt }] of this.#windows) {
      if (endsAt <= now) this.#windows.delete(name);
      looked += 1;
      if (looked === LOOKED_AT) break;
    }
    if (this.#windows.size < this.capacity) return;
    for (const oldest of this.#windows.keys()) {
      this.#windows.delete(oldest);
      return;
    }
  }
}
