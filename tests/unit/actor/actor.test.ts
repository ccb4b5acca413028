/** The life of an actor: order, one batch at the store, stored then seen, deaths. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Command } from '../../../src/protocol/commands.ts';
import type { Need } from '../../../src/protocol/decision.ts';
import { Fault } from '../../../src/protocol/errors.ts';
import { event, script, volatile } from './fake-owner.ts';
import { FakeWorld, KEY, outcome } from './fake-world.ts';

const need = (id: string): Need => ({ need: 'message', channelId: '1', id });

describe('one batch at the store at a time', () => {
  test('what comes meanwhile gathers into the next batch', async () => {
    const world = new FakeWorld();
    world.store.isManual = true;
    const replies = [world.ask(script({ add: 1 }))];
    await world.clock.settle();
    replies.push(world.ask(script({ add: 1 })), world.ask(script({ add: 1 })));
    await world.clock.settle();
    expect(world.store.waiting.length).toBe(1);
    world.store.step();
    await world.clock.settle();
    expect(world.store.waiting.length).toBe(1);
    world.store.step();
    await world.clock.settle();
    expect(world.store.batches.map((writes) => writes.filter(({ w }) => w === 'putLogin').length)).toEqual([1, 2]);
    expect((await Promise.all(replies.map(outcome))).every((text) => text.startsWith('ok'))).toBe(true);
  });

  test('nothing leaves before the commit, then rows and replies in the order of the decisions', async () => {
    const world = new FakeWorld();
    world.members = ['7'];
    world.attach();
    await world.clock.settle();
    world.store.isManual = true;
    world.said.length = 0;
    const first = world.ask(script({ rows: [event('g:1')] }));
    const second = world.ask(volatile({ rows: [event('g:1', 'TYPING', { isVolatile: true })] }));
    await world.clock.settle();
    expect(world.said).toEqual([]);
    expect(await outcome(first)).toBe('pending');
    world.store.step();
    await world.clock.settle();
    expect(world.said).toEqual(['event', 'reply', 'event', 'reply']);
    expect(await outcome(second)).toStartWith('ok');
    expect(world.relays.slice(-2).map(({ n }) => n)).toEqual([2, 3]);
  });

  test('rows say that more follows within a commit when a command that writes waits; for a volatile one nobody is to wait', async () => {
    const world = new FakeWorld();
    world.members = ['7'];
    world.attach();
    await world.clock.settle();
    world.store.isManual = true;
    const row = () => script({ add: 1, rows: [event('g:1')] });
    const asked = [world.ask(row())];
    await world.clock.settle();
    asked.push(world.ask(row()), world.ask(row()));
    await world.clock.settle();
    world.store.step();
    await world.clock.settle();
    asked.push(world.ask(volatile({})));
    world.store.step();
    await world.clock.settle();
    const rows = world.relays.filter(({ entry }) => entry.kind === 'event');
    expect(rows.map(({ followed }) => followed ?? false)).toEqual([true, false, false]);
    expect((await Promise.all(asked.map(outcome))).every((text) => text.startsWith('ok'))).toBe(true);
  });

  test('a read waits for the batch at the store, not for the mailbox', async () => {
    const world = new FakeWorld();
    expect(await outcome(world.read())).toBe('ok 0');
    world.store.isManual = true;
    const asked = world.ask(script({ add: 5 }));
    await world.clock.settle();
    const read = world.read();
    const late = world.ask(script({ add: 1 }));
    expect(await outcome(read)).toBe('pending');
    world.store.step();
    await world.clock.settle();
    expect(await outcome(read)).toBe('ok 5');
    expect(await outcome(late)).toBe('pending');
    expect(await outcome(asked)).toStartWith('ok');
  });

  test('a question that is a bug faults its reader and nobody else', async () => {
    const world = new FakeWorld();
    expect(await outcome(world.read('guildPreview'))).toBe('lost');
    expect(await outcome(world.read())).toBe('ok 0');
    expect(world.announced).toEqual([1]);
  });

  test('the order of the mailbox is the order of the decisions, whatever loads when', async () => {
    const rounds = fc.array(fc.record({ hasNeed: fc.boolean(), loadedAt: fc.nat(5) }), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(rounds, async (steps) => {
        const world = new FakeWorld({ batchCommands: 4 });
        world.loadNeed = ({ id }: Need & { id?: string }) =>
          new Promise((resolve) => world.clock.after(steps[Number(id)]?.loadedAt ?? 0, () => resolve(null)));
        const replies = steps.map(({ hasNeed }, i) =>
          world.ask(script({ name: String(i), add: 1, needs: hasNeed ? [need(String(i))] : [] })),
        );
        await world.clock.advance(10);
        await Promise.all(replies);
        expect(world.behaviors[0]?.log).toEqual(steps.map((_, i) => String(i)));
      }),
      { numRuns: 60 },
    );
  });
});

describe('needs', () => {
  test('a need that cannot be loaded fails its command alone and is forsaken', async () => {
    const world = new FakeWorld();
    world.loadNeed = async () => {
      throw new Fault('unavailable', false, 'no');
    };
    const bad = world.ask(script({ add: 1, needs: [need('1')] }));
    const good = world.ask(script({ add: 1 }));
    await world.clock.settle();
    expect(await outcome(bad)).toBe('unavailable');
    expect(await outcome(good)).toStartWith('ok');
    expect(world.behaviors[0]?.forsaken).toEqual([need('1')]);
  });

  test('a load that never ends is a timeout', async () => {
    const world = new FakeWorld();
    world.loadNeed = () => new Promise(() => {});
    const stuck = world.ask(script({ needs: [need('1')] }), { deadline: world.clock.now() + 60_000 });
    await world.clock.advance(world.limits.readMs + 1);
    expect(await outcome(stuck)).toBe('timeout');
  });
});

describe('deaths', () => {
  test('a failed commit discards the actor: all callers get a fault, the next load knows nothing of it', async () => {
    const world = new FakeWorld();
    await world.clock.settle();
    world.store.isManual = true;
    const first = world.ask(script({ add: 3 }));
    await world.clock.settle();
    const second = world.ask(script({ add: 4 }));
    world.store.waiting.shift()?.fail(new Fault('broken', false, 'disk'));
    await world.clock.settle();
    expect(await outcome(first)).toBe('broken');
    expect(await outcome(second)).toBe('lost');
    world.store.isManual = false;
    const third = world.ask(script({ add: 1 }));
    expect(await outcome(third)).toBe('pending');
    await world.clock.advance(world.limits.reloadMinMs);
    expect(await outcome(third)).toContain('"total":1');
    expect(world.announced).toEqual([1, 2]);
  });

  test('crash between commit and effects: the same command id gets the same answer, and is done once', async () => {
    const world = new FakeWorld();
    world.store.isManual = true;
    const first = world.ask(script({ name: 'once', add: 2 }), { commandId: 'id' });
    await world.clock.settle();
    world.store.step();
    world.actors.close();
    const next = new FakeWorld();
    for (const [key, kept] of world.store.kept) next.store.kept.set(key, kept);
    const again = next.ask(script({ name: 'once', add: 2 }), { commandId: 'id', again: true });
    const other = next.ask(script({ name: 'other', add: 1 }), { commandId: 'other', again: true });
    await next.clock.settle();
    expect(await outcome(first)).toBe('lost');
    expect(await outcome(again)).toContain('"total":2');
    expect(await outcome(other)).toContain('"total":3');
    expect(next.behaviors[0]?.log).toEqual(['other']);
  });

  test('a bug in decide kills the actor; its own caller shall not ask again, the others may; three make a quarantine', async () => {
    const world = new FakeWorld();
    for (let i = 0; i < 3; i += 1) {
      const good = world.ask(script({ add: 1 }));
      const bad = world.ask(script({ name: 'b', throws: true }));
      await world.clock.advance(world.limits.reloadMaxMs);
      expect(await bad.catch((error: Fault) => error.retryable)).toBe(false);
      expect(await good.catch((error: Fault) => error.retryable)).toBe(true);
    }
    expect(world.store.batches).toEqual([]);
    expect(await outcome(world.ask(script({ add: 1 })))).toBe('quarantined');
    await world.clock.advance(world.limits.quarantineMs);
    const after = world.ask(script({ add: 1 }));
    await world.clock.advance(world.limits.reloadMaxMs);
    expect(await outcome(after)).toContain('"total":1');
  });

  test('a load that fails faults who waits, but an attach is kept and answered later', async () => {
    const world = new FakeWorld();
    world.members = ['7'];
    world.openError = new Fault('unavailable', true, 'no store');
    const asked = world.ask(script({ add: 1 }));
    world.attach();
    await world.clock.settle();
    expect(await outcome(asked)).toBe('unavailable');
    world.openError = null;
    await world.clock.advance(world.limits.reloadMaxMs);
    expect(world.said).toEqual(['placed 1', 'answer']);
  });

  test('sessions that were interested have their owner loaded again', async () => {
    const world = new FakeWorld();
    world.members = ['7'];
    world.attach();
    await world.clock.settle();
    world.ask(script({ throws: true })).catch(() => {});
    await world.clock.advance(world.limits.reloadMinMs);
    expect(world.announced).toEqual([1, 2]);
  });
});

describe('an owner with too much to do', () => {
  /** One whose batch stays at the store, with so many commands behind it. */
  async function strained(waiting: number) {
    const world = new FakeWorld({ strainMailbox: 2, strainWaitMs: 1000, calmMs: 100 });
    world.store.isManual = true;
    const asked = [world.ask(script({ add: 1 }))];
    await world.clock.settle();
    // Asked again, none of them is shed.
    for (let n = 0; n < waiting; n += 1) asked.push(world.ask(script({ add: 1 }), { again: true }));
    const drain = async (): Promise<void> => {
      world.store.isManual = false;
      world.store.step();
      await world.clock.settle();
    };
    const message = { kind: 'createMessage', add: 1 } as never;
    const ask = async () => Promise.all([volatile({}), script({ add: 1 }), message].map((one) => now(world, one)));
    return { world, asked, drain, ask };
  }

  const now = async (world: FakeWorld, command: Command): Promise<string> => outcome(world.ask(command));

  test.each([
    [1, ['pending', 'pending', 'pending']],
    [2, ['shed', 'pending', 'pending']],
    [8, ['shed', 'shed', 'pending']],
    [32, ['shed', 'shed', 'shed']],
  ])('with %i in its mailbox gives up typing, what is ordinary, messages: %j', async (waiting, ends) => {
    const { ask } = await strained(waiting);
    expect(await ask()).toEqual(ends);
  });

  test('sheds also by how long its first one waits', async () => {
    const { world, ask } = await strained(1);
    await world.clock.advance(4000);
    expect(await ask()).toEqual(['shed', 'shed', 'pending']);
  });

  test('decides what it is asked again: it may be stored, and must not be said not to have begun', async () => {
    const { world, asked, drain } = await strained(40);
    const again = world.ask(script({ add: 1 }), { again: true });
    await drain();
    expect(await outcome(again)).toStartWith('ok');
    expect((await Promise.all(asked.map(outcome))).every((text) => text.startsWith('ok'))).toBe(true);
  });

  test('takes everything again when it was left alone for long, and says no to nobody first', async () => {
    const { world, ask, drain } = await strained(40);
    expect(await ask()).toEqual(['shed', 'shed', 'shed']);
    await drain();
    await world.clock.advance(60_000);
    const ends = (await ask()).map((text) => text.split(' ')[0]);
    expect(ends).not.toContain('shed');
  });
});

describe('bounds', () => {
  test('a full mailbox refuses commands early and still takes attaches', async () => {
    const world = new FakeWorld({ mailboxCommands: 2 });
    const asked = [1, 2, 3].map(() => world.ask(script({ add: 1 })));
    world.attach();
    expect(await outcome(asked[2]!)).toBe('overloaded');
    await world.clock.settle();
    expect((await Promise.all(asked.slice(0, 2).map(outcome))).every((text) => text.startsWith('ok'))).toBe(true);
    expect(world.said).toContain('answer');
  });

  test('a store that takes no writes refuses commands before they are decided; volatile ones go on', async () => {
    const world = new FakeWorld();
    const cases = [
      ['full', 'storeFull'],
      ['broken', 'storeBroken'],
      ['closed', 'storeBroken'],
    ] as const;
    for (const [state, refusal] of cases) {
      world.store.state = state;
      const [write, typing] = [world.ask(script({ add: 1 })), world.ask(volatile({ name: 'typing' }))];
      await world.clock.settle();
      expect(await outcome(write)).toBe(`refused ${refusal}`);
      expect(await outcome(typing)).toStartWith('ok');
    }
    expect(world.behaviors[0]?.log).toEqual(['typing', 'typing', 'typing']);
  });

  test('a store that is away refuses commands and questions at once, also of an owner that could not be loaded: they do not pile up before it', async () => {
    const world = new FakeWorld();
    world.store.state = 'broken';
    world.openError = new Fault('timeout', true, 'no node answers');
    for (let n = 0; n < 3; n += 1) {
      const typing = world.ask(volatile({ name: 'typing' }));
      expect(await outcome(world.ask(script({ add: 1 })))).toBe('refused storeBroken');
      await world.clock.advance(1000);
      expect(await outcome(typing)).toBe('timeout');
    }
    // So are questions; a store that is only full has room for a load.
    expect(await outcome(world.read())).toBe('refused storeBroken');
    world.store.state = 'full';
    world.openError = null;
    const loading = world.read();
    await world.clock.advance(5000);
    world.store.state = 'broken';
    for (const read of [loading, world.read()]) expect(await outcome(read)).toBe('ok 0');
  });

  test('a command that is asked again waits for the load, also while the store is away: it may be stored', async () => {
    const world = new FakeWorld();
    world.store.state = 'broken';
    const again = world.ask(script({ add: 1 }), { again: true });
    world.store.state = 'open';
    await world.clock.advance(5000);
    expect(await outcome(again)).toStartWith('ok');
  });

  test('a command that waited past its deadline is not decided', async () => {
    const world = new FakeWorld();
    world.loadNeed = () => new Promise((resolve) => world.clock.after(100, () => resolve(null)));
    const slow = world.ask(script({ needs: [need('1')] }));
    const late = world.ask(script({ name: 'late' }), { deadline: world.clock.now() + 50 });
    await world.clock.advance(200);
    expect(await outcome(slow)).toStartWith('ok');
    expect(await outcome(late)).toBe('timeout');
    expect(world.behaviors[0]?.log).not.toContain('late');
  });

  test('who is idle leaves memory, who has an interested session stays', async () => {
    const world = new FakeWorld();
    world.members = ['7'];
    await Promise.all([world.clock.settle(), world.ask(script({ add: 1 }), { key: 'g:2' })]);
    world.attach();
    await world.clock.advance(world.limits.actorIdleMs * 2);
    expect(world.actors.size).toBe(1);
    world.actors.interest(KEY, { kind: 'forget', session: '0.1.1.x', hop: 0 });
    await world.clock.advance(world.limits.actorIdleMs * 2);
    expect(world.actors.size).toBe(0);
    expect(world.clock.timers).toBe(0);
  });

  test('a load whose numbers are used up is followed by another, and nobody in the mailbox is lost', async () => {
    const world = new FakeWorld({ rowsPerEpoch: 3, batchCommands: 2 });
    const asked = Array.from({ length: 9 }, () => world.ask(script({ add: 1, rows: [event('g:1')] })));
    await world.clock.settle();
    expect(await Promise.all(asked.map(outcome))).toSatisfy((all: string[]) =>
      all.every((one) => one.startsWith('ok')),
    );
    expect(world.announced.length).toBeGreaterThan(1);
    expect(world.store.of(KEY).total).toBe(9);
  });

  test('an attach that finds no room is said to be refused, so that its session asks again', async () => {
    const world = new FakeWorld({ mailboxOwed: 1 });
    world.members = ['7'];
    world.attach({ session: 'a' });
    world.attach({ session: 'b' });
    await world.clock.settle();
    expect(world.refusedInterest).toMatchObject([{ kind: 'attach', ask: { session: 'b' } }]);
    expect(world.said).toEqual(['placed 1', 'answer']);
  });

  test('quiet when all is decided and stored, and says so when it is not in time', async () => {
    const world = new FakeWorld();
    world.store.isManual = true;
    const asked = world.ask(script({ add: 1 }));
    await world.clock.settle();
    const late = world.actors.quiet(100);
    await world.clock.advance(200);
    expect(await late).toBe(false);
    const quiet = world.actors.quiet(1000);
    world.store.step();
    await world.clock.advance(100);
    expect(await quiet).toBe(true);
    expect(await outcome(asked)).toStartWith('ok');
  });

  test('too many unconfirmed tells refuse the commands that may make more', async () => {
    const world = new FakeWorld({ unconfirmedTells: 1 });
    const tells = [{ to: 'u:1', command: script({}), durable: true }] as const;
    const first = world.ask(script({ tells }));
    await world.clock.settle();
    const [second, typing] = [world.ask(script({ tells })), world.ask(volatile({}))];
    await world.clock.settle();
    expect([await outcome(second), await outcome(typing)]).toEqual(['overloaded', expect.stringContaining('ok')]);
    expect(await outcome(first)).toStartWith('ok');
    world.actors.confirm(KEY, 'u:1', world.tells[0]?.seq ?? 0);
    const third = world.ask(script({ tells }));
    await world.clock.settle();
    expect(await outcome(third)).toStartWith('ok');
  });
});
