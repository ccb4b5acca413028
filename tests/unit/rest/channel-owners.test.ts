import { expect, test } from 'bun:test';
import { LIMITS } from '../../../src/limits.ts';
import type { OwnerKey } from '../../../src/protocol/ids.ts';
import { ChannelOwners } from '../../../src/rest/channel-owners.ts';
import { FakeClock } from '../actor/fake-clock.ts';

test('a crowd before a channel that nobody knows is one read; then none', async () => {
  let reads = 0;
  const channelOwner = async (): Promise<OwnerKey> => {
    reads += 1;
    return 'g:1';
  };
  const owners = new ChannelOwners({ channelOwner }, new FakeClock(), LIMITS);
  expect(new Set(await Promise.all(Array.from({ length: 100 }, () => owners.of('5'))))).toEqual(new Set(['g:1']));
  expect([await owners.of('5'), reads]).toEqual(['g:1', 1]);
});

test('a channel that was made while an older look was under way is found', async () => {
  const looks: ((owner: OwnerKey | null) => void)[] = [];
  const channelOwner = (): Promise<OwnerKey | null> => new Promise((resolve) => looks.push(resolve));
  const clock = new FakeClock();
  const owners = new ChannelOwners({ channelOwner }, clock, LIMITS);
  const code = (error: Error) => error.message;
  const asked = [owners.of('5'), owners.of('5')].map((of) => of.catch(code));
  // It began before the channel was made.
  looks[0]?.(null);
  await clock.settle();
  for (const look of looks.slice(1)) look('g:1');
  expect(await Promise.all(asked)).toEqual(['g:1', 'g:1']);
});
