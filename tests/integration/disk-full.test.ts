/** A disk that is full is a state: writes are refused clearly, nothing acknowledged is lost, what needs no disk goes on, and it ends by itself. */
import { expect, test } from 'bun:test';
import type { APIMessage } from 'discord-api-types/v10';
import { Refused } from '../support/call-rest.ts';
import { eventually } from '../support/eventually.ts';
import { type Person, type Place, Town } from '../support/town.ts';

const LARGE = 'x'.repeat(2000);
/** More than a new store has, and soon full. */
const SMALL_BYTES = 2 << 20;

async function write(town: Town, { token }: Person, { channel }: Place): Promise<APIMessage | Refused> {
  try {
    return await town.rest<APIMessage>(token, 'POST', `/channels/${channel}/messages`, { content: LARGE });
  } catch (error) {
    if (error instanceof Refused) return error;
    throw error;
  }
}

async function history(town: Town, { token }: Person, { channel }: Place): Promise<string[]> {
  const ids: string[] = [];
  for (;;) {
    const before = ids.length === 0 ? '' : `&before=${ids.at(-1)}`;
    const page = await town.rest<APIMessage[]>(token, 'GET', `/channels/${channel}/messages?limit=100${before}`);
    ids.push(...page.map(({ id }) => id));
    if (page.length < 100) return ids.reverse();
  }
}

test('a full disk refuses writes with 507, still reads and types, and takes writes again when there is room', async () => {
  await using town = await Town.open({ config: { rateLimits: 'off', metrics: 'off' } });
  const owner = await town.person('owner');
  const place = await town.guild(owner, 'Home');
  await using seen = await town.visit(owner, town.worker(0));
  town.limitStore(SMALL_BYTES);
  const acknowledged: string[] = [];
  const refusal = await eventually(
    'the store is full',
    async () => {
      const answer = await write(town, owner, place);
      if (answer instanceof Refused) return answer;
      acknowledged.push(answer.id);
      return null;
    },
    40_000,
  );
  expect([refusal.status, refusal.body]).toMatchObject([507, { message: 'The store of this server is full' }]);
  expect(acknowledged.length).toBeGreaterThan(10);
  expect(await history(town, owner, place)).toEqual(acknowledged);
  await town.rest(owner.token, 'POST', `/channels/${place.channel}/typing`);
  await seen.dispatch('TYPING_START', { channel_id: place.channel });
  expect((await fetch(`${town.url}/health`)).status).toBe(503);
  expect((await fetch(`${town.url}/health?live=1`)).status).toBe(200);

  town.limitStore(1 << 30);
  const last = await eventually('there is room again', async () => {
    const answer = await write(town, owner, place);
    return answer instanceof Refused ? null : answer;
  });
  acknowledged.push(last.id);
  expect(await history(town, owner, place)).toEqual(acknowledged);
  await seen.dispatch('MESSAGE_CREATE', { id: last.id });
  expect(seen.all<APIMessage>('MESSAGE_CREATE').map(({ id }) => id)).toEqual(acknowledged);
}, 120_000);
