/** A disk that hangs is a state: nothing fails on it, so it is seen by silence; writes are refused at once, the rest goes on, and it ends by itself. */
import { expect, test } from 'bun:test';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { APIMessage } from 'discord-api-types/v10';
import { answerOf, Refused } from '../support/call-rest.ts';
import { runCommand } from '../support/command.ts';
import { eventually } from '../support/eventually.ts';
import { hangWriter, releaseWriter } from '../support/hanging-writer.ts';
import { guildOn } from '../support/placed.ts';
import { numbersOf, sumOf } from '../support/read-numbers.ts';
import { type Person, type Place, Town } from '../support/town.ts';

const STUCK = 'The store of this server does not answer';
const writerProgram = new URL('../support/hanging-writer.ts', import.meta.url);
const AWAY = { since: null, activities: [], status: 'dnd', afk: false };

interface Said {
  /** Null: the store has it, and says nothing. */
  answer: APIMessage | Refused | null;
  readonly ended: Promise<void>;
}

const stuckWorkers = async (town: Town): Promise<number> =>
  sumOf(await numbersOf(town), 'guildhall_store_state{state="stuck"}');

function say(town: Town, who: Person, { channel }: Place): Said {
  const noted = (answer: APIMessage | Refused): void => {
    said.answer = answer;
  };
  const said: Said = { answer: null, ended: town.say(who, channel, 'into the silence').then(noted, noted) };
  return said;
}

/** One message after the other, until the store swallows one. */
async function sayIntoSilence(town: Town, who: Person, place: Place): Promise<Said> {
  let isStuck = false;
  const seen = eventually('both workers see it', async () => (await stuckWorkers(town)) === 2).then(() => {
    isStuck = true;
  });
  for (;;) {
    const said = say(town, who, place);
    await Promise.race([said.ended, seen]);
    if (isStuck) return said;
  }
}

async function history(town: Town, { token }: Person, { channel }: Place): Promise<string[]> {
  const page = await town.rest<APIMessage[]>(token, 'GET', `/channels/${channel}/messages?limit=100`);
  return page.map(({ id }) => id);
}

test('a store that hangs refuses writes before any commit failed; typing, presence and reads go on; it opens again', async () => {
  await using town = await Town.open({ config: { rateLimits: 'off' }, writerProgram });
  const [owner, guest] = [await town.person('owner'), await town.person('guest')];
  const [busy, quiet] = [await guildOn(town, 0, owner), await guildOn(town, 1, owner)];
  await town.join(owner, busy, guest);
  await town.join(owner, quiet, guest);
  await using seen = await town.visit(guest, town.worker(0));
  await using here = await town.visit(owner, town.worker(1));
  const before = await town.say(owner, quiet.channel, 'before');
  await seen.dispatch('MESSAGE_CREATE', { id: before.id });
  const fifo = join(town.dataDir, 'hang.fifo');
  execFileSync('mkfifo', [fifo]);
  hangWriter(fifo);
  await using hung = { [Symbol.asyncDispose]: () => releaseWriter(fifo) };

  const swallowed = await sayIntoSilence(town, owner, busy);
  for (const place of [busy, quiet]) {
    const path = `/channels/${place.channel}/messages`;
    const answer = await answerOf(town.url, owner.token, 'POST', path, { content: 'refused' });
    expect([answer.status, answer.body, answer.headers.get('retry-after')]).toMatchObject([
      503,
      { message: STUCK },
      '1',
    ]);
  }
  expect(swallowed.answer).toBeNull();
  expect(await history(town, owner, quiet)).toEqual([before.id]);
  await town.rest(owner.token, 'POST', `/channels/${quiet.channel}/typing`);
  await seen.dispatch('TYPING_START', { channel_id: quiet.channel });
  here.send(3, AWAY);
  await seen.dispatch('PRESENCE_UPDATE', { guild_id: quiet.id, status: 'dnd' });
  const health = await fetch(`${town.url}/health`);
  expect(health.status).toBe(503);
  expect(await health.json()).toMatchObject({ status: 'failing', store: 'stuck' });
  expect((await fetch(`${town.url}/health?live=1`)).status).toBe(200);
  const doctor = await runCommand(town.dataDir, ['doctor', '--json', '--host', '127.0.0.1', '--port', '0']);
  expect(doctor.stdout).toContain('the store of the running server is stuck');
  expect(doctor.code).toBe(1);
  const asked = await runCommand(town.dataDir, ['health']);
  expect(asked.stderr).toStartWith(`the server on ${town.dataDir} is not well: its store is stuck; worker 0: `);

  await hung[Symbol.asyncDispose]();
  await swallowed.ended;
  await eventually('the store is open', async () => (await stuckWorkers(town)) === 0);
  for (const place of [busy, quiet]) {
    const after = await eventually('writes are taken', async () => {
      const said = say(town, owner, place);
      await said.ended;
      return said.answer instanceof Refused ? null : said.answer;
    });
    await seen.dispatch('MESSAGE_CREATE', { id: after.id });
    const heard = seen.all<APIMessage>('MESSAGE_CREATE').filter(({ channel_id }) => channel_id === place.channel);
    expect(heard.map(({ id }) => id)).toEqual((await history(town, owner, place)).toReversed());
  }
  if (swallowed.answer !== null && !(swallowed.answer instanceof Refused))
    expect(await history(town, owner, busy)).toContain(swallowed.answer.id);
  await eventually('all is well', async () => (await fetch(`${town.url}/health`)).ok);
}, 60_000);

test('what waits for a store that says nothing is in the numbers, until it has been said', async () => {
  await using town = await Town.open({ config: { rateLimits: 'off' }, writerProgram });
  const owner = await town.person('owner');
  const place = await guildOn(town, 0, owner);
  const waits = async (): Promise<number[]> => {
    const numbers = await numbersOf(town);
    return ['batches_at_store', 'mailbox_entries', 'mailbox_entries_max'].map((name) =>
      sumOf(numbers, `guildhall_${name}`),
    );
  };
  await eventually('nothing waits', async () => (await waits()).every((count) => count === 0));
  const fifo = join(town.dataDir, 'hang.fifo');
  execFileSync('mkfifo', [fifo]);
  hangWriter(fifo);
  await using hung = { [Symbol.asyncDispose]: () => releaseWriter(fifo) };
  const said = [say(town, owner, place)];
  await eventually('one is at the store', async () => {
    // Those that come now wait behind it.
    said.push(say(town, owner, place));
    const [atStore = 0, waiting = 0, most = 0] = await waits();
    // The owner of his name may have one there, too: what it has told is confirmed about now.
    return atStore > 0 && waiting > 0 && most > 0;
  });
  await hung[Symbol.asyncDispose]();
  await Promise.all(said.map(({ ended }) => ended));
  await eventually('nothing waits', async () => (await waits()).every((count) => count === 0));
}, 60_000);
