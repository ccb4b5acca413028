import { LRUCache } from 'lru-cache';
import type { Clock } from '../base/clock.ts';
import type { OwnerKey, Snowflake } from '../protocol/ids.ts';
import { Coalescer } from '../store/coalescer.ts';
import type { GuildsPort } from '../store/ports.ts';
import { askedLimits, type ReadLimits } from './open-reads.ts';
import { refused } from './refused.ts';

/** channel -> owner. The index never changes once written, so hits stay; misses are not kept, the channel may be made any moment. */
export class ChannelOwners {
  readonly #known: LRUCache<Snowflake, OwnerKey>;
  readonly #reads: Coalescer<OwnerKey | null>;

  constructor(
    readonly store: Pick<GuildsPort, 'channelOwner'>,
    clock: Pick<Clock, 'after'>,
    limits: ReadLimits & { readonly channelCache: number },
  ) {
    this.#known = new LRUCache({ max: limits.channelCache });
    this.#reads = new Coalescer(clock, askedLimits(limits));
  }

  /** Refused: unknownChannel. */
  async of(channelId: Snowflake): Promise<OwnerKey> {
    const known = this.#known.get(channelId);
    if (known !== undefined) return known;
    const read = (): Promise<OwnerKey | null> => this.store.channelOwner(channelId);
    const shared = await this.#reads.share(channelId, read, { partition: channelId });
    // One who joined a read that began before the channel was made looks for himself.
    const owner = shared ?? (await read());
    if (owner === null) throw refused('unknownChannel');
    this.#known.set(channelId, owner);
    return owner;
  }
}
