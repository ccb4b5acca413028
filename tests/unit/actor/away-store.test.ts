/** What is said, to who reads and in the log, while the store is away. */
import { expect, test } from 'bun:test';
import { Fault, REFUSALS } from '../../../src/protocol/errors.ts';
import { volatile } from './fake-owner.ts';
import { FakeWorld, KEY, outcome } from './fake-world.ts';

test('who reads is not told of writes, a fault of the store is one line, and only a bug has a stack', async () => {
  const world = new FakeWorld();
  world.store.state = 'broken';
  world.openError = new Fault('timeout', true, 'no node answers');
  expect(await outcome(world.read())).toBe('refused storeBroken');
  expect(REFUSALS.storeBroken[2]).not.toMatch(/writ/);
  const typing = world.ask(volatile({ name: 'typing' }));
  await world.clock.advance(1000);
  expect(await outcome(typing)).toBe('timeout');
  expect(world.logged[0]).toEqual({ what: 'an actor did not load', owner: KEY, fault: 'timeout: no node answers' });
  world.openError = new TypeError('a bug');
  const spoilt = world.ask(volatile({ name: 'typing' }));
  await world.clock.advance(5000);
  expect(await outcome(spoilt)).not.toStartWith('ok');
  expect(world.logged.at(-1)).toMatchObject({ error: world.openError });
});
