/** A gateway to which more come than it can let in, or which has too much to do. */
import { describe, expect, test } from 'bun:test';
import { RateBuckets } from '../../../src/actor/rate-buckets.ts';
import { refuse } from '../../../src/protocol/errors.ts';
import type { Answer } from '../../../src/protocol/links.ts';
import { shedAt, type Urgency } from '../../../src/protocol/urgency.ts';
import { ME, OneGateway, TOKEN, USER, type Visit } from './one-gateway.ts';

const IDENTIFY = { token: TOKEN, properties: {} };
const RESUME = { token: TOKEN, session_id: '0.1.1.x', seq: 1 };

class Busy {
  level = 0;
  readonly shed: Urgency[] = [];
  sheds = (urgency: Urgency): boolean => this.level >= shedAt(urgency) && this.shed.push(urgency) > 0;
}

function crowded(limits = {}): { readonly one: OneGateway; readonly busy: Busy } {
  const busy = new Busy();
  return { one: new OneGateway(limits, busy), busy };
}

async function identify(one: OneGateway): Promise<Visit> {
  const visit = one.connect();
  await one.say(visit, 2, IDENTIFY);
  return visit;
}

const isIn = ({ connection }: Visit): boolean => connection.session !== null;
const ops = ({ socket }: Visit): number[] => socket.ops;

describe('identifies', () => {
  test('beyond those under way wait until one of them has READY', async () => {
    const { one } = crowded({ identifies: 1 });
    const [first, second] = [await identify(one), await identify(one)];
    expect([isIn(first), isIn(second), second.connection.state]).toEqual([true, false, 'busy']);
    await one.greet(first.connection.session ?? '');
    expect(first.socket.heard).toEqual(['READY']);
    expect(isIn(second)).toBe(true);
    expect(one.gateway.measure()).toMatchObject({ handshakes: 1, handshakesWaiting: 0, turnedAway: 0 });
  });

  test('that would wait too long get op 9 after a pause, on the open socket, and may identify again', async () => {
    const { one, busy } = crowded();
    busy.level = 3;
    const visit = await identify(one);
    await one.clock.advance(5500);
    expect([ops(visit), visit.connection.state]).toEqual([[10], 'busy']);
    await one.clock.advance(5500);
    expect([ops(visit), visit.connection.state]).toEqual([[10, 9], 'open']);
    expect(one.gateway.measure()).toMatchObject({ turnedAway: 1, refused: { busy: 1 } });
    busy.level = 0;
    await one.identify([], visit);
    expect(visit.socket.heard).toEqual(['READY']);
  });

  test('whose socket leaves keep no place', async () => {
    const { one } = crowded({ identifies: 1 });
    const [first, second, third] = [await identify(one), await identify(one), await identify(one)];
    one.gateway.closed(second!.connection, 1006);
    one.gateway.closed(first!.connection, 1006);
    await one.clock.settle();
    expect([isIn(third!), one.gateway.measure().handshakesWaiting]).toEqual([true, 0]);
  });

  test('that are refused leave their place to the next', async () => {
    const { one } = crowded({ identifies: 1 });
    const wrong = one.connect();
    await one.say(wrong, 2, { ...IDENTIFY, token: 'nobody' });
    const shardless = one.connect();
    await one.say(shardless, 2, { ...IDENTIFY, shard: [3, 2] });
    const next = await identify(one);
    expect([wrong.socket.code, shardless.socket.code, isIn(next)]).toEqual([4004, 4010, true]);
  });
});

test('a bot whose token is revoked while its start is counted gets no session', async () => {
  const { one } = crowded();
  const counted = Promise.withResolvers<Answer>();
  one.starts = () => counted.promise;
  const visit = one.connect();
  await one.say(visit, 2, { token: `bot.${USER}`, properties: {}, intents: 1 });
  expect(visit.connection.state).toBe('busy');
  one.gateway.revoke([`hash of bot ${USER}`]);
  counted.resolve({ reply: { ok: null }, rate: null });
  await one.clock.settle();
  expect([visit.socket.code, isIn(visit), one.gateway.measure().handshakes]).toEqual([4004, false, 0]);
});

test('a bot that has started all the sessions it may gets op 9 after a pause, and one line says so', async () => {
  const { one } = crowded({ botStartsTotal: 2, botStartsTotalMs: 30_000 });
  const buckets = new RateBuckets(10);
  one.starts = async (claim) => {
    const { isRefused, numbers } = buckets.claim(claim!, one.clock.now());
    return { reply: isRefused ? refuse('rateLimited') : { ok: null }, rate: numbers };
  };
  const start = async (): Promise<Visit> => {
    const visit = one.connect();
    await one.say(visit, 2, { token: `bot.${USER}`, properties: {}, intents: 1 });
    return visit;
  };
  const fleet = [await start(), await start(), await start(), await start()];
  await one.clock.advance(5500);
  expect(fleet.map(isIn)).toEqual([true, true, false, false]);
  expect(fleet.map(ops)).toEqual([[10], [10], [10, 9], [10, 9]]);
  expect(one.gateway.measure()).toMatchObject({ refused: { starts: 2 }, handshakes: 0 });
  expect(one.lines).toEqual([['a bot has started as many sessions as it may', { bot: USER, total: 2 }]]);
  await one.clock.advance(30_000);
  expect(isIn(await start())).toBe(true);
});

test('a resume that would wait too long is closed so that its client comes again and resumes', async () => {
  const { one, busy } = crowded();
  busy.level = 3;
  const visit = one.connect();
  await one.say(visit, 6, RESUME);
  await one.clock.advance(6000);
  expect([ops(visit), visit.socket.code]).toEqual([[10], 4000]);
});

describe('while there is too much to do', () => {
  const presence = (status: string) => ({ since: null, activities: [], status, afk: false });
  const told = ({ tells }: OneGateway) =>
    tells.flatMap(([to, command]) =>
      to === ME && command.kind === 'sessionPresence' ? [command.presence?.status] : [],
    );

  test('presences are gathered, and the last one counts when it is over', async () => {
    const { one, busy } = crowded();
    const visit = await one.identify();
    busy.level = 2;
    for (const status of ['idle', 'dnd', 'idle']) await one.say(visit, 3, presence(status));
    await one.clock.advance(5000);
    expect([told(one), busy.shed]).toEqual([[], ['presence', 'presence', 'presence']]);
    busy.level = 1;
    await one.clock.advance(1000);
    expect(told(one)).toEqual(['idle']);
  });
});
