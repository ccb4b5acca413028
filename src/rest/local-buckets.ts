import { LRUCache } from 'lru-cache';
import type { RateNumbers } from '../protocol/links.ts';
import type { Rate } from './deps.ts';

interface Window {
  readonly endsAt: number;
  used: number;
}

/** Rate buckets of this worker alone: for routes that no owner counts, for addresses, and for a token over all its routes. */
export class LocalBuckets {
  readonly #windows: LRUCache<string, Window>;

  /** The bucket used longest ago is forgotten first. */
  constructor(max: number) {
    this.#windows = new LRUCache({ max });
  }

  /** One hit. `remaining` -1: it was one too many and does not count. */
  hit(name: string, rate: Rate, now: number): RateNumbers {
    let window = this.#windows.get(name);
    if (window === undefined || window.endsAt <= now) {
      window = { endsAt: now + rate.windowMs, used: 0 };
      this.#windows.set(name, window);
    }
    const free = window.used < rate.limit;
    if (free) window.used++;
    return numbers(window, rate, now, free);
  }

  /** Whether a hit would be one too many. */
  isFull(name: string, rate: Rate, now: number): boolean {
    const window = this.#windows.get(name);
    return window !== undefined && window.endsAt > now && window.used >= rate.limit;
  }
}

function numbers(window: Window, rate: Rate, now: number, free: boolean): RateNumbers {
  return { limit: rate.limit, remaining: free ? rate.limit - window.used : -1, resetAfterMs: window.endsAt - now };
}
