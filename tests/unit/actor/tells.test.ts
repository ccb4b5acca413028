/** Tells in a mailbox: their place among all else, what they hold, and what becomes of them when they find no room or no owner. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Command } from '../../../src/protocol/commands.ts';
import type { Need } from '../../../src/protocol/decision.ts';
import { event, type Script, script, volatile } from './fake-owner.ts';
import { FakeWorld, KEY, outcome } from './fake-world.ts';

const tell = (world: FakeWorld, command: Command, seq: number | null = null): void =>
  world.actors.tell(KEY, command, seq === null ? null : 'u:1', seq);

/** What the first load is asked to name, and what lists it gave: a list of its own each time. */
function watched(world: FakeWorld) {
  const behavior = world.behaviors[0]!;
  const asked: string[] = [];
  const given = new Map<string, (readonly Need[])[]>();
  behavior.needs = (command) => {
    const { name = '', needs = [] } = command as unknown as Script;
    asked.push(name);
    const list = [...needs];
    given.set(name, [...(given.get(name) ?? []), list]);
    return list;
  };
  return { behavior, asked, given };
}

test('tells are decided where they came among asks and attaches, whether they may be lost, need something, or come before the load', async () => {
  const kinds = ['plain', 'needy', 'durable', 'ask', 'attach', 'turn'] as const;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...kinds), { maxLength: 30, size: 'max' }), async (steps) => {
      const world = new FakeWorld({ batchCommands: 4 });
      world.members = ['7'];
      world.loadNeed = () => new Promise((resolve) => world.clock.after(3, () => resolve(null)));
      const order: string[] = [];
      for (const [index, kind] of steps.entries()) {
        const name = String(index);
        if (kind === 'attach') world.attach({ session: name });
        else if (kind === 'turn') await world.clock.advance(1);
        else {
          order.push(name);
          if (kind === 'ask') world.ask(script({ name, add: 1 })).catch(() => {});
          else
            tell(
              world,
              script({ name, needs: kind === 'needy' ? [{ need: 'message', channelId: '1', id: name }] : [] }),
              kind === 'durable' ? index : null,
            );
        }
      }
      await world.clock.advance(100);
      expect(world.behaviors[0]?.log ?? []).toEqual(order);
      const count = (what: string): number => steps.filter((kind) => kind === what).length;
      expect([world.confirms.length, world.behaviors[0]?.supplied.length ?? 0]).toEqual([
        count('durable'),
        count('needy'),
      ]);
      expect(await world.actors.quiet(0)).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test('tells to a full mailbox are dropped and said, and what is asked for them is not asked', async () => {
  const world = new FakeWorld({ mailboxCommands: 2 });
  world.store.isManual = true;
  const first = world.ask(script({ add: 1 }));
  await world.clock.settle();
  const { behavior, asked } = watched(world);
  for (const name of ['a', 'b', 'c']) tell(world, script({ name }));
  expect([asked, world.logged.map(({ what }) => what)]).toEqual([['a', 'b'], ['a tell is dropped']]);
  world.store.step();
  await world.clock.settle();
  expect([behavior.log.slice(1), await outcome(first)]).toEqual([['a', 'b'], expect.stringContaining('ok')]);
});

test('tells that cannot be decided give back what the behavior holds for them', async () => {
  const world = new FakeWorld();
  await outcome(world.ask(script({})));
  await world.clock.settle();
  const { behavior, given } = watched(world);
  tell(world, script({ name: 'a' }));
  world.store.state = 'full';
  await world.clock.settle();
  expect([behavior.log, given.get('a')?.length]).toEqual([[''], 2]);
  expect(behavior.returned.length).toBe(1);
  expect(behavior.returned[0]).toBe(given.get('a')!.at(-1)!);
});

test('tells wait for the next load when the numbers of one are used up, and are lost with one that died', async () => {
  const world = new FakeWorld({ rowsPerEpoch: 1 });
  world.store.isManual = true;
  world.ask(script({ rows: [event('g:1')], add: 1 })).catch(() => {});
  await world.clock.settle();
  tell(world, script({ name: 'kept' }));
  world.store.isManual = false;
  world.store.step();
  await world.clock.advance(world.limits.reloadMaxMs);
  expect([world.announced, world.behaviors.at(-1)?.log]).toEqual([[1, 2], ['kept']]);
  tell(world, script({ throws: true }));
  tell(world, script({ name: 'lost' }));
  await world.clock.advance(world.limits.reloadMaxMs);
  await outcome(world.ask(script({ name: 'later' })));
  await world.clock.advance(world.limits.reloadMaxMs);
  expect(world.behaviors.map(({ log }) => log).slice(1)).toEqual([['kept'], ['later']]);
});

test('a tell of which the behavior cannot say what it needs kills the actor', async () => {
  const world = new FakeWorld();
  await outcome(world.ask(script({})));
  world.behaviors[0]!.needs = () => {
    throw new Error('a bug');
  };
  tell(world, script({}));
  expect(world.logged).toMatchObject([{ what: 'an actor died', cause: 'bug' }]);
  expect(world.actors.size).toBe(0);
});

test('tells count for how long the first one waits', async () => {
  const world = new FakeWorld({ strainWaitMs: 1000, strainMailbox: 100 });
  world.store.isManual = true;
  world.ask(script({ add: 1 })).catch(() => {});
  await world.clock.settle();
  tell(world, script({}));
  await world.clock.advance(900);
  tell(world, script({}));
  expect(await outcome(world.ask(volatile({})))).toBe('pending');
  await world.clock.advance(200);
  expect(await outcome(world.ask(volatile({})))).toBe('shed');
});
