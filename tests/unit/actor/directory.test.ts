/** The directory over links: answers, refusals, deaths, deadlines, order, durable tells. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Reply, Tell } from '../../../src/protocol/decision.ts';
import { Fault } from '../../../src/protocol/errors.ts';
import type { OwnerKey } from '../../../src/protocol/ids.ts';
import type { Answer, RateClaim } from '../../../src/protocol/links.ts';
import { FakeTown } from './fake-link.ts';
import { event, script } from './fake-owner.ts';
import { attachAsk, nextName, outcome } from './fake-world.ts';

const asked = (
  town: FakeTown,
  from: string,
  to: OwnerKey,
  what: Parameters<typeof script>[0],
  more: { rate?: RateClaim; ms?: number } = {},
) =>
  town.at(from).directory.ask(to, script(what), {
    commandId: nextName(),
    deadline: town.clock.now() + (more.ms ?? 10_000),
    rate: more.rate ?? null,
  });

const said = (promise: Promise<Answer>): Promise<string> => outcome(promise.then(({ reply }): Reply => reply));

describe('asks and reads', () => {
  test('reach the owner wherever it is, and so do their answers', async () => {
    const town = new FakeTown(2);
    for (const from of ['0.1', '1.1']) {
      for (const slot of [0, 1]) {
        const reply = asked(town, from, town.keyIn(slot), { add: 1 });
        await town.clock.settle();
        expect(await said(reply)).toStartWith('ok');
        const deadline = town.clock.now() + 1000;
        const read = town
          .at(from)
          .directory.read(town.keyIn(slot), { ask: 'guild', by: '0', withCounts: false }, { deadline, rate: null });
        await town.clock.settle();
        expect(await said(read)).toMatch(/^ok [12]$/);
      }
    }
    expect(town.at('0.1').behaviors.has(town.keyIn(1))).toBe(false);
    expect(town.clock.timers).toBe(2);
  });

  test('of one caller keep their order, on one worker and across', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { minLength: 1, maxLength: 30 }), async (turns) => {
        const town = new FakeTown(2, { batchCommands: 3 });
        const replies: Promise<Answer>[] = [];
        for (const [i, isTurn] of turns.entries()) {
          replies.push(asked(town, '0.1', town.keyIn(1), { name: String(i), add: 1 }));
          if (isTurn) await town.clock.settle();
        }
        await town.clock.settle();
        await Promise.all(replies);
        expect(town.at('1.1').behaviors.get(town.keyIn(1))?.log).toEqual(turns.map((_, i) => String(i)));
      }),
      { numRuns: 40 },
    );
  });

  test('one turn of the loop is one batch on the link', async () => {
    const town = new FakeTown(2);
    const replies = [1, 2, 3].map(() => asked(town, '0.1', town.keyIn(1), { add: 1 }));
    await town.clock.settle();
    await Promise.all(replies);
    expect(town.pipe('0.1', '1.1').posted.map((batch) => batch.length)).toEqual([3]);
  });

  test('end at their deadline although the link is silent', async () => {
    const town = new FakeTown(2);
    town.pipe('0.1', '1.1').isSilent = true;
    const reply = asked(town, '0.1', town.keyIn(1), { add: 1 }, { ms: 500 });
    await town.clock.advance(499);
    expect(await said(reply)).toBe('pending');
    await town.clock.advance(1);
    expect(await said(reply)).toBe('timeout');
  });

  test('are refused when the link is full, and taken again when the peer has caught up', async () => {
    const town = new FakeTown(2, { linkEntries: 3 });
    const replies = [1, 2, 3, 4].map(() => asked(town, '0.1', town.keyIn(1), { add: 1 }));
    await town.clock.settle();
    expect(await Promise.all(replies.map(said))).toEqual([
      expect.stringContaining('ok'),
      expect.stringContaining('ok'),
      expect.stringContaining('ok'),
      'overloaded',
    ]);
    const later = asked(town, '0.1', town.keyIn(1), { add: 1 });
    await town.clock.settle();
    expect(await said(later)).toStartWith('ok');
  });

  test('a fault crosses the link as itself', async () => {
    const town = new FakeTown(2);
    const reply = asked(town, '0.1', town.keyIn(1), { throws: true });
    await town.clock.settle();
    const fault = await reply.catch((error: Fault) => error);
    expect(fault).toBeInstanceOf(Fault);
    expect(fault).toMatchObject({ code: 'lost', retryable: false, message: 'lost: deciding it is a bug' });
  });
});

describe('a worker that dies', () => {
  test('has what it was asked asked again at its next life, once done', async () => {
    const town = new FakeTown(2);
    town.store.isManual = true;
    const key = town.keyIn(1);
    const reply = asked(town, '0.1', key, { name: 'once', add: 1 });
    await town.clock.settle();
    town.store.step();
    town.kill('1.1');
    await town.clock.settle();
    expect(await said(reply)).toBe('pending');
    town.store.isManual = false;
    const next = town.start('1.2');
    await town.clock.settle();
    expect(await said(reply)).toContain('"total":1');
    expect(next.behaviors.get(key)?.log).toEqual([]);
    expect(town.store.of(key).total).toBe(1);
  });

  test('and does not come back has its callers told at their deadline', async () => {
    const town = new FakeTown(2);
    town.kill('1.1');
    const reply = asked(town, '0.1', town.keyIn(1), { add: 1 }, { ms: 2000 });
    await town.clock.advance(2000);
    const fault = await reply.catch((error: Fault) => error);
    expect(fault).toMatchObject({ code: 'lost', retryable: true });
    expect(town.at('0.1').directory.workers()).toEqual(['0.1']);
  });

  test('an actor that dies is asked again by itself, with the same id', async () => {
    const town = new FakeTown(1);
    town.store.isManual = true;
    const reply = asked(town, '0.1', town.keyIn(0), { add: 1 });
    await town.clock.settle();
    town.store.waiting.shift()?.fail(new Fault('timeout', true, 'slow'));
    town.store.isManual = false;
    await town.clock.advance(town.limits.reloadMinMs * 2);
    expect(await said(reply)).toContain('"total":1');
  });

  test('a directory that closes rejects who waits, at once', async () => {
    const town = new FakeTown(2);
    town.store.isManual = true;
    town.pipe('0.1', '1.1').isSilent = true;
    const waiting = [0, 1].map((slot) => asked(town, '0.1', town.keyIn(slot), { add: 1 }));
    await town.clock.settle();
    town.at('0.1').directory.close();
    town.store.step();
    await town.clock.settle();
    expect(await Promise.all(waiting.map(said))).toEqual(['lost', 'lost']);
    expect(await said(asked(town, '0.1', town.keyIn(0), { add: 1 }))).toBe('lost');
  });

  test('takes its sessions out of the interest of every owner', async () => {
    const town = new FakeTown(2);
    town.members = ['7'];
    const key = town.keyIn(0);
    town.at('1.1').directory.interest(key, { kind: 'attach', ask: attachAsk({ worker: '1.1' }) });
    await town.clock.settle();
    expect(town.at('1.1').outlet.map(({ what }) => what)).toEqual(['placed', 'relay']);
    town.kill('1.1');
    await town.clock.advance(town.limits.actorIdleMs * 2);
    expect(town.at('0.1').directory.actors.size).toBe(0);
  });

  test('leaves attaches unanswered, which its next life answers when it has heard from all', async () => {
    const town = new FakeTown(2);
    town.members = ['7'];
    town.kill('1.1');
    const { directory, outlet } = town.at('0.1');
    directory.interest(town.keyIn(1), { kind: 'attach', ask: attachAsk() });
    directory.interest(town.keyIn(1), { kind: 'attach', ask: attachAsk({ session: 'over' }) });
    directory.interest(town.keyIn(1), { kind: 'forget', session: 'over', hop: 0 });
    await town.clock.settle();
    const { directory: next } = town.start('1.2');
    await town.clock.settle();
    expect(outlet).toMatchObject([{ what: 'placed', takesOver: true }]);
    directory.interest(town.keyIn(1), { kind: 'asked', worker: '0.1', epoch: 1 });
    await town.clock.settle();
    expect(next.actors.interested).toBe(1);
    expect(outlet.map((entry) => (entry.what === 'relay' ? entry.relay.entry.kind : entry.what))).toEqual([
      'placed',
      'answer',
    ]);
    const before = town.pipe('0.1', '1.2').posted.length;
    town.kill('1.2');
    town.start('1.3');
    await town.clock.settle();
    expect([before, town.pipe('0.1', '1.3').posted.length]).toEqual([2, 0]);
  });
});

describe('the outlet', () => {
  test('a full link leaves marks: one for many entries, one for each swallowed answer', async () => {
    const town = new FakeTown(2, { linkEntries: 4 });
    town.members = ['7'];
    const key = town.keyIn(0);
    const attach = (session: string) =>
      town.at('1.1').directory.interest(key, { kind: 'attach', ask: attachAsk({ session, worker: '1.1' }) });
    attach('a');
    await town.clock.settle();
    const pipe = town.pipe('0.1', '1.1');
    pipe.posted.length = 0;
    pipe.isSilent = true;
    const rows = Array.from({ length: 7 }, () => event('g:1'));
    const reply = asked(town, '0.1', key, { rows });
    await town.clock.settle();
    await reply;
    for (const session of ['b', 'c']) attach(session);
    await town.clock.settle();
    const marks = pipe.posted
      .flat()
      .flatMap((message) => (message.m === 'outlet' && message.entry.what === 'refused' ? [message.entry.mark] : []));
    expect(marks).toEqual([
      { owner: key, swallowed: null },
      { owner: key, swallowed: { session: 'b', hop: 0 } },
      { owner: key, swallowed: { session: 'c', hop: 0 } },
    ]);
    expect(pipe.posted.flat().length).toBe(4 + marks.length);
  });

  test('a load is announced to all before its first entry; who comes later hears of it by its first answer', async () => {
    const town = new FakeTown(2);
    const key = town.keyIn(0);
    await Promise.all([asked(town, '1.1', key, { add: 1 }), town.clock.settle()]);
    expect(town.at('0.1').outlet).toEqual([{ what: 'placed', owner: key, worker: '0.1', epoch: 1 }]);
    expect(town.at('1.1').outlet).toEqual(town.at('0.1').outlet);
    town.kill('1.1');
    const later = town.start('1.2');
    await town.clock.settle();
    expect(later.outlet).toEqual([]);
    later.directory.interest(key, { kind: 'attach', ask: attachAsk({ user: '8', worker: '1.2' }) });
    await town.clock.settle();
    expect(later.outlet).toMatchObject([{ relay: { owner: key, epoch: 1, n: 1, entry: { kind: 'answer' } } }]);
  });
});

describe('rates, tells, controls, residences', () => {
  test('a bucket lives with its owner, whoever asks; its numbers ride on the answer', async () => {
    const town = new FakeTown(2);
    const rate: RateClaim = { bucket: 'b', user: '7', limit: 2, windowMs: 3000 };
    const answers: Answer[] = [];
    for (const from of ['0.1', '1.1', '0.1']) {
      const reply = asked(town, from, town.keyIn(0), { add: 1 }, { rate });
      await town.clock.settle();
      answers.push(await reply);
    }
    expect(answers.map(({ rate: numbers }) => numbers?.remaining)).toEqual([1, 0, 0]);
    expect(answers[2]?.reply).toEqual({ refused: 'rateLimited', retryAfter: 3 });
    expect(town.store.of(town.keyIn(0)).total).toBe(2);
  });

  test('durable tells arrive once each and in order, over deaths of the hearer and of the teller', async () => {
    const town = new FakeTown(2);
    const [teller, hearer] = [town.keyIn(0), town.keyIn(1)];
    const tell = (name: string): Tell => ({ to: hearer, command: script({ name, add: 1 }), durable: true });
    const first = asked(town, '0.1', teller, { tells: [tell('a'), tell('b'), tell('c')] });
    await town.clock.settle();
    await first;
    expect(town.at('1.1').behaviors.get(hearer)?.log).toEqual(['a', 'b', 'c']);
    town.kill('1.1');
    const second = asked(town, '0.1', teller, { tells: [tell('d'), tell('e')] });
    await town.clock.settle();
    await second;
    town.kill('0.1');
    town.start('0.2');
    const wake = asked(town, '0.2', teller, {});
    await town.clock.settle();
    await wake;
    const next = town.start('1.2');
    await town.clock.settle();
    expect(next.behaviors.get(hearer)?.log).toEqual(['d', 'e']);
    await town.clock.advance(town.limits.retellMinMs * 2);
    expect(town.store.of(teller).tells).toEqual([]);
    expect(next.behaviors.get(hearer)?.log).toEqual(['d', 'e']);
  });

  test('a control ends when all that live have obeyed', async () => {
    const town = new FakeTown(3);
    const control = { control: 'userChanged', user: '7' } as const;
    const all = town.at('0.1').directory.control(control);
    await town.clock.settle();
    await all;
    expect([...town.workers.values()].map(({ controls }) => controls)).toEqual([[control], [control], [control]]);
    town.at('1.1').obeys = false;
    const stuck = town.at('0.1').directory.control(control);
    const over = stuck.then(
      () => 'done',
      (error) => (error as Fault).code,
    );
    await town.clock.settle();
    town.kill('1.1');
    await town.clock.settle();
    expect(await over).toBe('done');
    town.at('2.1').obeys = false;
    const late = town
      .at('0.1')
      .directory.control(control)
      .catch((error: Fault) => error.code);
    await town.clock.advance(town.limits.askMs);
    expect(await late).toBe('timeout');
  });

  test('a worker that comes up after a control is told of it, for a while', async () => {
    const town = new FakeTown(2);
    const control = { control: 'userChanged', user: '7' } as const;
    town.kill('1.1');
    await town.at('0.1').directory.control(control);
    const next = town.start('1.2');
    await town.clock.settle();
    expect(next.controls).toEqual([control]);
    town.kill('1.2');
    await town.clock.advance(11_000);
    const last = town.start('1.3');
    await town.clock.settle();
    expect(last.controls).toEqual([]);
  });

  test('a residence message finds the worker it names, and no later incarnation', async () => {
    const town = new FakeTown(2);
    const { directory, residences } = town.at('0.1');
    const message = { r: 'settled', session: 'a', hop: 0 } as const;
    directory.residence('0.1', message);
    directory.residence('1.1', message);
    directory.residence('1.2', message);
    await town.clock.settle();
    expect([residences, town.at('1.1').residences]).toEqual([[message], [message]]);
  });
});
