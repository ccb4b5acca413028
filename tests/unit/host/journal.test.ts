/** Rows of an earlier load, told again. */
import { expect, test } from 'bun:test';
import type { KeptNote } from '../../../src/actor/journal.ts';
import { loadJournal } from '../../../src/host/journal.ts';
import { wordingOf } from '../../../src/host/wording.ts';

const moved = (channel: string, topic: string, deleted: string | null): KeptNote => ({
  ...{ kind: 'visibility', channel, from: topic, to: topic, gained: ['7'], lost: ['8'], deleted, before: 0 },
});

test('who gained or lost the topic of bans is told nothing of it, and of a channel he is', async () => {
  const notes = [moved('1', 'b:1', null), moved('10', 'c:10', '{"id":"10"}')];
  const store = {
    rows: async () => notes.map((note, at) => ({ seq: at + 1, note: JSON.stringify(note), at: 0 })),
    messages: async () => [],
  };
  const retell = (_t: string, { id }: { readonly id?: string }) => (id === '10' ? '{"id":"10"}' : null);
  const { rows } = await loadJournal(store, 'g:1', 10, { retell } as never, wordingOf('g:1'));
  expect(rows).toMatchObject([
    { kind: 'visibility', from: 'b:1', to: 'b:1', created: null, deleted: null },
    { kind: 'visibility', created: { t: 'CHANNEL_CREATE' }, deleted: { t: 'CHANNEL_DELETE' } },
  ]);
});
