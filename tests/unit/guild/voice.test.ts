import { describe, expect, test } from 'bun:test';
import { VoiceStateResponseSchema } from 'discord-api-spec/zod';
import { GatewayIntentBits as I, PermissionFlagsBits as P } from 'discord-api-types/v10';
import { answer } from '../../../src/guild/questions.ts';
import { carriedVoice } from '../../../src/guild/voice-commands.ts';
import { ANN, BEN, BOT, events, GUILD, OWNER, refusedAs, START, STRANGER, settled, story, zulu } from './world.ts';

const voice = (channelId: string | null, session = 's1') =>
  ({ kind: 'voiceState', session, channelId, selfMute: false, selfDeaf: false, selfVideo: false }) as const;

describe('voice states', () => {
  test('are said to those who see the channel', () => {
    const world = settled();
    const hall = world.byName('General');
    const den = world.channel('den', 2, {
      permission_overwrites: [{ id: GUILD, type: 0, allow: '0', deny: String(P.ViewChannel) }],
    });
    const joined = world.run(BOT, voice(hall));
    expect(events(joined)[0]).toMatchObject({
      t: 'VOICE_STATE_UPDATE',
      topic: `g:${GUILD}`,
      full: [BOT],
      cls: I.GuildVoiceStates,
      note: null,
    });
    expect(VoiceStateResponseSchema.safeParse(zulu(JSON.parse(events(joined)[0]!.d))).error).toBeUndefined();
    expect(refusedAs(world.run(ANN, voice(den)))).toBe('missingAccess');
    world.ok(OWNER, voice(hall));
    const moved = world.run(OWNER, voice(den));
    expect(events(moved).map(({ topic, d }) => [topic, (JSON.parse(d) as { channel_id: string }).channel_id])).toEqual([
      [`g:${GUILD}`, null as never],
      [`c:${den}`, den],
    ]);
    expect(answer(world.state, { ask: 'voiceState', by: ANN, userId: OWNER }, START)).toEqual({
      refused: 'unknownVoiceState',
    });
  });

  test('need CONNECT and room, and end with their session', () => {
    const world = settled();
    const small = world.channel('small', 2, { user_limit: 1 });
    const shut = world.channel('shut', 2, {
      permission_overwrites: [{ id: GUILD, type: 0, allow: '0', deny: String(P.Connect) }],
    });
    world.ok(ANN, voice(small));
    expect(refusedAs(world.run(BEN, voice(small)))).toBe('missingPermissions');
    expect(refusedAs(world.run(BEN, voice(shut)))).toBe('missingPermissions');
    expect(refusedAs(world.run(BEN, voice(world.byName('general'))))).toBe('wrongChannelType');
    expect(world.run('0', { kind: 'voiceGone', user: ANN, session: 'other' }).rows).toEqual([]);
    expect(story(world.run('0', { kind: 'voiceGone', user: ANN, session: 's1' }))).toEqual(['VOICE_STATE_UPDATE']);
    expect(world.state.voice.size).toBe(0);
  });
});

describe('a voice state that a session brings to the next load', () => {
  const self = { selfMute: true, selfDeaf: false, selfVideo: false };
  const carried = (channelId: string, user = ANN, session = 's1') =>
    ({ kind: 'voiceCarried', user, session, voice: { channelId, ...self } }) as const;

  test('is in the snapshots, which all get: while nobody has one, it is no event', () => {
    const world = settled();
    const hall = world.byName('General');
    world.unheard = true;
    expect(world.decide(carried(hall)).rows).toEqual([]);
    const said = answer(world.state, { ask: 'voiceState', by: BEN, userId: ANN }, START);
    expect(said).toMatchObject({ ok: { channel_id: hall, session_id: 's1', self_mute: true } });
    world.unheard = false;
    expect(story(world.decide(carried(hall, BEN, 's2')))).toEqual(['VOICE_STATE_UPDATE']);
    expect(carriedVoice(world.state, 's1', ANN)).toEqual({ channelId: hall, ...self });
    expect([carriedVoice(world.state, 's2', ANN), carriedVoice(world.state, 's1', BEN)]).toEqual([null, null]);
  });

  test('is that of the first session that brings one: an older session may remember another place', () => {
    const world = settled();
    const [hall, other] = [world.byName('General'), world.channel('other', 2)];
    world.unheard = true;
    world.decide(carried(hall));
    world.decide(carried(other, ANN, 's2'));
    expect(world.state.voice.get(ANN)).toMatchObject({ channelId: hall, session: 's1' });
  });

  test('counts less than what was said to this load, and needs the channel and the membership', () => {
    const world = settled();
    const [hall, other] = [world.byName('General'), world.channel('other', 2)];
    world.ok(ANN, voice(other, 's9'));
    world.decide(carried(hall));
    expect(world.state.voice.get(ANN)).toMatchObject({ channelId: other, session: 's9' });
    for (const none of [carried(hall, STRANGER), carried('77', BEN), carried(world.byName('general'), BEN)]) {
      expect(world.decide(none)).toMatchObject({ reply: { ok: null }, rows: [] });
    }
    expect([...world.state.voice.keys()]).toEqual([ANN]);
  });

  test('is taken once, and not after he was sent out or has left: what it says is older', () => {
    const world = settled();
    const hall = world.byName('General');
    world.decide(carried(hall));
    world.ok('0', { kind: 'updateMember', userId: ANN, patch: { channel_id: null } });
    world.decide(carried(hall));
    world.ok(BEN, voice(hall, 's2'));
    world.ok(BEN, { ...voice(hall, 's2'), channelId: null });
    world.decide(carried(hall, BEN, 's2'));
    expect([...world.state.voice.keys()]).toEqual([]);
  });

  test('asks for no permission and no room: he was in before', () => {
    const world = settled();
    const overwrites = [{ id: GUILD, type: 0, allow: '0', deny: String(P.Connect) }] as const;
    const shut = world.channel('shut', 2, { user_limit: 1, permission_overwrites: overwrites });
    for (const user of [ANN, BEN]) world.decide(carried(shut, user));
    expect([...world.state.voice.keys()]).toEqual([ANN, BEN]);
  });
});
