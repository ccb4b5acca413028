import { expect, test } from 'bun:test';
import { script, volatile } from './fake-owner.ts';
import { FakeWorld, outcome } from './fake-world.ts';

test.each(['stuck', 'broken'] as const)('whom a %s store has swallowed a batch of refuses at once', async (state) => {
  const world = new FakeWorld();
  world.ask(script({ add: 1 }));
  await world.clock.settle();
  world.store.isManual = true;
  const first = world.ask(script({ add: 1 }));
  await world.clock.settle();
  world.store.state = state;
  const [later, typing, read] = [world.ask(script({ add: 1 })), world.ask(volatile({ name: 'typing' })), world.read()];
  expect(await Promise.all([later, typing, read].map(outcome))).toEqual([state, state, state]);
  world.store.state = 'open';
  world.store.step();
  await world.clock.settle();
  expect(await outcome(first)).toStartWith('ok');
});
