/** /health asks an owner in each slot, however many there are; among very many some own no shard. */
import { expect, test } from 'bun:test';
import { Placement, SHARDS, slotOfShard } from '../../src/actor/placement.ts';
import { LIMITS } from '../../src/limits.ts';
import { probeOwners } from '../../src/protocol/probe.ts';

test.each([1, 2, 3, 64, 134, 135, 192, LIMITS.workers])(
  'of %i slots each has its own owner, if it has any',
  (slots) => {
    const placement = new Placement(slots);
    const owners = probeOwners(slots, (key) => placement.slotOf(key));
    const owning = new Set(Array.from({ length: SHARDS }, (_, shard) => slotOfShard(shard, slots)));
    expect(owners.length).toBe(slots);
    const strange = owners.flatMap((owner, slot) => (placement.slotOf(owner) === slot ? [] : [slot]));
    expect(strange).toEqual(Array.from({ length: slots }, (_, slot) => slot).filter((slot) => !owning.has(slot)));
  },
);
