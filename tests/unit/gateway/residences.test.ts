/** Moves of sessions, step by step, as one worker takes part in them. */
import { describe, expect, test } from 'bun:test';
import { LARGE_TYPING } from '../../../src/protocol/events.ts';
import type { SessionExport } from '../../../src/protocol/residence.ts';
import { body, GUILD, ME, OneGateway, SELF, TOKEN, USER, type Visit } from './one-gateway.ts';

const HASH = `hash of person ${USER}`;
const ABROAD = '1.1.1.secret';

const move = (session: string, s: number, to: string, socket = 1) => ({ session, s, to, socket, token: HASH });

/** A person's session as another worker gives it. */
function exported(from: string, id: string, hop: number): SessionExport {
  const traits = { id, user: USER, token: HASH, own: false, intents: -1, shard: null, version: 10, hop } as const;
  const standing = { since: 5, held: { topics: [], mask: -1 }, wanted: -1, joinedAt: 1, promised: false };
  return {
    ...{ from, ...traits, head: 40, lastS: 0, clientS: 40, past: [{ from: 40, to: 40 }] },
    missed: [{ numbers: [41], body: body('MISSED') }],
    standings: [ME, GUILD].map((owner) => ({ owner, ...standing })),
    voices: [],
    presence: null,
  };
}

async function resume(one: OneGateway, session: string, s: number, visit = one.connect()): Promise<Visit> {
  await one.say(visit, 6, { token: TOKEN, session_id: session, seq: s });
  return visit;
}

/** The session of another worker, resumed and arrived here. `meanwhile`: before it arrives. */
async function arrived(one: OneGateway, meanwhile = async (_: Visit): Promise<void> => {}): Promise<Visit> {
  const visit = await resume(one, ABROAD, 40);
  await meanwhile(visit);
  await one.residence({ r: 'session', move: move(ABROAD, 40, SELF), data: exported('1.1', ABROAD, 1) });
  return visit;
}

describe('at home', () => {
  test('a session moves once at a time', async () => {
    const one = new OneGateway();
    const { session, socket } = await one.atHome();
    const s = socket.frames.at(-1)?.s ?? 0;
    await one.residence({ r: 'locate', move: move(session, s, '1.1') });
    await one.residence({ r: 'locate', move: move(session, s, '2.1') });
    expect(one.said('session').map(({ to }) => to)).toEqual(['1.1']);
    expect(one.sent.map(([to, { r }]) => [to, r])).toEqual([['1.1', 'session']]);
    await one.residence({ r: 'moved', session, at: '1.1' });
    expect(one.sent.at(-1)).toMatchObject(['1.1', { r: 'surrender', move: { to: '2.1' } }]);
  });

  test('what was asked of a session ends when it dies with its worker', async () => {
    const one = new OneGateway();
    const { session, socket } = await one.atHome();
    const s = socket.frames.at(-1)?.s ?? 0;
    await one.residence({ r: 'locate', move: move(session, s, '1.1') });
    await one.residence({ r: 'locate', move: move(session, s, '2.1', 7) });
    one.others.splice(0, 1);
    one.gateway.died('1.1');
    expect(one.said('refused').map(({ to, message }) => [to, message.move.socket])).toContainEqual(['2.1', 7]);
    expect(one.gateway.measure()).toMatchObject({ homes: 0, given: 0 });
  });
});

test('what a client says while its session is on its way here is not overtaken by what it says later', async () => {
  const one = new OneGateway();
  const wish = (visit: Visit, typing: boolean) => one.say(visit, 14, { guild_id: GUILD.slice(2), typing });
  await wish(await arrived(one, (visit) => wish(visit, false)), true);
  await one.clock.advance(1000);
  const open = one.asks(GUILD, ABROAD).map(({ mask }) => (mask & LARGE_TYPING) !== 0);
  expect(open).toEqual([true, false, true]);
});

describe('an owner that has a session as being here after it was given away', () => {
  /** The guild was loaded again just before: its answer crosses the session, and is swallowed by a full link or not. */
  const given = async () => {
    const one = new OneGateway();
    const { session, socket } = await one.atHome();
    await one.residence({ r: 'locate', move: move(session, socket.frames.at(-1)?.s ?? 0, '1.1') });
    expect(one.gateway.measure()).toMatchObject({ given: 1, sessions: 0 });
    return { one, session };
  };

  test('is not told that it is gone, so that its user never looks it, before it has settled elsewhere', async () => {
    const { one, session } = await given();
    await one.answer(GUILD, session);
    const mark = { owner: ME, swallowed: { session, hop: 0 } };
    one.gateway.deliver({ what: 'refused', mark }, '2.1');
    expect(one.forgets(session)).toEqual([]);
    // An owner that heard of its end there before it heard of its stay here would keep it.
    await one.residence({ r: 'settled', session, hop: 0 });
    expect(one.forgets(session)).toEqual([
      [GUILD, 0],
      [ME, 0],
    ]);
    await one.answer(GUILD, session);
    expect(one.forgets(session)).toHaveLength(3);
  });
});

describe('a resume whose older socket is still there, of a user with as many detached sessions as he may have', () => {
  const crowd = async () => {
    const one = new OneGateway({ detachedPerUser: 1 });
    // The one that is resumed is the older: it would have to give way.
    const [kept, other] = [await one.atHome(), await one.atHome()];
    one.gateway.closed(other.connection, 1006);
    return { one, kept, other, s: kept.socket.frames.at(-1)?.s ?? 0 };
  };

  test('ends neither of them here', async () => {
    const { one, kept, other, s } = await crowd();
    const { socket } = await resume(one, kept.session, s);
    expect(socket.heard).toEqual(['RESUMED']);
    expect([...one.forgets(kept.session), ...one.forgets(other.session)]).toEqual([]);
    expect(one.gateway.measure()).toMatchObject({ sessions: 2, detached: 1 });
  });

  test('takes it whole to another worker', async () => {
    const { one, kept, other, s } = await crowd();
    await one.residence({ r: 'locate', move: move(kept.session, s, '1.1') });
    const [given] = one.said('session');
    expect(given?.message.data.standings.map(({ owner }) => owner)).toEqual([ME, GUILD]);
    expect([...one.forgets(kept.session), ...one.forgets(other.session)]).toEqual([]);
  });
});

describe('at the giver', () => {
  test('a taker that dies before it has attached: the giver has the owners forget the session', async () => {
    const one = new OneGateway();
    const { session, socket } = await one.atHome();
    await one.residence({ r: 'locate', move: move(session, socket.frames.at(-1)?.s ?? 0, '1.1') });
    expect(one.gateway.measure().given).toBe(1);
    expect(one.forgets(session)).toEqual([]);
    one.gateway.died('1.1');
    expect(one.forgets(session)).toEqual([
      [ME, 0],
      [GUILD, 0],
    ]);
    expect(one.gateway.measure().given).toBe(0);
  });

  test('a session that goes on before it has attached everywhere: the notes close one after the other', async () => {
    const one = new OneGateway();
    const { socket } = await arrived(one);
    const s = socket.frames.at(-1)?.s ?? 0;
    await one.residence({ r: 'surrender', move: move(ABROAD, s, '2.1') });
    await one.residence({ r: 'settled', session: ABROAD, hop: 0 });
    expect([one.gateway.measure().given, one.said('settled')]).toEqual([1, []]);
    await one.residence({ r: 'settled', session: ABROAD, hop: 1 });
    expect(one.gateway.measure().given).toBe(0);
    expect(one.sent.at(-1)).toEqual(['1.1', { r: 'settled', session: ABROAD, hop: 0 }]);
  });
});

test('a session that comes back and goes again before it has settled: every note of its way closes', async () => {
  const one = new OneGateway();
  const { session, socket } = await one.atHome();
  await one.residence({ r: 'surrender', move: move(session, socket.frames.at(-1)?.s ?? 0, '1.1') });
  await one.residence({ r: 'session', move: move(session, 40, SELF, 99), data: exported('1.1', session, 2) });
  await one.residence({ r: 'surrender', move: move(session, 40, '2.1') });
  expect(one.gateway.measure().given).toBe(2);
  await one.residence({ r: 'settled', session, hop: 2 });
  expect(one.sent.at(-1)).toEqual(['1.1', { r: 'settled', session, hop: 1 }]);
  expect(one.gateway.measure().given).toBe(1);
  await one.residence({ r: 'settled', session, hop: 0 });
  expect(one.gateway.measure().given).toBe(0);
});

describe('at the taker', () => {
  test('what was missed, then RESUMED; settled when every owner has answered', async () => {
    const one = new OneGateway();
    const { socket } = await arrived(one);
    expect(socket.heard).toEqual(['MISSED', 'RESUMED']);
    expect(socket.frames.flatMap(({ s }) => s ?? []).every((s) => s > 40)).toBe(true);
    await one.answer(ME, ABROAD);
    expect(one.said('settled')).toEqual([]);
    await one.answer(GUILD, ABROAD);
    expect(one.said('settled')).toEqual([{ to: '1.1', message: { r: 'settled', session: ABROAD, hop: 0 } }]);
  });

  test('only the numbers that came along are good for a resume: another one of the giver says nothing about what came along', async () => {
    const one = new OneGateway();
    const first = await arrived(one);
    one.gateway.closed(first.connection, 1006);
    const wrong = await resume(one, ABROAD, 39);
    expect([wrong.socket.heard, wrong.socket.ops.at(-1)]).toEqual([[], 9]);
    const right = await resume(one, ABROAD, 40);
    expect(right.socket.heard).toEqual(['MISSED', 'RESUMED']);
  });

  test('a session that ends before it has settled closes the note of its giver', async () => {
    const one = new OneGateway({ detachedMs: 1000, sweepMs: 100 });
    const { connection } = await arrived(one);
    one.gateway.closed(connection, 1006);
    await one.clock.advance(2000);
    expect(one.forgets(ABROAD).map(([owner]) => owner)).toEqual([ME, GUILD]);
    expect(one.sent.slice(-2).map(([to, { r }]) => [to, r])).toEqual([
      ['1.1', 'settled'],
      ['1.1', 'ended'],
    ]);
  });

  test('a session that arrives late is not bound to a socket that has begun something else', async () => {
    const one = new OneGateway();
    const visit = await resume(one, ABROAD, 40);
    await one.residence({ r: 'refused', move: move(ABROAD, 40, SELF), why: 'gone' });
    expect(visit.socket.ops.at(-1)).toBe(9);
    await one.residence({ r: 'session', move: move(ABROAD, 40, SELF), data: exported('1.1', ABROAD, 1) });
    expect(visit.connection).toMatchObject({ state: 'open', session: null });
    const { session, socket } = await one.identify([], visit);
    expect([session === ABROAD, socket.heard]).toEqual([false, ['READY']]);
  });

  test('a token revoked while its session was on the way: nothing is written any more, and the session ends', async () => {
    const one = new OneGateway();
    const { socket } = await resume(one, ABROAD, 40);
    one.gateway.revoke([HASH]);
    await one.residence({ r: 'session', move: move(ABROAD, 40, SELF), data: exported('1.1', ABROAD, 1) });
    expect([socket.heard, socket.code]).toEqual([[], 4004]);
    expect(one.said('ended')).toHaveLength(1);
    expect(one.gateway.measure().sessions).toBe(0);
  });

  test('the word of a client moves no counter', async () => {
    const one = new OneGateway();
    await resume(one, ABROAD, 2_000_000_000);
    const { session, socket } = await one.atHome();
    await resume(one, session, 2_000_000_000);
    expect(socket.frames.at(-1)?.s).toBeLessThan(100);
    expect((await one.atHome()).socket.frames.at(-1)?.s).toBeLessThan(100);
  });
});
