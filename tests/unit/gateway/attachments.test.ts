/** What each entry of an owner's link means for the sessions here: the rules that a random schedule seldom reaches. */
import { describe, expect, test } from 'bun:test';
import { type Relay, seqOf } from '../../../src/protocol/envelope.ts';
import { LARGE_TYPING, PERSON_EVENTS, wished } from '../../../src/protocol/events.ts';
import { type OwnerKey, ownerId } from '../../../src/protocol/ids.ts';
import { body, GUILD, ME, OneGateway, SELF, TOKEN, USER } from './one-gateway.ts';

const event = (topic: string, t = 'EVENT') => ({ kind: 'event', topic, body: body(t) }) as const;

describe('entries of a link', () => {
  test('what an owner owes one session comes in its answer, when the session is not attached to it', async () => {
    const one = new OneGateway();
    const { session, socket } = await one.identify([GUILD]);
    await one.relay(GUILD, event(`s:${session}`, 'CHUNK'));
    const create = body('GUILD_CREATE', { id: GUILD.slice(2) });
    await one.answer(GUILD, session, { missed: [body('CHUNK')], create });
    expect(socket.heard).toEqual(['READY', 'CHUNK']);
    await one.relay(GUILD, event(`s:${session}`, 'ANOTHER'));
    expect(socket.heard).toEqual(['READY', 'CHUNK', 'ANOTHER']);
  });

  test('a new membership may be told before the end of the old one', async () => {
    for (const [joined, left, asksAgain] of [
      [9, 8, true],
      [9, 10, false],
    ] as const) {
      const one = new OneGateway();
      const { session, socket } = await one.atHome();
      await one.relay(ME, { kind: 'joined', guild: GUILD, seq: seqOf(1, joined) });
      expect(one.asks(GUILD, session)).toHaveLength(1);
      await one.relay(GUILD, { kind: 'leave', sessions: [session] }, { seq: seqOf(1, left) });
      expect(socket.heard).toEqual(['READY', 'GUILD_DELETE']);
      expect(one.asks(GUILD, session).slice(1)).toMatchObject(asksAgain ? [{ since: null, held: null }] : []);
    }
  });

  test('a jump in the count is a hole, mark or no mark: all attach again from where the outlet stands', async () => {
    const one = new OneGateway();
    const { session, socket } = await one.atHome();
    await one.relay(GUILD, event(GUILD, 'ONE'), { n: 2, seq: seqOf(1, 20) });
    await one.relay(GUILD, event(GUILD, 'THREE'), { n: 4, seq: seqOf(1, 22) });
    expect(socket.heard).toEqual(['READY', 'ONE']);
    expect(one.gateway.metrics.holes).toBe(1);
    expect(one.asks(GUILD, session).at(-1)).toMatchObject({ since: seqOf(1, 20), held: { topics: [GUILD] } });
    await one.answer(GUILD, session, { missed: [body('TWO'), body('THREE')] });
    await one.relay(GUILD, event(GUILD, 'FOUR'));
    expect(socket.heard).toEqual(['READY', 'ONE', 'TWO', 'THREE', 'FOUR']);
  });

  test('only the answer to the latest ask counts', async () => {
    const one = new OneGateway();
    const { session, socket } = await one.atHome();
    const [first] = one.asks(GUILD, session);
    await one.relay(GUILD, event(GUILD), { n: 9 });
    await one.answer(GUILD, session, { ask: first?.ask ?? 0, missed: [body('LATE')] });
    expect(socket.heard).toEqual(['READY']);
    await one.answer(GUILD, session, { missed: [body('MISSED')] });
    expect(socket.heard).toEqual(['READY', 'MISSED']);
  });

  test('an answer to a session that is gone, given or swallowed, has the owner forget it; who is here asks again', async () => {
    const one = new OneGateway();
    const { session } = await one.atHome();
    const [mine] = one.asks(GUILD, session);
    await one.relay(GUILD, {
      kind: 'answer',
      ...{
        ask: 77,
        session: 'gone',
        hop: 3,
        mask: 0,
        missed: [],
        create: null,
        guilds: null,
        topics: [GUILD],
        voice: null,
      },
    });
    expect(one.forgets('gone')).toEqual([[GUILD, 3]]);
    const mark = { owner: GUILD, swallowed: { session: 'also gone', hop: 1 } };
    one.gateway.deliver({ what: 'refused', mark }, SELF);
    await one.clock.settle();
    expect(one.forgets('also gone')).toEqual([[GUILD, 1]]);
    expect(one.forgets(session)).toEqual([]);
    await one.clock.advance(5000);
    expect(one.asks(GUILD, session).at(-1)?.ask).toBeGreaterThan(mine?.ask ?? 0);
  });

  test('a new owner ends all holds in that turn', async () => {
    const one = new OneGateway();
    const { session, socket } = await one.atHome();
    one.gateway.deliver({ what: 'placed', owner: GUILD, worker: '1.1', epoch: 2 }, '1.1');
    const next = { epoch: 2, seq: seqOf(2, 1) };
    await one.relay(GUILD, event(GUILD, 'FIRST'), { ...next, n: 1 });
    expect(socket.heard).toEqual(['READY']);
    const create = body('GUILD_CREATE', { id: GUILD.slice(2) });
    await one.relay(GUILD, event(GUILD, 'OLD'), { epoch: 1, n: 5 });
    const { ask } = one.asks(GUILD, session).at(-1) ?? { ask: 0 };
    const entry = { kind: 'answer', ask, session, hop: 0, mask: -1, missed: [body('FIRST')], create } as const;
    await one.relay(GUILD, { ...entry, guilds: null, topics: [GUILD], voice: null }, { ...next, n: 2 });
    expect(socket.heard).toEqual(['READY', 'FIRST', 'GUILD_DELETE', 'GUILD_CREATE']);
  });
});

describe('wishes', () => {
  const id = ownerId(GUILD);
  const typing = { kind: 'event', topic: GUILD, body: { ...body('TYPING_START'), cls: LARGE_TYPING } } as const;
  const create = body('GUILD_CREATE', { id });
  const both = { mask: wished(PERSON_EVENTS, { typing: true, activities: true }) };

  test('what is held ends at once, and is asked for from there with the other mask', async () => {
    const one = new OneGateway();
    const visit = await one.identify([GUILD]);
    await one.answer(GUILD, visit.session, { create, mask: PERSON_EVENTS });
    const seq = seqOf(1, 20);
    await one.relay(GUILD, typing, { seq });
    await one.say(visit, 14, { guild_id: id, typing: true });
    const mask = PERSON_EVENTS | LARGE_TYPING;
    const held = { topics: [GUILD], mask: PERSON_EVENTS };
    expect(one.asks(GUILD, visit.session).at(-1)).toMatchObject({ mask, since: seq, held });
    await one.relay(GUILD, event(GUILD, 'MISSED'), { seq: seq + 1 });
    expect(visit.socket.heard).toEqual(['READY']);
    await one.answer(GUILD, visit.session, { missed: [body('MISSED')], create, mask });
    await one.relay(GUILD, typing);
    expect(visit.socket.heard).toEqual(['READY', 'MISSED', 'GUILD_CREATE', 'TYPING_START']);
    await one.say(visit, 37, { subscriptions: { [id]: { typing: false } } });
    // What came while it was wished is owed, though it is not wished any more.
    await one.answer(GUILD, visit.session, { missed: [typing.body], create, mask: PERSON_EVENTS });
    await one.relay(GUILD, typing);
    expect(visit.socket.heard.slice(4)).toEqual(['TYPING_START', 'GUILD_CREATE']);
  });

  test('only the answer to the latest one counts, and each loads an owner and a move with it', async () => {
    const one = new OneGateway();
    const { session, ...visit } = await one.atHome();
    await one.say(visit, 14, { guild_id: id, typing: true });
    const [, first] = one.asks(GUILD, session);
    await one.say(visit, 14, { guild_id: id, activities: true });
    await one.answer(GUILD, session, { ask: first?.ask ?? 0, missed: [body('EARLY')] });
    expect(visit.socket.heard).toEqual(['READY']);
    await one.answer(GUILD, session, { ...both, missed: [body('MISSED')], create });
    expect(visit.socket.heard).toEqual(['READY', 'MISSED', 'GUILD_CREATE']);
    one.gateway.deliver({ what: 'placed', owner: GUILD, worker: '1.1', epoch: 2 }, '1.1');
    await one.clock.settle();
    expect(one.asks(GUILD, session).at(-1)).toMatchObject({ ...both, held: both });
    const move = { session, s: 3, to: '1.1', socket: 1, token: `hash of person ${USER}` };
    await one.residence({ r: 'surrender', move });
    const [given] = one.said('session');
    expect(given?.message.data.standings).toContainEqual(expect.objectContaining({ owner: GUILD, wanted: both.mask }));
  });

  test('a frame of a person may be longer, and every ten guilds of it count as one more', async () => {
    const one = new OneGateway({ frames: 4, frameBytes: 200 });
    const visit = await one.atHome();
    const of = (count: number) => Array.from({ length: count }, (_, n) => [String(n), { typing: true }] as const);
    const say = () => one.say(visit, 37, { subscriptions: Object.fromEntries(of(20)) });
    await say();
    expect(visit.socket.code).toBe(null);
    await say();
    expect(visit.socket.code).toBe(4008);
  });

  test('what is wished already, by a bot, or of a guild where it is not, is nothing', async () => {
    const one = new OneGateway();
    const visit = await one.atHome();
    const bot = one.connect();
    await one.say(bot, 2, { token: `bot.${USER}`, intents: 1, properties: {} });
    const botSession = bot.connection.session ?? '';
    const user = body('INTERNAL_USER', { user: { id: USER }, application: null, dms: [] });
    await one.answer(ME, botSession, { create: user, guilds: [[GUILD, 1]] });
    await one.say(bot, 14, { guild_id: id, typing: true });
    await one.say(visit, 14, { guild_id: id, typing: false, threads: true });
    await one.say(visit, 37, { subscriptions: { '1100000000000000009': { typing: true } } });
    expect([visit.session, botSession].map((session) => one.asks(GUILD, session).length)).toEqual([1, 1]);
    expect(one.told.flatMap(([to]) => (to.endsWith('9') ? [to] : []))).toEqual([]);
  });
});

test('who is attached by the last word of a worker asks again when that one has died meanwhile', async () => {
  const one = new OneGateway();
  const visit = one.connect();
  await one.say(visit, 2, { token: TOKEN, properties: {} });
  const session = visit.connection.session ?? '';
  const [first] = one.asks(ME, session);
  // The answer waits for the flush when the news of the death comes.
  const create = body('INTERNAL_USER', { user: { id: USER }, application: null, dms: [] });
  const answer = {
    ask: first?.ask ?? 0,
    session,
    hop: 0,
    mask: -1,
    missed: [],
    create,
    guilds: [],
    topics: [ME],
    voice: null,
  };
  const relay = { owner: ME, epoch: 1, n: 1, seq: seqOf(1, 1), entry: { kind: 'answer', ...answer } as const };
  one.gateway.deliver({ what: 'relay', relay }, '1.1');
  one.gateway.died('1.1');
  await one.clock.settle();
  expect(one.asks(ME, session).map(({ since }) => since)).toEqual([null, seqOf(1, 1)]);
});

test('a session that ends in the middle of an answer asks for nothing more', async () => {
  const one = new OneGateway({ logEntries: 1 });
  const [visit, other] = [one.connect(), one.connect()];
  for (const each of [visit, other]) await one.say(each, 2, { token: `bot.${USER}`, intents: 1, properties: {} });
  const session = visit.connection.session ?? '';
  const create = body('INTERNAL_USER', { user: { id: USER }, application: null, dms: [] });
  await one.answer(ME, session, { create, guilds: [[GUILD, 1]] });
  expect(visit.socket.ops).toEqual([10, 9]);
  await one.clock.advance(20_000);
  expect(one.asks(GUILD, session)).toEqual([]);
});

test('a voice state is asked of guilds that the session has; any other id would load an owner', async () => {
  const one = new OneGateway();
  const visit = await one.atHome();
  const wish = { channel_id: '1200000000000000001', self_mute: false, self_deaf: false };
  await one.say(visit, 4, { guild_id: '1100000000000000099', ...wish });
  expect(one.asked).toEqual([]);
  await one.say(visit, 4, { guild_id: GUILD.slice(2), ...wish });
  expect(one.asked).toEqual([GUILD]);
});

test('a bot in 1,000 guilds that is away while a worker dies with half of them goes on where it was', async () => {
  const one = new OneGateway();
  const visit = one.connect();
  await one.say(visit, 2, { token: `bot.${USER}`, properties: {}, intents: 1 });
  const session = visit.connection.session ?? '';
  const guilds = Array.from({ length: 1000 }, (_, i): OwnerKey => `g:${2000 + i}`);
  await one.greet(session, guilds);
  const attach = async (guild: OwnerKey, over: Partial<Relay> = {}): Promise<void> => {
    const { ask } = one.asks(guild, session).at(-1) ?? { ask: 0 };
    const topics = [guild, `c:${ownerId(guild)}1`, `c:${ownerId(guild)}2`];
    const create = body('GUILD_CREATE', { id: ownerId(guild) });
    const rest = { hop: 0, mask: 1, missed: [], create, guilds: null, topics, voice: null };
    await one.relay(guild, { kind: 'answer', ask, session, ...rest }, over);
  };
  for (const guild of guilds) await attach(guild);
  const s = visit.socket.frames.at(-1)?.s ?? 0;
  expect(s).toBe(1001);
  one.gateway.closed(visit.connection, 1006);

  const half = guilds.filter((_, i) => i % 2 === 0);
  for (const owner of half) {
    one.gateway.deliver({ what: 'placed', owner, worker: '1.1', epoch: 2 }, '1.1');
    await one.clock.settle();
    await attach(owner, { epoch: 2, n: 1, seq: seqOf(2, 1) });
  }
  const again = one.connect();
  await one.say(again, 6, { token: `bot.${USER}`, session_id: session, seq: s });
  expect(again.socket.heard.slice(0, 2)).toEqual(['GUILD_DELETE', 'GUILD_CREATE']);
  expect(again.socket.heard.length).toBe(2 * half.length + 1);
  expect(again.socket.heard.at(-1)).toBe('RESUMED');
});
