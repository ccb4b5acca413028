/** What commands need that come together is asked for in one query; and each gets its own. */
import { expect, test } from 'bun:test';
import { openNeeds } from '../../../src/host/needs.ts';
import { gatherSingles } from '../../../src/store/gathered.ts';
import { MemoryStore } from '../../../src/store/memory/store.ts';
import { GATHERED } from '../../../src/worker-limits.ts';
import { messageRecord, mint } from '../../conformance/store-records.ts';
import { FakeClock } from '../actor/fake-clock.ts';

const CHANNEL = '500000000000000001';
const OWNER = 'g:300000000000000001';

test('single messages and reactions that commands need in one turn are one query of each kind', async () => {
  const clock = new FakeClock();
  const store = new MemoryStore({ clock });
  const epoch = await store.fence(OWNER);
  const [one, two, gone, user] = [mint(), mint(), mint(), mint()];
  await store.commit({
    owner: OWNER,
    epoch,
    writes: [
      ...[one, two].map((id) => ({ w: 'putMessage', message: messageRecord(CHANNEL, id) }) as const),
      { w: 'putReaction', channelId: CHANNEL, messageId: one, emoji: '🔥', userId: user, at: 1 },
    ],
  });
  const asked: string[] = [];
  const counted = new Proxy(store, {
    get(target, name: keyof MemoryStore) {
      const value = target[name];
      if (typeof value !== 'function') return value;
      return (...args: readonly unknown[]) => {
        asked.push(name);
        return Reflect.apply(value, target, args);
      };
    },
  });
  const load = openNeeds(counted, gatherSingles(counted, clock, GATHERED), clock);
  const answers = Promise.all([
    ...[one, gone, two].map((id) => load({ need: 'message', channelId: CHANNEL, id })),
    ...[one, two].map((id) => load({ need: 'reaction', channelId: CHANNEL, id, emoji: '🔥', user })),
  ]);
  await clock.settle();
  const [first, none, second, ...reacted] = await answers;
  expect([first, none, second]).toMatchObject([{ message: { id: one } }, null, { message: { id: two } }] as never);
  expect(reacted).toEqual([true, false]);
  expect(asked.toSorted()).toEqual(['messages', 'reactionsOf']);
});
