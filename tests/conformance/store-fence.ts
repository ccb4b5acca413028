import { expect } from 'bun:test';
import { Fault } from '../../src/protocol/errors.ts';
import { guildKey } from '../../src/protocol/ids.ts';
import type { Write } from '../../src/protocol/writes.ts';
import { actor, type Case } from './store-cases.ts';
import { messageRecord, mint } from './store-records.ts';

export async function faultOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => null,
    (rejection: unknown) => rejection,
  );
  return error instanceof Fault ? error.code : String(error);
}

const put = (channelId: string, id: string, content?: string): Write => ({
  w: 'putMessage',
  message: messageRecord(channelId, id, content),
});

export const fenceCases: readonly Case[] = [
  {
    title: 'fence gives greater epochs to whoever asks',
    run: async ({ store }) => {
      const owners = [guildKey(mint()), guildKey(mint())];
      const epochs: number[] = [];
      for (let n = 0; n < 6; n += 1) epochs.push(await store.fence(owners[n % 2]!));
      const asked = await Promise.all(Array.from({ length: 3000 }, () => store.fence(owners[0]!)));
      epochs.push(...asked);
      for (const [at, epoch] of epochs.entries()) expect(epoch).toBeGreaterThan(epochs[at - 1] ?? 0);
    },
  },
  {
    title: 'commit refuses an epoch that was never given, is over, or was released',
    run: async ({ store }) => {
      const owner = guildKey(mint());
      const channel = mint();
      const writes = [put(channel, mint())];
      expect(await faultOf(store.commit({ owner, epoch: 1, writes }))).toBe('fenced');
      const old = await store.fence(owner);
      const present = await store.fence(owner);
      expect(await faultOf(store.commit({ owner, epoch: old, writes }))).toBe('fenced');
      expect(await faultOf(store.commit({ owner, epoch: present + 1, writes }))).toBe('fenced');
      expect(await store.page({ channelId: channel, before: null, after: null, around: null, limit: 5 })).toEqual([]);
      await store.commit({ owner, epoch: present, writes });
      store.release(owner, old);
      await store.commit({ owner, epoch: present, writes });
      store.release(owner, present);
      expect(await faultOf(store.commit({ owner, epoch: present, writes }))).toBe('fenced');
    },
  },
  {
    title: 'when fence resolves, batches of older epochs are stored or dropped',
    run: async ({ store }) => {
      const owner = guildKey(mint());
      const channelId = mint();
      const old = await store.fence(owner);
      const outcomes: string[] = [];
      const ids = Array.from({ length: 40 }, () => mint());
      const note = (id: string) => (promise: Promise<void>) =>
        promise.then(
          () => outcomes.push(id),
          () => outcomes.push('refused'),
        );
      for (const id of ids.slice(0, 20))
        void note(id)(store.commit({ owner, epoch: old, writes: [put(channelId, id)] }));
      const fencing = store.fence(owner);
      const late = ids
        .slice(20)
        .map((id) => note(id)(store.commit({ owner, epoch: old, writes: [put(channelId, id)] })));
      await fencing;
      const query = { channelId, before: null, after: null, around: null, limit: 100 };
      const stored = (await store.page(query)).map(({ message }) => message.id);
      await Promise.all(late);
      expect((await store.page(query)).map(({ message }) => message.id)).toEqual(stored);
      expect(outcomes.filter((outcome) => outcome !== 'refused').sort()).toEqual(stored.toSorted());
      expect(outcomes.slice(20)).toEqual(Array.from({ length: 20 }, () => 'refused'));
    },
  },
  {
    title: 'batches of one actor are stored in their order, and a read after the answer sees them',
    run: async ({ store }) => {
      const { commit } = await actor(store);
      const [channelId, id] = [mint(), mint()];
      await Promise.all(Array.from({ length: 50 }, (_, n) => commit(put(channelId, id, `version ${n}`))));
      expect((await store.message(channelId, id))?.message.wire.content).toBe('version 49');
      for (let n = 0; n < 50; n += 1) {
        await commit(put(channelId, id, `again ${n}`));
        expect((await store.message(channelId, id))?.message.wire.content).toBe(`again ${n}`);
      }
    },
  },
  {
    title: 'a batch is what it says when it is given, and an empty one is stored too',
    run: async ({ store }) => {
      const { commit } = await actor(store);
      const [channelId, id] = [mint(), mint()];
      const message = messageRecord(channelId, id, 'as given');
      const writes: Write[] = [{ w: 'putMessage', message }];
      const stored = commit(...writes);
      Object.assign(message.wire, { content: 'changed later' });
      await stored;
      await commit();
      expect((await store.message(channelId, id))?.message.wire.content).toBe('as given');
      expect(store.state).toBe('open');
    },
  },
];
