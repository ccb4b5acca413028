/**
 * What is asked again and again and has not changed: newest pages and pins of busy channels, and users. Bounded in bytes. What depends on a channel's
 * messages is kept with their generation and is right for that one alone, so a change makes it useless by itself; a user is forgotten when he changes.
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../base/clock.ts';
import { counter, type Family, gauge, Tally } from '../base/metrics.ts';
import type { Snowflake } from '../protocol/ids.ts';
import type { SharedBody, SharedRead } from '../protocol/reads.ts';
import type { PublicUser } from '../protocol/records.ts';

type Kept = { readonly generation: string | null; readonly body: SharedBody } | { readonly user: PublicUser };

/** Bytes of an entry beside its body: its key, its place in the cache. */
const ENTRY = 512;
/** Of a mark of a reaction, and of an id. */
const MARK = 64;
const USER = 1024;

const ASKED = ['page', 'pins', 'user'].flatMap((what) => [`${what}|hit`, `${what}|miss`]);

/** One body may not push out all the others. */
const LARGEST_PART = 8;

/** A change of a user is said to every worker; this bounds what a message lost with its worker may cost. */
const USER_MS = 30_000;

export class ReadCache {
  readonly #kept: LRUCache<string, Kept> | null;
  readonly #asked: Tally;

  /** `bytes` 0: nothing is kept. */
  constructor(clock: Pick<Clock, 'monotonic'>, bytes: number) {
    const room = { maxSize: bytes, maxEntrySize: Math.ceil(bytes / LARGEST_PART) };
    const perf = { now: () => clock.monotonic() };
    const timed = { perf, ttlResolution: 0 };
    this.#asked = new Tally(bytes === 0 ? [] : ASKED);
    this.#kept = bytes === 0 ? null : new LRUCache<string, Kept>({ ...room, sizeCalculation: sizeOf, ...timed });
  }

  get isOff(): boolean {
    return this.#kept === null;
  }

  get bytes(): number {
    return this.#kept?.calculatedSize ?? 0;
  }

  /** Null: not kept, or of another generation. */
  body(read: SharedRead): SharedBody | null {
    const key = keyOf(read);
    if (this.#kept === null || key === null) return null;
    const kept = this.#kept.get(key);
    const found = kept !== undefined && 'body' in kept && kept.generation === read.generation ? kept.body : null;
    this.#asked.add(`${read.what}|${found === null ? 'miss' : 'hit'}`);
    return found;
  }

  keepBody(read: SharedRead, body: SharedBody): void {
    const key = keyOf(read);
    if (key !== null) this.#kept?.set(key, { generation: read.generation, body });
  }

  user(id: Snowflake): PublicUser | null {
    if (this.#kept === null) return null;
    const kept = this.#kept.get(`user ${id}`);
    const found = kept !== undefined && 'user' in kept ? kept.user : null;
    this.#asked.add(`user|${found === null ? 'miss' : 'hit'}`);
    return found;
  }

  keepUser(user: PublicUser): void {
    this.#kept?.set(`user ${user.id}`, { user }, { ttl: USER_MS });
  }

  forgetUser(id: Snowflake): void {
    this.#kept?.delete(`user ${id}`);
  }

  measure(): Family[] {
    return [
      counter(
        'guildhall_read_cache_total',
        'Reads that may be kept: found (hit) or not (miss), by what is read.',
        this.#asked.entries,
        'what|how',
      ),
      gauge('guildhall_read_cache_bytes', 'What is kept of reads.', this.bytes),
    ];
  }
}

/** Null: asked for too seldom to be kept. Without the generation, so that a channel's next one takes the place of the one before. */
function keyOf(read: SharedRead): string | null {
  if (read.what === 'page' && read.around === null && read.before === null && read.after === null) {
    return `page ${read.channelId} ${read.bare} ${read.limit}`;
  }
  if (read.what === 'pins' && read.before === null) {
    return `pins ${read.channelId} ${read.bare} ${read.form} ${read.limit}`;
  }
  return null;
}

function sizeOf(kept: Kept): number {
  if ('user' in kept) return USER;
  const { json, reacted, named } = kept.body;
  const marks = reacted.reduce((sum, each) => sum + 1 + each.marks.length, named.length);
  return ENTRY + (json?.byteLength ?? 0) + marks * MARK;
}
