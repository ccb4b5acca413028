/** Which owners a bot's shard gets: (guild id >> 22) % n (docs/events/gateway, Sharding). Direct messages belong to shard 0. */
import { type OwnerKey, ownerId } from '../protocol/ids.ts';

export type Shard = readonly [index: number, count: number];

export function onShard(owner: OwnerKey, shard: Shard | null): boolean {
  if (shard === null || shard[1] === 1) return true;
  if (!owner.startsWith('g:')) return shard[0] === 0;
  return (BigInt(ownerId(owner)) >> 22n) % BigInt(shard[1]) === BigInt(shard[0]);
}
