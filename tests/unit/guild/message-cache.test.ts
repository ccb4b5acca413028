/** The cache against the truth: whatever loads race with whatever writes, what it says it knows is so. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { MessageCache } from '../../../src/guild/message-cache.ts';
import type { Need } from '../../../src/protocol/decision.ts';
import type { MessageRecord, MessageWithReactions } from '../../../src/protocol/records.ts';

const record = (id: string, content = ''): MessageRecord =>
  ({
    id,
    channel_id: '1',
    author_id: '9',
    wire: { id, content, attachments: [{ id: '91' }] },
  }) as unknown as MessageRecord;

const needMessage = (id: string): Need => ({ need: 'message', channelId: '1', id });
const needReaction = (id: string, user: string): Need => ({ need: 'reaction', channelId: '1', id, emoji: 'x', user });

test('a message that was written is known, a deleted one is known to be gone', () => {
  const cache = new MessageCache();
  expect(cache.message('1', '5')).toBeUndefined();
  cache.putMessage(record('5', 'a'));
  expect(cache.message('1', '5')).toEqual({ message: record('5', 'a'), reactions: [] });
  cache.putDeleted('1', '5');
  expect(cache.message('1', '5')).toBeNull();
});

test('a load never replaces what was written meanwhile', () => {
  const cache = new MessageCache();
  const command = {};
  expect(cache.hold(command, [needMessage('5')])).toEqual([needMessage('5')]);
  cache.putDeleted('1', '5');
  cache.supply(needMessage('5'), { message: record('5'), reactions: [] });
  expect(cache.message('1', '5')).toBeNull();
});

test('held slots survive any number of other messages, and leave when their command is decided', () => {
  const cache = new MessageCache({ messages: 3 });
  const command = {};
  cache.hold(command, [needMessage('5')]);
  cache.supply(needMessage('5'), null);
  for (let id = 10; id < 100; id += 1) cache.putMessage(record(`${id}`));
  expect(cache.message('1', '5')).toBeNull();
  cache.release(command);
  for (let id = 100; id < 200; id += 1) cache.putMessage(record(`${id}`));
  expect(cache.message('1', '5')).toBeUndefined();
  expect(cache.size).toBe(3);
});

test('an answer that nobody waits for is not taken', () => {
  const cache = new MessageCache();
  const given = cache.hold({}, [needMessage('5')]);
  cache.forsake(given);
  cache.forsake(given);
  cache.supply(needMessage('5'), null);
  expect(cache.message('1', '5')).toBeUndefined();
  expect(cache.size).toBe(0);
});

test('two commands that wait for one slot hold it until both are over', () => {
  const cache = new MessageCache();
  const [a, b] = [{}, {}];
  cache.hold(a, [needMessage('5')]);
  cache.hold(b, [needMessage('5')]);
  cache.release(a);
  cache.release(a);
  cache.supply(needMessage('5'), null);
  expect(cache.message('1', '5')).toBeNull();
});

test('what one command learned is kept for the next that asked for it meanwhile', () => {
  const cache = new MessageCache();
  const need: Need = { need: 'nonce', channelId: '1', author: '9', nonce: 'n' };
  const [a, b] = [{}, {}];
  cache.hold(a, [need]);
  cache.supply(need, null);
  expect(cache.hold(b, [need])).toEqual([]);
  cache.release(a);
  expect(cache.nonce('1', '9', 'n', 0)).toBeNull();
  cache.release(b);
  expect(cache.nonce('1', '9', 'n', 0)).toBeUndefined();
});

test('what waits is bounded: the oldest slot is given up', () => {
  const cache = new MessageCache({ held: 10 });
  const commands = Array.from({ length: 50 }, (_, n) => ({ n }));
  for (const command of commands) cache.hold(command, [needMessage(`${100 + command.n}`)]);
  expect(cache.size).toBe(10);
  for (const command of commands) cache.release(command);
  expect(cache.size).toBe(0);
});

test('nonces: ten minutes, per author and channel, and absence is known once the owner is old enough', () => {
  const cache = new MessageCache();
  cache.passTime(1000);
  expect(cache.nonce('1', '9', 'n', 1000)).toBeUndefined();
  cache.putNonce('1', '9', 'n', '77', 1000);
  expect(cache.nonce('1', '9', 'n', 601_000)).toBe('77');
  expect(cache.nonce('1', '9', 'n', 601_001)).toBeNull();
  expect(cache.nonce('1', '8', 'n', 1000)).toBeUndefined();
  cache.passTime(601_001);
  expect(cache.nonce('1', '8', 'n', 601_001)).toBeNull();
});

test('a nonce that was evicted makes absence unknown again', () => {
  const cache = new MessageCache({ nonces: 2 });
  cache.passTime(0);
  cache.passTime(700_000);
  for (const nonce of ['a', 'b', 'c']) cache.putNonce('1', '9', nonce, '77', 700_000);
  expect(cache.nonce('1', '9', 'a', 700_001)).toBeUndefined();
  expect(cache.nonce('1', '9', 'c', 700_001)).toBe('77');
});

test('a nonce is supplied with its message', () => {
  const cache = new MessageCache();
  const need: Need = { need: 'nonce', channelId: '1', author: '9', nonce: 'n' };
  cache.hold({}, [need]);
  const id = '175928847299117063';
  cache.supply(need, { message: record(id), reactions: [] });
  expect(cache.nonce('1', '9', 'n', 1_462_015_105_796)).toBe(id);
  expect(cache.message('1', id)?.message.id).toBe(id);
});

test('a nonce whose message is deleted leads to nothing that is there', () => {
  const cache = new MessageCache();
  const need: Need = { need: 'nonce', channelId: '1', author: '9', nonce: 'n' };
  cache.hold({}, [need]);
  const id = '175928847299117063';
  cache.supply(need, id);
  expect(cache.nonce('1', '9', 'n', 1_462_015_105_796)).toBe(id);
  expect(cache.message('1', id)).toBeNull();
});

test('pins: a message deleted while they load is not among them', () => {
  const cache = new MessageCache();
  const need: Need = { need: 'pins', channelId: '1' };
  const command = {};
  cache.hold(command, [need]);
  cache.putDeleted('1', '5');
  const pin = (id: string) => ({ message: { message: record(id), reactions: [] }, pinnedAt: 'then' });
  cache.supply(need, [pin('5'), pin('6')]);
  cache.release(command);
  expect([...(cache.pins('1') ?? [])]).toEqual([['6', 'then']]);
  cache.putPin('1', '7', 'now');
  cache.deletePin('1', '6');
  expect([...(cache.pins('1') ?? [])]).toEqual([['7', 'now']]);
});

test('messages of an author: stored ones and those made since, without the deleted', () => {
  const cache = new MessageCache();
  const need = { need: 'authored', author: '9', channelIds: ['1'], since: '10' } as const;
  const command = {};
  cache.hold(command, [need]);
  cache.putMessage(record('30'));
  cache.putMessage(record('5'));
  cache.putDeleted('1', '20');
  cache.supply(need, [
    { channelId: '1', id: '20', files: [] },
    { channelId: '1', id: '21', files: ['90'] },
    { channelId: '1', id: '30', files: ['92'] },
  ]);
  expect(cache.authored(need)).toEqual([
    { channelId: '1', id: '21', files: ['90'] },
    { channelId: '1', id: '30', files: ['91'] },
  ]);
  cache.release(command);
  expect(cache.authored(need)).toBeUndefined();
});

/** The truth: two messages, three users, one emoji. A load reads it at once and is told later. */
const step = fc.oneof(
  fc.record({
    do: fc.constant('load' as const),
    user: fc.integer({ min: 0, max: 2 }),
    id: fc.integer({ min: 5, max: 6 }),
  }),
  fc.record({ do: fc.constant('tell' as const), nth: fc.nat(5) }),
  fc.record({
    do: fc.constantFrom('react', 'unreact'),
    user: fc.integer({ min: 0, max: 2 }),
    id: fc.integer({ min: 5, max: 6 }),
  }),
  fc.record({ do: fc.constantFrom('clear', 'delete', 'edit'), id: fc.integer({ min: 5, max: 6 }) }),
);

interface Truth {
  content: string | null;
  readonly users: Set<string>;
}

interface Flight {
  readonly command: object;
  readonly answers: readonly (readonly [Need, unknown])[];
}

class Race {
  readonly cache = new MessageCache({ messages: 4 });
  readonly truth = new Map<string, Truth>(['5', '6'].map((id) => [id, { content: 'first', users: new Set(['1']) }]));
  flights: Flight[] = [];

  of(id: string): Truth {
    const found = this.truth.get(id);
    if (!found) throw new Error(`no message ${id}`);
    return found;
  }

  stored(id: string): MessageWithReactions | null {
    const { content, users } = this.of(id);
    if (content === null) return null;
    return { message: record(id, content), reactions: users.size > 0 ? [{ emoji: 'x', count: users.size }] : [] };
  }

  load(id: string, user: string): void {
    const command = {};
    const given = this.cache.hold(command, [needMessage(id), needReaction(id, user)]);
    const read = (need: Need) => (need.need === 'message' ? this.stored(id) : this.of(id).users.has(user));
    this.flights.push({ command, answers: given.map((need) => [need, read(need)] as const) });
  }

  tell(nth: number): void {
    const flight = this.flights[nth % Math.max(1, this.flights.length)];
    if (!flight) return;
    for (const [need, value] of flight.answers) this.cache.supply(need, value);
    for (const [need] of flight.answers) {
      if (need.need === 'message') expect(this.cache.message('1', need.id)).not.toBeUndefined();
    }
    this.cache.release(flight.command);
    this.flights = this.flights.filter((other) => other !== flight);
  }

  write(what: string, id: string, user: string): void {
    const { truth, cache } = this;
    const one = this.of(id);
    const known = cache.message('1', id);
    if (what === 'delete') {
      cache.putDeleted('1', id);
      truth.set(id, { content: null, users: new Set() });
    }
    // As an owner does: only what is known is changed.
    if (!known || one.content === null) return;
    if (what === 'edit') {
      one.content = `${one.content}+`;
      cache.putMessage(record(id, one.content));
    }
    if (what === 'clear') {
      one.users.clear();
      cache.clearReactions('1', id, 'x');
    }
    if ((what === 'react' || what === 'unreact') && cache.reaction('1', id, 'x', user) === (what === 'unreact')) {
      cache.putReaction('1', id, 'x', user, what === 'react');
      if (what === 'react') one.users.add(user);
      else one.users.delete(user);
    }
  }

  check(): void {
    for (const id of ['5', '6']) {
      const known = this.cache.message('1', id);
      if (known !== undefined) expect(known).toEqual(this.stored(id));
      for (const user of ['0', '1', '2']) {
        const reacted = this.cache.reaction('1', id, 'x', user);
        if (reacted !== undefined) expect(reacted).toBe(this.of(id).users.has(user));
      }
    }
  }
}

test('what the cache knows is true, however loads and writes race', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const race = new Race();
      for (const one of steps) {
        if (one.do === 'load') race.load(`${one.id}`, `${one.user}`);
        else if (one.do === 'tell') race.tell((one as { nth: number }).nth);
        else race.write(one.do, `${(one as { id: number }).id}`, `${(one as { user?: number }).user ?? 0}`);
        race.check();
      }
    }),
    { numRuns: 2000 },
  );
});
