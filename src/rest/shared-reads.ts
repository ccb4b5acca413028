/** A channel's reads as its owner's worker makes them: all workers' equal asks are one query, whose rows are encoded once. */
import type { Clock } from '../base/clock.ts';
import type { Family } from '../base/metrics.ts';
import type { SharedBody, SharedRead } from '../protocol/reads.ts';
import { Coalescer, type CoalescerLimits } from '../store/coalescer.ts';
import type { MessagesPort, SingleReads } from '../store/ports.ts';
import { encodeMessage, encodePage, encodePins, encodePlain, NOT_THERE } from './encode-messages.ts';
import type { ReadCache } from './read-cache.ts';

export interface SharedParts {
  readonly store: Pick<MessagesPort, 'pageText' | 'pins' | 'reactors'>;
  /** Gathers what is asked for in one turn. */
  readonly singles: Pick<SingleReads, 'message' | 'ownReactions'>;
  readonly cache: ReadCache;
  readonly clock: Pick<Clock, 'after'>;
  readonly limits: { readonly queries: CoalescerLimits; readonly gathered: CoalescerLimits };
}

export class SharedReads {
  readonly #parts: SharedParts;
  readonly #queries: Coalescer<SharedBody>;
  /** Single messages, and readers' own reactions: many of them are one query, so more of them may be under way. */
  readonly #gathered: Coalescer<SharedBody>;

  constructor(parts: SharedParts) {
    const { clock, limits } = parts;
    this.#parts = parts;
    this.#queries = new Coalescer(clock, limits.queries);
    this.#gathered = new Coalescer(clock, limits.gathered);
  }

  /** Who asks has the generation from the owner, and with it the permission of his reader. Rejects as `Coalescer.share` does. */
  serve(read: SharedRead, signal: AbortSignal | null): Promise<SharedBody> {
    const { cache } = this.#parts;
    const kept = cache.body(read);
    if (kept !== null) return Promise.resolve(kept);
    const start = async (left: AbortSignal): Promise<SharedBody> => {
      const body = await this.#query(read, left);
      cache.keepBody(read, body);
      return body;
    };
    const coalescer = read.what === 'message' || read.what === 'mine' ? this.#gathered : this.#queries;
    return coalescer.share(keyOf(read), start, { signal, partition: read.channelId });
  }

  measure(): Family[] {
    return [
      ...this.#queries.measure('guildhall_shared_reads', 'Reads made for all workers'),
      ...this.#gathered.measure('guildhall_single_reads', "Reads of single messages and of readers' own reactions"),
      ...this.#parts.cache.measure(),
    ];
  }

  async #query(read: SharedRead, left: AbortSignal): Promise<SharedBody> {
    const { store, singles } = this.#parts;
    const { channelId } = read;
    switch (read.what) {
      case 'page': {
        const { limit, around, before, after } = read;
        return encodePage(await store.pageText({ channelId, limit, around, before, after }, left), read.bare);
      }
      case 'message': {
        const message = await singles.message(channelId, read.id, left);
        return message === null ? NOT_THERE : encodeMessage(message, read.bare);
      }
      case 'pins':
        return encodePins(await store.pins(channelId, left), read);
      case 'reactors':
        return encodePlain(await store.reactors(channelId, read.id, read.emoji, read.after, read.limit, left));
      case 'mine':
        return encodePlain([...(await singles.ownReactions(channelId, read.ids, read.user, left))]);
    }
  }
}

/** Equal only for reads with equal answers. */
export function keyOf(read: SharedRead): string {
  const of = `${read.what} ${read.channelId} ${read.generation}`;
  switch (read.what) {
    case 'page':
      return `${of} ${read.bare} ${read.around} ${read.before} ${read.after} ${read.limit}`;
    case 'message':
      return `${of} ${read.bare} ${read.id}`;
    case 'pins':
      return `${of} ${read.bare} ${read.form} ${read.before} ${read.limit}`;
    case 'reactors':
      return `${of} ${read.id} ${read.after} ${read.limit} ${read.emoji}`;
    case 'mine':
      return `${of} ${read.user} ${read.ids.join()}`;
  }
}
