import { LRUCache } from 'lru-cache';
import type { RateNumbers } from '../protocol/links.ts';
import type { Rate } from './deps.ts';

interface Window {
  readonly endsAt: number;
  used: number;
}

/** Rate buckets of this worker alone: for routes that no owner counts, for addresses, and for a token over all its routes. */
export class LocalBuckets {
  /** By length: no crowd of short ones drives out a long one. */
  readonly #lengths = new Map<number, LRUCache<string, Window>>();

  /** `max`: windows of one length, of which there are few; the one used longest ago is forgotten first. */
  constructor(readonly max: number) {}

  /** One hit. `remaining` -1: it was one too many and does not count. */
  hit(name: string, rate: Rate, now: number): RateNumbers {
    const windows = this.#lengths.get(rate.windowMs) ?? new LRUCache<string, Window>({ max: this.max });
    this.#lengths.set(rate.windowMs, windows);
    let window = windows.get(name);
    if (window === undefined || window.endsAt <= now) {
      window = { endsAt: now + rate.windowMs, used: 0 };
      windows.set(name, window);
    }
    const free = window.used < rate.limit;
    if (free) window.used++;
    return numbers(window, rate, now, free);
  }

  /** Whether a hit would be one too many. */
  isFull(name: string, rate: Rate, now: number): boolean {
    const window = this.#lengths.get(rate.windowMs)?.get(name);
    return window !== undefined && window.endsAt > now && window.used >= rate.limit;
  }
}

function numbers(window: Window, rate: Rate, now: number, free: boolean): RateNumbers {
  return { limit: rate.limit, remaining: free ? rate.limit - window.used : -1, resetAfterMs: window.endsAt - now };
}
