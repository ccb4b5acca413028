/** What a session missed, against a naive model that knows nothing of topics: who may see what, at each moment. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type RingRow, Rows } from '../../../src/actor/rows.ts';
import type { Body } from '../../../src/protocol/envelope.ts';
import { body } from './fake-owner.ts';
import { attachAsk } from './fake-world.ts';

const USERS = ['1', '2', '3'];
const CHANNELS = ['10', '11'];
const LEFT = body('GUILD_DELETE');
const MASK = 0b10;

/** Rows as a guild would make them, and beside them, by user, what he should have got of each. */
class Naive {
  readonly members = new Set(USERS);
  /** Who sees a channel; null: every member. */
  readonly sees = new Map<string, Set<string> | null>(CHANNELS.map((channel) => [channel, null]));
  readonly rows: RingRow[] = [];
  readonly due: ReadonlyMap<string, Body | null>[] = [];

  may(user: string, channel: string): boolean {
    return this.members.has(user) && (this.sees.get(channel)?.has(user) ?? true);
  }

  topic(channel: string): string {
    return this.sees.get(channel) === null ? 'g:1' : `c:${channel}`;
  }

  topicsOf(user: string): string[] {
    const own = CHANNELS.filter((channel) => this.sees.get(channel) !== null && this.may(user, channel));
    return ['g:1', ...own.map((channel) => `c:${channel}`)];
  }

  emit(channel: string | null, cls: number, full: string | null): void {
    const sent: Body = { t: `E${this.rows.length + 1}`, d: '{}', cls, full: full === null ? null : [full] };
    const gets = (user: string): boolean =>
      (channel === null ? this.members.has(user) : this.may(user, channel)) &&
      (cls === 0 || (cls & MASK) !== 0 || full === user);
    const topic = channel === null ? 'g:1' : this.topic(channel);
    this.#row({ kind: 'event', topic, body: sent }, (user) => (gets(user) ? sent : null));
  }

  toSession(user: string): void {
    const sent = body(`S${this.rows.length + 1}`);
    this.#row({ kind: 'event', topic: `s:session-${user}`, body: sent }, (other) => (other === user ? sent : null));
  }

  change(channel: string, allowed: Set<string> | null): void {
    const before = new Set([...this.members].filter((user) => this.may(user, channel)));
    const from = this.topic(channel);
    this.sees.set(channel, allowed);
    const after = new Set([...this.members].filter((user) => this.may(user, channel)));
    const to = this.topic(channel);
    const [gained, lost] = [after.difference(before), before.difference(after)];
    const created = body(`CREATE${this.rows.length + 1}`);
    const deleted = body(`DELETE${this.rows.length + 1}`);
    const named = (topic: string): string | null => (topic === 'g:1' ? null : topic);
    this.#row({ kind: 'visibility', from: named(from), to: named(to), gained, lost, created, deleted }, (user) =>
      gained.has(user) ? created : lost.has(user) ? deleted : null,
    );
  }

  leave(user: string): void {
    if (!this.members.delete(user)) return;
    for (const users of this.sees.values()) users?.delete(user);
    this.#row({ kind: 'leave', user }, (other) => (other === user ? LEFT : null));
  }

  #row(
    row: RingRow extends infer R ? (R extends RingRow ? Omit<R, 'seq'> : never) : never,
    gets: (user: string) => Body | null,
  ): void {
    this.rows.push({ ...row, seq: this.rows.length + 1 } as RingRow);
    this.due.push(new Map(USERS.map((user) => [user, gets(user)])));
  }
}

const step = fc.oneof(
  fc.record({
    do: fc.constant('emit' as const),
    channel: fc.constantFrom(null, ...CHANNELS),
    cls: fc.constantFrom(0, 0b1, 0b10),
    full: fc.constantFrom(null, ...USERS),
  }),
  fc.record({ do: fc.constant('session' as const), user: fc.constantFrom(...USERS) }),
  fc.record({
    do: fc.constant('change' as const),
    channel: fc.constantFrom(...CHANNELS),
    allowed: fc.option(fc.subarray(USERS)),
  }),
  fc.record({ do: fc.constant('leave' as const), user: fc.constantFrom(...USERS) }),
);

describe('missed rows', () => {
  test('are what a session would have got, from any row on', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const naive = new Naive();
        const rows = new Rows('g:1', { ringRows: 1000, ringBytes: 1e9 }, 0, LEFT);
        const starts = new Map<string, string[]>();
        const start = (): void => {
          for (const user of naive.members) starts.set(`${user} ${naive.rows.length}`, naive.topicsOf(user));
        };
        start();
        for (const one of steps) {
          if (one.do === 'emit') naive.emit(one.channel, one.cls, one.full);
          else if (one.do === 'session') naive.toSession(one.user);
          else if (one.do === 'leave') naive.leave(one.user);
          else
            naive.change(
              one.channel,
              one.allowed === null ? null : new Set(one.allowed.filter((user) => naive.members.has(user))),
            );
          start();
        }
        for (const row of naive.rows) rows.push(row);
        for (const [name, topics] of starts) {
          const [user = '', since = ''] = name.split(' ');
          const due: Body[] = [];
          let left = false;
          for (const gets of naive.due.slice(Number(since))) {
            const one = gets.get(user) ?? null;
            if (one !== null && !left) due.push(one);
            left ||= one === LEFT;
          }
          const ask = attachAsk({
            user,
            session: `session-${user}`,
            since: Number(since),
            held: { topics, mask: MASK },
          });
          expect(rows.missed(ask)).toEqual({ bodies: due, left });
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('are unknown when the ring has dropped rows, by count or by size', () => {
    const event = (seq: number, size = 0): RingRow => ({
      seq,
      kind: 'event',
      topic: 'g:1',
      body: { ...body('E'), d: 'x'.repeat(size) },
    });
    const since = (rows: Rows, seq: number) =>
      rows.missed(attachAsk({ since: seq, held: { topics: ['g:1'], mask: 1 } }))?.bodies.length ?? null;
    const few = new Rows('g:1', { ringRows: 3, ringBytes: 1e9 }, 0, LEFT);
    for (let seq = 1; seq <= 5; seq += 1) few.push(event(seq));
    expect([0, 1, 2, 3, 5].map((seq) => since(few, seq))).toEqual([null, null, 3, 2, 0]);
    const small = new Rows('g:1', { ringRows: 100, ringBytes: 5000 }, 0, LEFT);
    for (let seq = 1; seq <= 10; seq += 1) small.push(event(seq, 1000));
    expect(small.bytes).toBeLessThanOrEqual(5000);
    expect([since(small, 5), since(small, 6)]).toEqual([null, 4]);
    const old = new Rows('g:1', { ringRows: 3, ringBytes: 1e9 }, 7, LEFT);
    expect([since(old, 6), since(old, 7)]).toEqual([null, 0]);
  });

  test('of one session have a bound of their own: a large answer to it takes nothing from the others', () => {
    const rows = new Rows('g:1', { ringRows: 100, ringBytes: 5000 }, 0, LEFT);
    const row = (seq: number, topic: string, size: number): RingRow => ({
      seq,
      kind: 'event',
      topic,
      body: { ...body('E'), d: 'x'.repeat(size) },
    });
    rows.push(row(1, 'g:1', 1000));
    for (let seq = 2; seq <= 21; seq += 1) rows.push(row(seq, 's:big', 1000));
    const missed = (session: string, since: number) =>
      rows.missed({ ...attachAsk({ since, held: { topics: ['g:1'], mask: 1 } }), session })?.bodies.length ?? null;
    expect(missed('other', 0)).toBe(1);
    expect([missed('big', 0), missed('big', 20)]).toEqual([null, 1]);
  });

  test('of one session do not count as those of all: thousands of small ones had others sent away who had missed nothing', () => {
    const rows = new Rows('g:1', { ringRows: 10, ringBytes: 1e9 }, 0, LEFT);
    const row = (seq: number, topic: string): RingRow => ({ seq, kind: 'event', topic, body: body('E') });
    rows.push(row(1, 'g:1'));
    for (let seq = 2; seq <= 100; seq += 1) rows.push(row(seq, seq < 50 ? 's:one' : `s:${seq}`));
    const missed = (session: string, since: number) =>
      rows.missed({ ...attachAsk({ since, held: { topics: ['g:1'], mask: 1 } }), session })?.bodies.length ?? null;
    // What was owed to the first, and to others of long ago, is known no more, and to whom not of all.
    expect([missed('other', 80), missed('other', 79)]).toEqual([0, null]);
    expect([missed('85', 84), missed('85', 85), missed('95', 84), missed('95', 95)]).toEqual([null, 0, 1, 0]);
    expect(rows.forgotten).toBe(0);
  });

  test('leave out a channel that is gone by now, but not its end for who had it', () => {
    const rows = new Rows('g:1', { ringRows: 10, ringBytes: 1e9 }, 0, LEFT);
    const moves = { kind: 'visibility', from: 'c:10', to: 'c:10', created: null, deleted: body('DELETE') } as const;
    rows.push({ ...moves, seq: 1, gained: new Set(['7']), lost: new Set() });
    rows.push({ ...moves, seq: 2, gained: new Set(), lost: new Set(['7']) });
    const held = { topics: ['g:1'], mask: 1 };
    expect(rows.missed(attachAsk({ since: 0, held }))?.bodies.map(({ t }) => t)).toEqual(['DELETE']);
  });

  test('do not create a channel that the session held already', () => {
    const rows = new Rows('g:1', { ringRows: 10, ringBytes: 1e9 }, 0, LEFT);
    const [created, deleted] = [body('CREATE'), body('DELETE')];
    const gained = new Set(['7']);
    rows.push({ seq: 1, kind: 'visibility', from: 'c:10', to: 'c:11', gained, lost: new Set(), created, deleted });
    rows.push({ seq: 2, kind: 'event', topic: 'c:11', body: body('E') });
    const since = (topics: string[]) =>
      rows.missed(attachAsk({ since: 0, held: { topics, mask: 1 } }))?.bodies.map(({ t }) => t);
    expect([since(['g:1', 'c:10']), since(['g:1'])]).toEqual([['E'], ['CREATE', 'E']]);
  });
});
