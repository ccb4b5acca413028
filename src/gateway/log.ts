/**
 * The worker's log: a ring of dispatches, each under one topic. Its head is exactly what has been published.
 * Bounded by entries, bytes and age, in total and per owner; each topic remembers its last evicted position.
 */
import { assert } from '../base/assert.ts';
import { heldBytes } from '../base/text.ts';
import type { Body } from '../protocol/envelope.ts';
import type { OwnerKey } from '../protocol/ids.ts';
import type { GatewayLimits } from './limits.ts';

export interface Entry {
  readonly position: number;
  readonly topic: string;
  readonly owner: OwnerKey;
  /** Null: a big body, or one that is not made yet; the session of this `s:` topic has it. */
  readonly body: Body | null;
  readonly bytes: number;
  /** Monotonic milliseconds. */
  readonly at: number;
  evicted: boolean;
}

/** What an entry costs besides its text. */
const OVERHEAD = 150;

export type LogLimits = Pick<
  GatewayLimits,
  'logEntries' | 'logBytes' | 'logAgeMs' | 'logOwnerEntries' | 'logOwnerBytes' | 'evictedTopics'
>;

interface Share {
  entries: number;
  bytes: number;
  /** Oldest first; those before `first` are gone. */
  queue: Entry[];
  first: number;
}

export class Log {
  #ring: Entry[] = [];
  #first = 0;
  #head = 0;
  #base = 0;
  #entries = 0;
  #bytes = 0;
  readonly #shares = new Map<OwnerKey, Share>();
  /** In the order of the last eviction. */
  readonly #evicted = new Map<string, number>();
  /** Stands for every topic that has left `#evicted`. */
  #floor = 0;

  constructor(readonly limits: LogLimits) {}

  /** Position of the newest entry. */
  get head(): number {
    return this.#head;
  }

  get entries(): number {
    return this.#entries;
  }

  get bytes(): number {
    return this.#bytes;
  }

  append(owner: OwnerKey, topic: string, body: Body | null, now: number): Entry {
    this.#head += 1;
    const bytes = OVERHEAD + (body === null ? 0 : heldBytes(body.d));
    const entry: Entry = { position: this.#head, topic, owner, body, bytes, at: now, evicted: false };
    this.#ring.push(entry);
    this.#entries += 1;
    this.#bytes += bytes;
    this.#share(owner, entry);
    while (this.#entries > this.limits.logEntries || this.#bytes > this.limits.logBytes) this.#evictOldest();
    return entry;
  }

  /** A position without an entry. */
  skip(): number {
    this.#head += 1;
    return this.#head;
  }

  /** The next number of shared streams will be above `s`: a gap, which they allow. */
  raise(s: number): void {
    this.#head = Math.max(this.#head, s + this.#base);
  }

  /** The `s` of shared streams is the position since the counter last started anew. */
  numberOf(position: number): number {
    return position - this.#base;
  }

  positionOf(s: number): number {
    return s + this.#base;
  }

  /** Shared streams count from 1 again; no session of before may be left. */
  restart(): void {
    this.#base = this.#head;
  }

  /** Drops what is older than the age limit. */
  age(now: number): void {
    for (let oldest = this.#oldest(); oldest !== undefined && now - oldest.at > this.limits.logAgeMs; ) {
      this.#evict(oldest);
      oldest = this.#oldest();
    }
  }

  /** The first entry at or after `position`, or undefined at the head. */
  next(position: number): Entry | undefined {
    for (let index = this.#search(position); index < this.#ring.length; index += 1) {
      const entry = this.#ring[index];
      if (entry?.evicted === false) return entry;
    }
    return undefined;
  }

  at(position: number): Entry | undefined {
    const entry = this.#ring[this.#search(position)];
    return entry?.position === position && !entry.evicted ? entry : undefined;
  }

  /** Last position of this topic that was forgotten; 0 if none. A quiet topic stays resumable while others turn the ring over. */
  evicted(topic: string): number {
    return this.#evicted.get(topic) ?? this.#floor;
  }

  /** Index of the first entry at or after `position`. */
  #search(position: number): number {
    let low = this.#first;
    let high = this.#ring.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ring[middle]?.position ?? 0) < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #share(owner: OwnerKey, entry: Entry): void {
    let share = this.#shares.get(owner);
    if (share === undefined) {
      share = { entries: 0, bytes: 0, queue: [], first: 0 };
      this.#shares.set(owner, share);
    }
    share.queue.push(entry);
    share.entries += 1;
    share.bytes += entry.bytes;
    while (share.entries > this.limits.logOwnerEntries || share.bytes > this.limits.logOwnerBytes) {
      const oldest = share.queue[share.first];
      assert(oldest !== undefined, 'a share counts entries that it has');
      if (oldest.evicted) share.first += 1;
      else this.#evict(oldest);
    }
    if (share.first > 64 && share.first * 2 > share.queue.length) {
      share.queue = share.queue.slice(share.first);
      share.first = 0;
    }
  }

  #oldest(): Entry | undefined {
    while (this.#ring[this.#first]?.evicted === true) this.#first += 1;
    return this.#ring[this.#first];
  }

  #evictOldest(): void {
    const oldest = this.#oldest();
    assert(oldest !== undefined, 'the log counts entries that it has');
    this.#evict(oldest);
  }

  #evict(entry: Entry): void {
    entry.evicted = true;
    // Its place may stay for long; its body does not.
    this.#ring[this.#search(entry.position)] = { ...entry, body: null };
    this.#entries -= 1;
    this.#bytes -= entry.bytes;
    const share = this.#shares.get(entry.owner);
    assert(share !== undefined, 'every entry has a share');
    share.entries -= 1;
    share.bytes -= entry.bytes;
    while (share.queue[share.first]?.evicted === true) share.first += 1;
    if (share.entries === 0) this.#shares.delete(entry.owner);
    this.#remember(entry);
    this.#compact();
  }

  #remember({ topic, position }: Entry): void {
    const known = this.#evicted.get(topic) ?? 0;
    this.#evicted.delete(topic);
    this.#evicted.set(topic, Math.max(known, position));
    if (this.#evicted.size <= this.limits.evictedTopics) return;
    for (const [oldest, last] of this.#evicted) {
      this.#floor = Math.max(this.#floor, last);
      this.#evicted.delete(oldest);
      return;
    }
  }

  /** Entries evicted in the middle (a busy owner) keep their places until they are half of the ring. */
  #compact(): void {
    if (this.#ring.length < 1024 || this.#entries * 2 > this.#ring.length) return;
    this.#ring = this.#ring.filter((entry) => !entry.evicted);
    this.#first = 0;
  }
}
