/** A worker whose loop hangs: main terminates and replaces it, what it was asked ends, and who lives elsewhere misses nothing. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { BroadcastChannel } from 'node:worker_threads';
import type { APIMessage } from 'discord-api-types/v10';
import { type Clock, realClock } from '../../src/base/clock.ts';
import { Refused } from '../support/call-rest.ts';
import { eventually } from '../support/eventually.ts';
import { HANG } from '../support/hanging-worker.ts';
import { guildOn } from '../support/placed.ts';
import { type Person, type Place, Town } from '../support/town.ts';
import { heardIn, storedIn, Writer, written } from '../support/writer.ts';

const VICTIM = 1;
const SURVIVOR = 0;
/** Main's silence passes faster than the beats of its workers, so that a hang is found in a few of them. */
const HASTE = 2.5;
const hasty: Clock = { ...realClock, monotonic: () => realClock.monotonic() * HASTE };

let town: Town;
let owner: Person;
let place: Place;

beforeAll(async () => {
  const workerProgram = new URL('../support/hanging-worker.ts', import.meta.url);
  town = await Town.open({ config: { rateLimits: 'off' }, workerProgram, clock: hasty });
  owner = await town.person('owner');
  place = await guildOn(town, VICTIM, owner);
});

afterAll(() => town[Symbol.asyncDispose]());

function hang(slot: number): void {
  const orders = new BroadcastChannel(HANG);
  orders.postMessage(slot);
  orders.close();
}

/** Null: it was refused, as a client may be that asks while the owner is away. */
async function say(content: string): Promise<APIMessage | null> {
  const draft = { content, nonce: content };
  const path = `/channels/${place.channel}/messages`;
  try {
    return await town.rest<APIMessage>(owner.token, 'POST', path, draft, { base: town.worker(SURVIVOR) });
  } catch (error) {
    if (error instanceof Refused && error.status === 503) return null;
    throw error;
  }
}

/** Resolves when the hung worker's owner is no longer asked: 503 at once, though earlier asks still wait. Whether the worker was still there. */
async function firstRefusal(before: string): Promise<boolean> {
  let wasThere: 'yes' | 'no' | null = null;
  const noted = (message: APIMessage | null): void => {
    if (message === null) wasThere ??= town.worker(VICTIM) === before ? 'yes' : 'no';
  };
  const said = await eventually('what is asked is refused', async () => {
    void say('soon refused').then(noted, () => {});
    const base = town.worker(SURVIVOR);
    // A route that asks no owner sets the pace.
    for (let n = 0; n < 300; n += 1) await (await fetch(`${base}/api/v10/gateway`)).text();
    return wasThere;
  });
  return said === 'yes';
}

test('a worker that hangs is terminated and replaced; what it was asked ends; a session elsewhere misses nothing', async () => {
  const before = town.worker(VICTIM);
  await using here = await town.visit(owner, town.worker(SURVIVOR));
  await using there = await town.visit(owner, before);
  hang(VICTIM);
  const refusal = firstRefusal(before);
  const during = await Promise.all(Array.from({ length: 8 }, (_, n) => say(`said to the hung ${n}`)));
  expect(await refusal).toBe(true);
  await there.closed;
  await eventually('another has its place', () => town.worker(VICTIM) !== before);
  const after = await eventually('its successor writes', () => say('after the hang'));
  await here.dispatch('MESSAGE_CREATE', { id: after.id });
  const heard = here.all<APIMessage>('MESSAGE_CREATE').map(({ id }) => id);
  expect(heard).toEqual([...new Set(heard)]);
  for (const message of during) if (message !== null) expect(heard).toContain(message.id);
  await using back = await town.visit(owner, town.worker(VICTIM));
  const last = await say('to all');
  await back.dispatch('MESSAGE_CREATE', { id: last?.id });
}, 40_000);

test('a worker hangs under load: nothing committed goes unheard, other guilds are not disturbed', async () => {
  const before = town.worker(VICTIM);
  const there = await guildOn(town, SURVIVOR, owner);
  const places = [place, there];
  const old = await Promise.all(places.map(async (it) => new Set(await storedIn(town, owner, it))));
  await using here = await town.visit(owner, town.worker(SURVIVOR));
  const writers = [0, 1, 2, 3].map((n) => {
    return new Writer(town, owner, places[n % 2] as Place, town.worker(SURVIVOR), `load ${n}`);
  });
  await written(writers, 10);
  hang(VICTIM);
  await eventually('another has its place', () => town.worker(VICTIM) !== before, 20_000);
  const sofar = Math.max(...writers.map(({ acknowledged }) => acknowledged.length));
  await written(writers, sofar + 10);
  await Promise.all(writers.map((writer) => writer.stop()));
  for (const [n, it] of places.entries()) {
    const { id } = await town.say(owner, it.channel, 'the end');
    await here.dispatch('MESSAGE_CREATE', { id });
    const stored = (await storedIn(town, owner, it)).filter((one) => !old[n]?.has(one));
    expect(heardIn(here, it)).toEqual(stored);
    const acknowledged = writers.filter((writer) => writer.place === it).flatMap((writer) => writer.acknowledged);
    // The nonce makes one message of all that was asked again.
    expect(stored).toEqual([...acknowledged, id].sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1)));
  }
  expect(writers.flatMap(({ slow }) => slow)).toEqual([]);
  expect(writers.filter((writer) => writer.place === there).flatMap(({ refused }) => refused)).toEqual([]);
  expect(writers.flatMap(({ refused }) => refused).filter((status) => status !== 503)).toEqual([]);
  expect(here.all<{ id: string }>('GUILD_DELETE').filter(({ id }) => id === there.id)).toEqual([]);
}, 60_000);

test('who waits for a successor while the server stops is told', async () => {
  const small = await Town.open();
  const killed = small.killWorker(VICTIM).then(
    () => 'ready',
    (error: Error) => error.message,
  );
  await small[Symbol.asyncDispose]();
  expect(await killed).toBe('the server stops');
});
