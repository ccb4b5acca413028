/** How many sessions a user may have, and which give way. */
import { expect, test } from 'bun:test';
import { RawGateway } from '../support/raw-gateway.ts';
import { PERSON, TinyTown } from '../support/tiny-town.ts';

const person = { token: `person.${PERSON}` };

test('who has as many sessions as he may gets op 9 as long as all have a socket', async () => {
  await using town = new TinyTown({ limits: { sessionsPerUser: 2 } });
  await using first = await RawGateway.login(town.url(), person);
  await using second = await RawGateway.login(town.url(), person);
  await using third = await RawGateway.open(town.url());
  third.send(2, { ...person, properties: {} });
  expect((await third.op(9)).d).toBe(false);
  expect([first.open, second.open]).toEqual([true, true]);
});

test('the session that lost its socket first gives way to a new one', async () => {
  await using town = new TinyTown({ limits: { sessionsPerUser: 2 } });
  const gone = await RawGateway.login(town.url(), person);
  const later = await RawGateway.login(town.url(), person);
  for (const client of [gone, later]) {
    client.terminate();
    await client.closed;
  }
  const gaveWay = () => town.workers[0]?.gateway.measure().gaveWay;
  expect(gaveWay()).toBe(0);
  await using _third = await RawGateway.login(town.url(), person);
  expect(gaveWay()).toBe(1);
  await using late = await RawGateway.resumeOf(town.url(), gone);
  expect((await late.op(9)).d).toBe(false);
  await using resumed = await RawGateway.resumeOf(town.url(), later);
  await resumed.dispatch('RESUMED');
});

test('sessions that moved here beyond the number give way too', async () => {
  await using town = new TinyTown({ workers: 2, limits: { sessionsPerUser: 2 } });
  for (const slot of [0, 1]) {
    for (let n = 0; n < 2; n += 1) {
      const client = await RawGateway.login(town.url(slot), person);
      client.terminate();
      await client.closed;
      if (slot === 0) continue;
      await using moved = await RawGateway.resumeOf(town.url(0), client);
      await moved.dispatch('RESUMED');
    }
  }
  await using _fifth = await RawGateway.login(town.url(0), person);
});
