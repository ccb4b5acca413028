/** Where an owner lives: key -> shard (a fixed number) -> slot, by rendezvous hash. It may never drift: a golden table in the tests holds it. */
import type { OwnerKey } from '../protocol/ids.ts';

export const SHARDS = 1024;

/** FNV-1a over UTF-16 units, then the last mix of MurmurHash3: every bit of the key reaches every bit of the hash. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return mix(h);
}

function mix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

export const shardOf = (key: OwnerKey): number => hash(key) % SHARDS;

/** The slot with the highest weight for the shard: one slot more takes only its own share from the others. */
export function slotOfShard(shard: number, slots: number): number {
  let best = 0;
  let most = -1;
  for (let slot = 0; slot < slots; slot += 1) {
    const weight = mix(Math.imul(shard + 1, 0x9e3779b1) ^ mix(slot + 1));
    if (weight > most) [best, most] = [slot, weight];
  }
  return best;
}

/** Slots of all keys for a fixed number of slots. */
export class Placement {
  readonly #slots: readonly number[];

  constructor(readonly slots: number) {
    this.#slots = Array.from({ length: SHARDS }, (_, shard) => slotOfShard(shard, slots));
  }

  slotOf(key: OwnerKey): number {
    return this.#slots[shardOf(key)] ?? 0;
  }
}
