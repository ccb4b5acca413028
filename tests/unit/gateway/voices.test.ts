/** What a session remembers of where it is in voice, and brings to a guild that has forgotten it. */
import { describe, expect, test } from 'bun:test';
import { Voices } from '../../../src/gateway/voices.ts';
import { seqOf } from '../../../src/protocol/envelope.ts';
import type { SessionId } from '../../../src/protocol/ids.ts';
import type { CarriedVoice } from '../../../src/protocol/voice.ts';
import { body, GUILD, OneGateway, SELF, TOKEN, USER, type Visit } from './one-gateway.ts';

const self = { selfMute: false, selfDeaf: true, selfVideo: false };
const HALL: CarriedVoice = { channelId: '500', ...self };

let [epoch, n] = [1, 1];

async function home(): Promise<{ one: OneGateway; visit: Visit; session: SessionId }> {
  [epoch, n] = [1, 1];
  const one = new OneGateway();
  const visit = await one.atHome();
  return { one, visit, session: visit.session };
}

/** The guild says where a user is with which session. */
function said(one: OneGateway, session: SessionId, channel_id: string | null, user_id = USER): Promise<void> {
  n += 1;
  const d = { guild_id: GUILD.slice(2), user_id, session_id: session, channel_id };
  const state = { ...d, self_mute: false, self_deaf: true, self_video: false };
  const entry = { kind: 'event', topic: 'c:500', body: body('VOICE_STATE_UPDATE', state) } as const;
  return one.relay(GUILD, entry, { epoch, n, seq: seqOf(epoch, n) });
}

const wants = (one: OneGateway, visit: Visit, channel_id: string | null): Promise<void> =>
  one.say(visit, 4, { guild_id: GUILD.slice(2), channel_id, self_mute: false, self_deaf: true });

/** The guild is loaded again, and asked again. */
async function brought(one: OneGateway, session: SessionId): Promise<CarriedVoice | null | undefined> {
  [epoch, n] = [epoch + 1, 0];
  one.gateway.deliver({ what: 'placed', owner: GUILD, worker: '1.1', epoch }, '1.1');
  await one.clock.settle();
  return one.asks(GUILD, session).at(-1)?.carried?.voice;
}

describe('a session brings', () => {
  test('what the guild said of it last, whoever made it so and whether it is shown to him or not', async () => {
    const { one, visit, session } = await home();
    await wants(one, visit, '500');
    expect(await brought(one, session)).toBe(null);
    await said(one, session, '500');
    expect(await brought(one, session)).toEqual(HALL);
    await said(one, session, '501');
    await said(one, 'of somebody', '502', '77');
    expect(await brought(one, session)).toEqual({ channelId: '501', ...self });
    await said(one, session, null);
    expect(await brought(one, session)).toBe(null);
  });

  test('nothing when it has said that it leaves, or another session of his is there', async () => {
    const { one, visit, session } = await home();
    await said(one, session, '500');
    await wants(one, visit, null);
    expect(await brought(one, session)).toBe(null);
    await said(one, session, '500');
    await said(one, 'his other one', '501');
    expect(await brought(one, session)).toBe(null);
  });

  test("what the answer to its attach says: in a hole the guild's word may have been lost", async () => {
    const { one, session } = await home();
    await said(one, session, '499');
    expect(await brought(one, session)).toMatchObject({ channelId: '499' });
    n += 1;
    const next = { epoch, n, seq: seqOf(epoch, n) };
    const { ask } = one.asks(GUILD, session).at(-1) ?? { ask: 0 };
    const answer = { ask, session, hop: 0, mask: -1, missed: [], create: body('GUILD_CREATE'), guilds: null };
    await one.relay(GUILD, { kind: 'answer', ...answer, topics: [GUILD], voice: HALL }, next);
    expect(await brought(one, session)).toEqual(HALL);
  });

  test('it to the worker where it moves', async () => {
    const { one, visit: here, session } = await home();
    await said(one, session, '500');
    const s = here.socket.frames.at(-1)?.s ?? 0;
    const move = { session, s, to: '1.1', socket: 1, token: `hash of person ${USER}` };
    await one.residence({ r: 'locate', move });
    const [given] = one.said('session');
    expect(given?.message.data.voices).toEqual([[GUILD, HALL]]);

    const there = new OneGateway();
    const visit = there.connect();
    await there.say(visit, 6, { token: TOKEN, session_id: `1.1.1.x`, seq: s });
    const data = { ...given!.message.data, id: '1.1.1.x' };
    await there.residence({ r: 'session', move: { ...move, session: data.id, to: SELF }, data });
    expect(there.asks(GUILD, data.id).at(-1)?.carried?.voice).toEqual(HALL);
  });
});

test('a worker says of a load that takes over that its sessions have asked: behind their asks, those in voice first', async () => {
  const { one, session } = await home();
  const sessions = [session, (await one.atHome()).session, (await one.atHome()).session];
  n += 2;
  await said(one, sessions[1] ?? '', '500');
  one.told.length = 0;
  one.gateway.deliver({ what: 'placed', owner: GUILD, worker: '1.1', epoch: 99, takesOver: true }, '1.1');
  one.gateway.deliver({ what: 'placed', owner: 'g:404', worker: '1.1', epoch: 7, takesOver: true }, '1.1');
  await one.clock.settle();
  const order = one.told.map(([to, tell]) => [to, tell.kind === 'attach' ? sessions.indexOf(tell.ask.session) : tell]);
  expect(order).toEqual([
    [GUILD, 1],
    [GUILD, 0],
    [GUILD, 2],
    [GUILD, { kind: 'asked', worker: SELF, epoch: 99 }],
    ['g:404', { kind: 'asked', worker: SELF, epoch: 7 }],
  ]);
});

test('who is nowhere keeps nothing', () => {
  const voices = new Voices();
  voices.said(GUILD, HALL);
  expect([voices.get(GUILD), voices.all]).toEqual([HALL, [[GUILD, HALL]]]);
  voices.said(GUILD, null);
  voices.said('g:404', null);
  expect(voices).toEqual(new Voices());
});
