import { expect } from 'bun:test';
import { seqOf } from '../../src/protocol/envelope.ts';
import { guildKey } from '../../src/protocol/ids.ts';
import type { StoredRow, Write } from '../../src/protocol/writes.ts';
import { actor, type Case } from './store-cases.ts';
import { mint, NOW } from './store-records.ts';

const MINUTE = 60_000;
const row = (seq: number, at = NOW): StoredRow => ({ seq, note: `{"k":"${seq}"}`, at });
const putRow = (each: StoredRow): Write => ({ w: 'putRow', row: each });

export const journalCases: readonly Case[] = [
  {
    title: 'rows gives the newest rows of one owner, ascending',
    run: async ({ store }) => {
      const { commit, owner, epoch } = await actor(store);
      const other = await actor(store);
      const rows = [1, 2, 3, 4].map((count) => row(seqOf(epoch, count)));
      expect(await store.rows(owner, 10)).toEqual([]);
      await commit(...rows.map(putRow));
      await commit(...rows.slice(1, 2).map(putRow));
      await other.commit(putRow(row(9)));
      expect(await store.rows(owner, 10)).toEqual(rows);
      expect(await store.rows(owner, 2)).toEqual(rows.slice(2));
      expect(await store.rows(owner, 0)).toEqual([]);
    },
  },
  {
    title: 'the journal keeps the newest 512 young rows and stays bounded',
    run: async ({ store }) => {
      const { commit, owner } = await actor(store);
      for (let n = 0; n < 3000; n += 100) {
        await commit(...Array.from({ length: 100 }, (_, count) => putRow(row(n + count + 1))));
      }
      const kept = await store.rows(owner, 100_000);
      expect(kept.length).toBeGreaterThanOrEqual(512);
      expect(kept.length).toBeLessThanOrEqual(800);
      expect(kept.at(-1)?.seq).toBe(3000);
      expect(kept[0]?.seq).toBe(3000 - kept.length + 1);
    },
  },
  {
    title: 'the journal of a silent owner shrinks to its newest row as others write',
    run: async ({ store }) => {
      const silent = await actor(store);
      await silent.commit(...[1, 2, 3].map((seq) => putRow(row(seq))));
      const busy = await actor(store);
      // Adapters trim along with the writes: enough of them look at every owner there is.
      for (let round = 0; round < 40; round += 1) {
        const at = NOW + 11 * MINUTE;
        await busy.commit(...Array.from({ length: 130 }, (_, n) => putRow(row(round * 130 + n + 1, at))));
      }
      await silent.commit(putRow(row(4, NOW + 11 * MINUTE)));
      const kept = (await store.rows(silent.owner, 100)).map(({ seq }) => seq);
      expect(kept).toContain(4);
      expect(kept).not.toContain(1);
      expect(kept).not.toContain(2);
    },
  },
  {
    title: 'tells stay, ascending, until each is confirmed',
    run: async ({ store }) => {
      const { commit, owner } = await actor(store);
      const [a, b] = [guildKey('1'), guildKey('2')];
      const tell = (seq: number, to: typeof a, command = '{}') =>
        ({ w: 'putTell', tell: { seq, to, command } }) as const;
      await commit(tell(5, b), tell(3, b), tell(5, a), tell(5, a, '{"again":1}'));
      expect(await store.tells(owner)).toEqual([
        { seq: 3, to: b, command: '{}' },
        { seq: 5, to: a, command: '{"again":1}' },
        { seq: 5, to: b, command: '{}' },
      ]);
      await commit({ w: 'deleteTell', seq: 5, to: b }, { w: 'deleteTell', seq: 5, to: b });
      await commit({ w: 'deleteTell', seq: 3, to: a });
      expect((await store.tells(owner)).map(({ seq, to }) => [seq, to])).toEqual([
        [3, b],
        [5, a],
      ]);
    },
  },
  {
    title: 'owners with unconfirmed tells are listed page by page',
    run: async ({ store }) => {
      const names = ['7000001', '7000002', '7000003'].map(guildKey);
      const actors = await Promise.all(names.map((name) => actor(store, name)));
      const owners = actors.map(({ owner }) => owner).sort();
      const tell = (seq: number) => ({ w: 'putTell', tell: { seq, to: guildKey('1'), command: '{}' } }) as const;
      for (const { commit } of actors) await commit(tell(1), tell(2));
      const listed = await store.tellers(null, 10_000);
      expect(listed).toEqual([...listed].sort());
      expect(listed.filter((owner) => owners.includes(owner))).toEqual(owners);
      const [first, second] = owners;
      expect((await store.tellers(first ?? null, 1)).length).toBe(1);
      const done = actors.find(({ owner }) => owner === second);
      await done?.commit(
        { w: 'deleteTell', seq: 1, to: guildKey('1') },
        { w: 'deleteTell', seq: 2, to: guildKey('1') },
      );
      expect((await store.tellers(first ?? null, 10_000)).filter((owner) => owners.includes(owner))).toEqual(
        owners.slice(2),
      );
    },
  },
  {
    title: 'the result of a command is remembered for ten minutes',
    run: async ({ store, setNow }) => {
      const { commit, owner } = await actor(store);
      const other = await actor(store);
      const commandId = `command-${mint()}`;
      setNow(NOW);
      expect(await store.result(owner, commandId)).toBeNull();
      await commit({ w: 'putResult', commandId, result: '{"id":"1"}', at: NOW });
      await commit({ w: 'putResult', commandId, result: '{"id":"2"}', at: NOW });
      expect(await store.result(owner, commandId)).toBe('{"id":"2"}');
      expect(await store.result(other.owner, commandId)).toBeNull();
      setNow(NOW + 10 * MINUTE - 1);
      expect(await store.result(owner, commandId)).toBe('{"id":"2"}');
      setNow(NOW + 10 * MINUTE);
      expect(await store.result(owner, commandId)).toBeNull();
      setNow(NOW);
    },
  },
];
