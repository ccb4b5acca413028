import { LRUCache } from 'lru-cache';
import type { OwnerKey, Snowflake } from '../protocol/ids.ts';
import type { GuildsPort } from '../store/ports.ts';
import { refused } from './refused.ts';

/** channel -> owner. The index never changes once written, so hits stay; misses are not kept, the channel may be made any moment. */
export class ChannelOwners {
  readonly #known: LRUCache<Snowflake, OwnerKey>;

  constructor(
    readonly store: Pick<GuildsPort, 'channelOwner'>,
    max: number,
  ) {
    this.#known = new LRUCache({ max });
  }

  /** Refused: unknownChannel. */
  async of(channelId: Snowflake): Promise<OwnerKey> {
    const known = this.#known.get(channelId);
    if (known !== undefined) return known;
    const owner = await this.store.channelOwner(channelId);
    if (owner === null) throw refused('unknownChannel');
    this.#known.set(channelId, owner);
    return owner;
  }
}
