/** Why and how often the actors of a worker died lately: what paces their reloads, and quarantines one that dies of itself. */
import type { OwnerKey } from '../protocol/ids.ts';

export interface DeathLimits {
  readonly reloadMinMs: number;
  readonly reloadMaxMs: number;
  /** Bugs within `deathWindowMs` after which an actor is quarantined for `quarantineMs`. */
  readonly actorDeaths: number;
  readonly deathWindowMs: number;
  readonly quarantineMs: number;
}

interface Record {
  bugs: number[];
  faults: number[];
  quarantinedUntil: number;
}

/** Keys remembered before the old ones are looked through. */
const SWEEP_AT = 1024;

export class Deaths {
  readonly #records = new Map<OwnerKey, Record>();
  #sweepAt = SWEEP_AT;

  constructor(readonly limits: DeathLimits) {}

  get size(): number {
    return this.#records.size;
  }

  /** A `bug` is the actor's own; a `fault` the store's, which quarantines nobody. */
  died(key: OwnerKey, cause: 'bug' | 'fault', now: number): void {
    const record = this.#records.get(key) ?? { bugs: [], faults: [], quarantinedUntil: 0 };
    this.#records.set(key, record);
    const recent = (at: number): boolean => at > now - this.limits.deathWindowMs;
    const { actorDeaths, quarantineMs } = this.limits;
    record.bugs = record.bugs.filter(recent);
    record.faults = record.faults.filter(recent).slice(-actorDeaths * 8);
    (cause === 'bug' ? record.bugs : record.faults).push(now);
    if (record.bugs.length >= actorDeaths) {
      record.bugs = [];
      record.quarantinedUntil = now + quarantineMs;
    }
    this.#sweep(now);
  }

  isQuarantined(key: OwnerKey, now: number): boolean {
    return (this.#records.get(key)?.quarantinedUntil ?? 0) > now;
  }

  /** Milliseconds until the key may be loaded. */
  pause(key: OwnerKey, now: number): number {
    const record = this.#records.get(key);
    if (record === undefined) return 0;
    if (record.quarantinedUntil > now) return record.quarantinedUntil - now;
    const recent = [...record.bugs, ...record.faults].filter((at) => at > now - this.limits.deathWindowMs);
    if (recent.length === 0) return 0;
    const { reloadMinMs, reloadMaxMs } = this.limits;
    const pause = Math.min(reloadMinMs * 2 ** (recent.length - 1), reloadMaxMs);
    return Math.max(0, Math.max(...recent) + pause - now);
  }

  #sweep(now: number): void {
    if (this.#records.size < this.#sweepAt) return;
    for (const [key, { bugs, faults, quarantinedUntil }] of this.#records) {
      const last = Math.max(quarantinedUntil, bugs.at(-1) ?? 0, faults.at(-1) ?? 0);
      if (last <= now - this.limits.deathWindowMs) this.#records.delete(key);
    }
    this.#sweepAt = Math.max(SWEEP_AT, this.#records.size * 2);
  }
}
