/** What is asked again when a worker comes back: what nobody has answered, of sessions that still live here. */
import { expect, test } from 'bun:test';
import { OpenAttaches } from '../../../src/actor/open-attaches.ts';
import type { SessionExport } from '../../../src/protocol/residence.ts';
import { attachAsk } from './fake-world.ts';

const [OWNER, OTHER] = ['g:1', 'g:2'] as const;
const ask = (session: string, n: number) => ({ kind: 'attach', ask: attachAsk({ session, ask: n }) }) as const;
const asked = (open: OpenAttaches) =>
  [...open.at(() => true)].map(([to, tell]) => [to, tell.kind === 'attach' && [tell.ask.session, tell.ask.ask]]);

test('the newest ask of each session at each owner, until it is answered or taken back', () => {
  const open = new OpenAttaches();
  open.told(OWNER, ask('a', 1));
  open.told(OWNER, ask('a', 2));
  open.told(OWNER, ask('b', 3));
  open.told(OTHER, ask('b', 4));
  expect(asked(open)).toEqual([
    [OWNER, ['a', 2]],
    [OWNER, ['b', 3]],
    [OTHER, ['b', 4]],
  ]);
  open.told(OWNER, { kind: 'forget', session: 'a', hop: 0 });
  expect(asked(open).length).toBe(2);
  expect(open.size).toBe(2);
});

test('a session that moves takes its asks with it: its owner, that knows it elsewhere, does not answer them here', () => {
  const open = new OpenAttaches();
  open.told(OWNER, ask('a', 1));
  open.told(OWNER, ask('b', 2));
  const standing = { owner: OWNER, since: 0, held: null, wanted: 0, joinedAt: 0, promised: false };
  const data = { id: 'a', standings: [standing] } as unknown as SessionExport;
  const move = { session: 'a', from: '0.1', to: '1.1', s: 0 };
  open.gave({ r: 'given', move: move as never });
  expect(open.size).toBe(2);
  open.gave({ r: 'session', move: move as never, data });
  expect(asked(open)).toEqual([[OWNER, ['b', 2]]]);
});
