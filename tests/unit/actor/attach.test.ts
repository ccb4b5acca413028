/** Attach and relay at the owner: when a snapshot comes, who hears what, how it is counted. */
import { describe, expect, test } from 'bun:test';
import type { RowDraft } from '../../../src/protocol/decision.ts';
import { type AnswerEntry, epochOf, type RelayEntry, seqOf } from '../../../src/protocol/envelope.ts';
import { Fault } from '../../../src/protocol/errors.ts';
import { event, script } from './fake-owner.ts';
import { FakeWorld, KEY } from './fake-world.ts';

const A = { session: 'a', user: '7', worker: '0.1' } as const;
const B = { session: 'b', user: '8', worker: '1.1' } as const;
const C = { session: 'c', user: '7', worker: '1.1' } as const;

async function attached(limits: Partial<FakeWorld['limits']> = {}): Promise<FakeWorld> {
  const world = new FakeWorld(limits);
  world.members = ['7', '8'];
  for (const who of [A, B, C]) world.attach(who);
  await world.clock.settle();
  return world;
}

const heard = (world: FakeWorld, to: string): RelayEntry[] =>
  world.relays.filter((one) => one.to === to).map(({ entry }) => entry);
const lastAnswer = (world: FakeWorld): AnswerEntry => {
  const entry = world.relays.at(-1)?.entry;
  if (entry?.kind !== 'answer') throw new Error(`the last entry is ${entry?.kind}`);
  return entry;
};

async function row(world: FakeWorld, ...rows: RowDraft[]): Promise<void> {
  const asked = world.ask(script({ rows }));
  await world.clock.settle();
  await asked;
}

const moves = (gained: string[], lost: string[]): RowDraft => ({
  kind: 'visibility',
  channel: '10',
  from: 'c:10',
  to: 'c:10',
  gained,
  lost,
  created: '"+"',
  deleted: '"-"',
});

/** A bug ends the load, and the next one is there. */
async function reload(world: FakeWorld): Promise<void> {
  world.ask(script({ throws: true })).catch(() => {});
  await world.clock.advance(world.limits.reloadMinMs);
}

describe('the relay', () => {
  test('one entry per worker and row, counted per worker; a session topic goes to its worker alone', async () => {
    const world = await attached();
    await row(world, event('g:1'), event('s:b'), event('s:nobody'), event('g:1'));
    const counts = (to: string) => world.relays.filter((one) => one.to === to).map(({ n }) => n);
    expect(counts('0.1')).toEqual([1, 2, 3]);
    expect(counts('1.1')).toEqual([1, 2, 3, 4, 5]);
    expect(world.relays.slice(-5).map(({ to, seq }) => [to, seq])).toEqual([
      ['0.1', seqOf(1, 1)],
      ['1.1', seqOf(1, 1)],
      ['1.1', seqOf(1, 2)],
      ['0.1', seqOf(1, 4)],
      ['1.1', seqOf(1, 4)],
    ]);
  });

  test('moves name each worker its own sessions, and every worker hears of them', async () => {
    const world = await attached();
    await row(world, moves(['7'], ['8']), moves([], []));
    const lists = (to: string) =>
      heard(world, to).flatMap((entry) => (entry.kind === 'moves' ? [[entry.gained, entry.lost]] : []));
    expect(lists('0.1')).toEqual([
      [['a'], []],
      [[], []],
    ]);
    expect(lists('1.1')).toEqual([
      [['c'], ['b']],
      [[], []],
    ]);
    const entry = heard(world, '0.1').find(({ kind }) => kind === 'moves');
    expect(entry).toMatchObject({
      channel: '10',
      created: { t: 'CHANNEL_CREATE', d: '"+"' },
      deleted: { t: 'CHANNEL_DELETE', d: '"-"' },
    });
  });

  test('who left is told once per worker, and hears nothing after', async () => {
    const world = await attached();
    await row(world, { kind: 'leave', user: '7' }, event('g:1'));
    expect(heard(world, '0.1').slice(1)).toEqual([{ kind: 'leave', sessions: ['a'] }]);
    expect(heard(world, '1.1').slice(2)).toMatchObject([{ kind: 'leave', sessions: ['c'] }, { kind: 'event' }]);
  });

  test('all his sessions at a worker are named by one entry: half of a row is never heard', async () => {
    const world = await attached();
    world.attach({ ...A, session: 'd' });
    await world.clock.settle();
    await row(world, { kind: 'leave', user: '7' });
    expect(heard(world, '0.1').slice(2)).toEqual([{ kind: 'leave', sessions: ['a', 'd'] }]);
  });

  test('a dead worker is not told, and its sessions are nobody', async () => {
    const world = await attached();
    world.actors.dropWorker('1.1');
    await row(world, event('g:1'));
    expect(heard(world, '1.1').length).toBe(2);
    expect(heard(world, '0.1').length).toBe(2);
  });
});

describe("a worker's death", () => {
  test('costs an owner nothing whom nobody hears: there may be a million of them', async () => {
    const world = new FakeWorld();
    const asked = world.ask(script({ add: 1 }));
    await world.clock.settle();
    await asked;
    world.actors.dropWorker('1.1');
    expect([world.actors.size, world.actors.isQuiet]).toEqual([1, true]);
  });

  test('ends also an attach that waits for the load, and one whose batch is at the store', async () => {
    const world = new FakeWorld();
    world.members = ['7', '8'];
    world.attach(B);
    world.actors.dropWorker('1.1');
    await world.clock.settle();
    expect(world.actors.interested).toBe(0);
    world.store.isManual = true;
    const asked = world.ask(script({ add: 1 }));
    await world.clock.settle();
    world.attach(C);
    world.actors.dropWorker('1.1');
    world.store.step();
    await world.clock.settle();
    expect([await asked, world.actors.interested]).toEqual([expect.anything(), 0]);
  });
});

describe('attach', () => {
  test('a first attach gets a snapshot and topics; with everything held only what was missed', async () => {
    const world = await attached();
    expect(lastAnswer(world)).toMatchObject({
      missed: [],
      create: { t: 'GUILD_CREATE' },
      topics: ['g:1'],
      guilds: null,
    });
    const since = world.relays.at(-1)?.seq ?? 0;
    await row(world, event('g:1', 'ONE'), event('c:10', 'HIDDEN'));
    world.attach({ ...A, ask: 2, since, held: { topics: ['g:1'], mask: 0x7fff_ffff } });
    await world.clock.settle();
    expect(lastAnswer(world)).toMatchObject({ ask: 2, create: null, missed: [{ t: 'ONE' }] });
  });

  test('another mask, an older epoch or a re-join bring a snapshot after the missed rows', async () => {
    const world = await attached();
    const since = world.relays.at(-1)?.seq ?? 0;
    const held = { topics: ['g:1'], mask: 0x7fff_ffff };
    world.attach({ ...A, mask: 1, since, held });
    await world.clock.settle();
    expect(lastAnswer(world)).toMatchObject({ mask: 1, missed: [], create: { t: 'GUILD_CREATE' } });
    await row(world, { kind: 'leave', user: '7' }, { kind: 'join', user: '7' }, event('g:1', 'AGAIN'));
    world.attach({ ...A, since, held });
    await world.clock.settle();
    expect(lastAnswer(world)).toMatchObject({ missed: [{ t: 'GUILD_DELETE' }], create: { t: 'GUILD_CREATE' } });
    const before = world.relays.at(-1)?.seq ?? 0;
    await reload(world);
    world.attach({ ...A, since: before, held });
    await world.clock.advance(world.limits.takeOverMs);
    expect(epochOf(world.relays.at(-1)?.seq ?? 0)).toBe(2);
    expect(lastAnswer(world)).toMatchObject({ missed: [], create: { t: 'GUILD_CREATE' } });
  });

  test('rows that were stored and never relayed come from the journal of the next load', async () => {
    const world = await attached();
    const since = world.relays.at(-1)?.seq ?? 0;
    world.store.isManual = true;
    world
      .ask(script({ add: 1, rows: [event('g:1', 'STORED'), event('g:1', 'VOLATILE', { isVolatile: true })] }))
      .catch(() => {});
    await world.clock.settle();
    world.store.step();
    world.store.isManual = false;
    world.actors.close();
    const next = new FakeWorld();
    next.members = ['7'];
    next.store.epochs = world.store.epochs;
    for (const [key, kept] of world.store.kept) next.store.kept.set(key, kept);
    next.attach({ ...A, since, held: { topics: ['g:1'], mask: 0x7fff_ffff } });
    await next.clock.settle();
    expect(lastAnswer(next)).toMatchObject({ missed: [{ t: 'STORED' }], create: { t: 'GUILD_CREATE' } });
  });

  test('who is no member gets what he missed and no topics, and is not interested', async () => {
    const world = await attached();
    const since = world.relays.at(-1)?.seq ?? 0;
    await row(world, event('g:1', 'LAST'), { kind: 'leave', user: '8' });
    world.attach({ ...B, since, held: { topics: ['g:1'], mask: 1 } });
    await world.clock.settle();
    expect(lastAnswer(world)).toMatchObject({
      missed: [{ t: 'LAST' }, { t: 'GUILD_DELETE' }],
      create: null,
      topics: [],
    });
    world.attach({ session: 'x', user: '99', worker: '2.1' });
    await world.clock.settle();
    await row(world, event('g:1'));
    expect(heard(world, '2.1').length).toBe(1);
  });

  test('rows that are forgotten make no snapshot: the session cannot go on', async () => {
    const world = new FakeWorld({ ringRows: 2 });
    world.members = ['7'];
    world.attach(A);
    await world.clock.settle();
    const since = world.relays.at(-1)?.seq ?? 0;
    await row(world, event('g:1'), event('g:1'), event('g:1'));
    world.attach({ ...A, since, held: { topics: ['g:1'], mask: 0x7fff_ffff } });
    await world.clock.settle();
    expect(lastAnswer(world)).toMatchObject({ missed: null, create: null });
  });

  test('an ask or a forget of an earlier residence changes nothing', async () => {
    const world = await attached();
    world.attach({ ...A, worker: '1.1', hop: 1 });
    await world.clock.settle();
    const before = world.relays.length;
    world.attach({ ...A, hop: 0 });
    world.actors.interest(KEY, { kind: 'forget', session: 'a', hop: 0 });
    await world.clock.settle();
    expect(world.relays.length).toBe(before);
    await row(world, event('s:a'));
    expect(world.relays.at(-1)?.to).toBe('1.1');
  });

  test('the answer shows what its batch decided, after its commit', async () => {
    const world = await attached();
    world.store.isManual = true;
    const since = world.relays.at(-1)?.seq ?? 0;
    const asked = world.ask(script({ add: 4, rows: [event('g:1', 'NEW')] }));
    world.attach({ ...A, since, held: { topics: ['g:1'], mask: 1 } });
    await world.clock.settle();
    expect(world.relays.length).toBe(3);
    world.store.step();
    await world.clock.settle();
    await asked;
    expect(world.relays.slice(3).map(({ entry }) => entry.kind)).toEqual(['event', 'event', 'answer']);
    expect(lastAnswer(world)).toMatchObject({ missed: [{ t: 'NEW' }], create: { d: '{"total":4}' } });
  });
});

describe('a load whose sessions knew an earlier one', () => {
  const held = { topics: ['g:1'], mask: 0x7fff_ffff };
  const asked = (world: FakeWorld, worker: string, epoch = 2): void =>
    world.actors.interest(KEY, { kind: 'asked', worker, epoch });
  const answered = (world: FakeWorld): string[] =>
    world.relays.flatMap(({ epoch, entry }) => (epoch > 1 && entry.kind === 'answer' ? [entry.session] : []));

  async function takenOver(limits: Partial<FakeWorld['limits']> = {}): Promise<FakeWorld> {
    const world = await attached(limits);
    await reload(world);
    return world;
  }

  test('answers nobody before all workers of those sessions have said that theirs have asked', async () => {
    const world = await takenOver();
    expect(world.said).toContain('takes over 2');
    for (const who of [A, B, C]) world.attach({ ...who, ask: 2, since: seqOf(1, 0), held });
    asked(world, '0.1');
    asked(world, '1.1', 1);
    await world.clock.settle();
    expect(answered(world)).toEqual([]);
    expect(world.actors.isQuiet).toBe(false);
    asked(world, '1.1');
    await world.clock.settle();
    expect(answered(world)).toEqual(['a', 'b', 'c']);
    expect(world.actors.isQuiet).toBe(true);
    // From here on it is an owner like any other.
    world.attach({ ...A, session: 'd' });
    await world.clock.settle();
    expect(answered(world)).toEqual(['a', 'b', 'c', 'd']);
  });

  test('decides commands meanwhile: who waits gets their rows with his answer, once', async () => {
    const world = await takenOver();
    for (const ask of [2, 3]) world.attach({ ...A, ask, since: seqOf(1, 0), held });
    await row(world, event('g:1', 'MEANWHILE'));
    for (const worker of ['0.1', '1.1']) asked(world, worker);
    await world.clock.settle();
    expect(answered(world)).toEqual(['a']);
    expect(lastAnswer(world)).toMatchObject({ ask: 3, missed: [{ t: 'MEANWHILE' }], create: { t: 'GUILD_CREATE' } });
  });

  test('waits a second, and not for the dead', async () => {
    const late = await takenOver();
    late.attach({ ...A, since: seqOf(1, 0), held });
    await late.clock.advance(late.limits.takeOverMs - 1);
    expect(answered(late)).toEqual([]);
    await late.clock.advance(1);
    expect(answered(late)).toEqual(['a']);

    const bereft = await takenOver();
    for (const who of [A, B]) bereft.attach({ ...who, since: seqOf(1, 0), held });
    asked(bereft, '0.1');
    bereft.actors.dropWorker('1.1');
    await bereft.clock.settle();
    expect(answered(bereft)).toEqual(['a']);
    expect(bereft.actors.interested).toBe(1);
  });

  test('does not wait for a worker that died before it was there', async () => {
    const world = await attached();
    world.ask(script({ throws: true })).catch(() => {});
    await world.clock.settle();
    world.living = ['0.1'];
    world.actors.dropWorker('1.1');
    await world.clock.advance(world.limits.reloadMinMs);
    world.attach({ ...A, since: seqOf(1, 0), held });
    asked(world, '0.1');
    await world.clock.settle();
    expect(answered(world)).toEqual(['a']);
  });

  test('has nobody who is over by then, also when that is heard in front of his turn', async () => {
    const world = await takenOver({ batchCommands: 8 });
    for (const who of [A, B, C]) world.attach({ ...who, since: seqOf(1, 0), held });
    await world.clock.settle();
    world.actors.interest(KEY, { kind: 'forget', session: 'a', hop: 0 });
    for (const worker of ['0.1', '1.1']) asked(world, worker);
    world.actors.interest(KEY, { kind: 'forget', session: 'b', hop: 0 });
    await world.clock.settle();
    expect(answered(world)).toEqual(['c']);
    expect(world.actors.interested).toBe(1);
  });

  test('that cannot be loaded at first hands on who is waited for', async () => {
    const world = await attached();
    world.openError = new Fault('unavailable', true, 'the store is away');
    await reload(world);
    await world.clock.advance(world.limits.reloadMaxMs);
    world.openError = null;
    await world.clock.advance(world.limits.reloadMaxMs * 2);
    expect(world.said.filter((said) => / [2-9]$/.test(said)).slice(0, 1)).toEqual(['takes over 2']);
  });

  test('that dies before it has answered has the next one wait in its place', async () => {
    const world = await takenOver();
    world.attach({ ...A, since: seqOf(1, 0), held });
    await reload(world);
    await world.clock.advance(world.limits.reloadMaxMs);
    expect(world.said.filter((said) => said.startsWith('takes over'))).toEqual(['takes over 2', 'takes over 3']);
  });

  test('is answered in turns: a crowd does not hold the loop', async () => {
    const world = await attached();
    world.members = Array.from({ length: 100 }, (_, i) => String(i));
    await reload(world);
    for (const user of world.members) world.attach({ session: `s${user}`, user, worker: '0.1' });
    for (const worker of ['0.1', '1.1']) asked(world, worker);
    const sizes: number[] = [];
    const turns = world.actors.world.clock.defer;
    let before = 0;
    Object.assign(world.actors.world.clock, {
      defer: (run: () => void) =>
        turns.call(world.clock, () => {
          run();
          sizes.push(answered(world).length - before);
          before = answered(world).length;
        }),
    });
    await world.clock.settle();
    expect(answered(world).length).toBe(100);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(32);
  });

  test('is each one of a worker that is young in the place of a dead one', async () => {
    const world = new FakeWorld();
    world.members = ['7'];
    world.isYoung = true;
    world.attach({ ...A, since: null });
    await world.clock.settle();
    expect([world.said, answered(world)]).toEqual([['takes over 1'], []]);
  });
});
