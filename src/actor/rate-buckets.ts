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
  /** By length, in the order of their beginnings: among equals the oldest ends first, and no crowd of short ones drives out a long one. */
  readonly #lengths = new Map<number, Map<string, Window>>();

  /** `capacity`: windows of one length. Who claims has few lengths. */
  constructor(readonly capacity: number) {}

  get size(): number {
    return [...this.#lengths.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** Takes one from the bucket. `again`: the command may have been counted before, so it is neither counted nor refused. */
  claim({ bucket, user, limit, windowMs, peek }: RateClaim, now: number, again = false): RateVerdict {
    const name = `${user} ${bucket}`;
    const windows = this.#lengths.get(windowMs) ?? new Map<string, Window>();
    this.#lengths.set(windowMs, windows);
    let window = windows.get(name);
    if (window === undefined || window.endsAt <= now) {
      if (peek) return { isRefused: false, numbers: { limit, remaining: limit, resetAfterMs: 0 } };
      windows.delete(name);
      this.#makeRoom(windows, now);
      window = { used: 0, endsAt: now + windowMs };
      windows.set(name, window);
    }
    const counts = !again && peek !== true;
    const isRefused = counts && window.used >= limit;
    if (counts && !isRefused) window.used += 1;
    const remaining = Math.max(0, limit - window.used);
    return { isRefused, numbers: { limit, remaining, resetAfterMs: window.endsAt - now } };
  }

  /** The oldest that have ended leave; if none has, the one that began first. */
  #makeRoom(windows: Map<string, Window>, now: number): void {
    if (windows.size < this.capacity) return;
    let looked = 0;
    for (const [name, { endsAt }] of windows) {
      if (endsAt <= now) windows.delete(name);
      looked += 1;
      if (looked === LOOKED_AT) break;
    }
    if (windows.size < this.capacity) return;
    for (const oldest of windows.keys()) {
      windows.delete(oldest);
      return;
    }
  }
}
