import { describe, expect, test } from 'bun:test';
import {
  type GatewayGuildCreateDispatchData,
  GatewayIntentBits as I,
  PermissionFlagsBits as P,
} from 'discord-api-types/v10';
import fc from 'fast-check';
import { BOUNDS } from '../../../src/guild/bounds.ts';
import { snapshot } from '../../../src/guild/snapshot.ts';
import type { UserPresence } from '../../../src/protocol/commands.ts';
import { ANN, type BareCommand, BEN, BOT, GUILD, OWNER, PERSON_ASK, user, World } from './world.ts';

const DENY = [{ id: GUILD, type: 0 as const, allow: '0', deny: String(P.ViewChannel) }];

const settled = () => {
  const world = new World();
  world.join(ANN, BEN, BOT);
  for (const user of [ANN, BEN]) {
    world.run('0', {
      kind: 'presence',
      user,
      version: 1,
      presence: { status: 'idle', activities: '[{"name":"x","type":0}]', client_status: { web: 'idle' } },
    });
  }
  return world;
};
const take = (world: World, user: string, ask: { mask: number; person: boolean } = PERSON_ASK) =>
  JSON.parse(snapshot(world.state, { user, ...ask }).d) as GatewayGuildCreateDispatchData & Record<string, unknown>;
const bot = (mask: number) => ({ mask, person: false });

describe('GUILD_CREATE', () => {
  test('has every key that a client dies without (wire-rules.md, fields)', () => {
    const d = take(settled(), ANN);
    const arrays = [
      'roles',
      'channels',
      'threads',
      'guild_scheduled_events',
      'emojis',
      'voice_states',
      'members',
      'presences',
      'stage_instances',
      'stickers',
      'soundboard_sounds',
      'features',
    ];
    for (const key of arrays) expect([key, Array.isArray(d[key])]).toEqual([key, true]);
    const scalars = [
      'name',
      'owner_id',
      'afk_timeout',
      'verification_level',
      'default_message_notifications',
      'explicit_content_filter',
      'mfa_level',
      'nsfw_level',
      'preferred_locale',
      'premium_progress_bar_enabled',
      'premium_tier',
      'system_channel_flags',
      'joined_at',
      'large',
      'member_count',
      'id',
    ];
    for (const key of scalars) expect([key, d[key] ?? null]).not.toEqual([key, null]);
    expect(d.unavailable).toBe(false);
    expect(d.joined_at).toBe(d.members.find(({ user }) => user.id === ANN)?.joined_at ?? '');
    for (const role of d.roles) {
      expect(Object.keys(role)).toEqual(
        expect.arrayContaining([
          'id',
          'name',
          'color',
          'colors',
          'hoist',
          'position',
          'permissions',
          'managed',
          'mentionable',
          'flags',
        ]),
      );
      expect(typeof role.permissions).toBe('string');
    }
    for (const member of d.members)
      expect(Object.keys(member)).toEqual(
        expect.arrayContaining(['user', 'roles', 'joined_at', 'deaf', 'mute', 'flags']),
      );
    expect(d.channels.filter(({ type }) => type === 2)).toMatchObject([
      { bitrate: 64_000, user_limit: 0, position: 0 },
    ]);
  });

  test('hides what he does not see, and who speaks there', () => {
    const world = settled();
    const den = world.channel('den', 2, { permission_overwrites: DENY });
    world.ok(OWNER, {
      kind: 'voiceState',
      session: 's',
      channelId: den,
      selfMute: true,
      selfDeaf: false,
      selfVideo: false,
    });
    expect(take(world, OWNER).channels.map(({ id }) => id)).toContain(den);
    expect(take(world, OWNER).voice_states).toMatchObject([{ channel_id: den, user_id: OWNER, self_mute: true }]);
    expect(take(world, OWNER).voice_states[0]).not.toContainAnyKeys(['guild_id', 'member']);
    expect(take(world, ANN).channels.map(({ id }) => id)).not.toContain(den);
    expect(take(world, ANN).voice_states).toEqual([]);
  });

  test('lists members and presences as the intents allow', () => {
    const world = settled();
    const ids = (ask: { mask: number; person: boolean }) => take(world, BOT, ask).members.map(({ user }) => user.id);
    expect(ids(bot(I.Guilds))).toEqual([BOT]);
    world.ok(ANN, {
      kind: 'voiceState',
      session: 's',
      channelId: world.byName('General'),
      selfMute: false,
      selfDeaf: false,
      selfVideo: false,
    });
    expect(ids(bot(I.Guilds | I.GuildMembers))).toEqual([BOT, ANN]);
    expect(ids(bot(I.Guilds | I.GuildPresences))).toHaveLength(4);
    expect(take(world, BOT, bot(I.Guilds)).presences).toEqual([]);
    expect(take(world, BOT, bot(I.GuildPresences)).presences).toMatchObject([
      { user: { id: ANN }, status: 'idle', activities: [{ name: 'x' }] },
      { user: { id: BEN } },
    ]);
    expect(take(world, ANN).members).toHaveLength(4);
  });

  test('of a large guild lists himself, says so, and counts all', () => {
    const world = settled();
    for (let i = 0; i < BOUNDS.largeMembers; i += 1) world.join(String(1_400_000_000_000_000_000n + BigInt(i)));
    const d = take(world, ANN);
    expect([d.large, d.member_count, d.members.map(({ user }) => user.id)]).toEqual([
      true,
      BOUNDS.largeMembers + 4,
      [ANN],
    ]);
  });

  test('is what a state of which nothing is kept would give, whatever happened in between', () => {
    const who = fc.constantFrom(ANN, BEN, BOT);
    const presence = (user: string, status: UserPresence['status'], version: number): BareCommand => ({
      ...{ kind: 'presence', user, version },
      presence: { status, activities: '[]', client_status: {} },
    });
    const step: fc.Arbitrary<(world: World, at: number) => void> = fc.oneof(
      who.map((id) => (world: World) => void world.run('0', { kind: 'addMember', user: user(id) })),
      who.map((userId) => (world: World) => void world.run(OWNER, { kind: 'removeMember', userId })),
      fc.tuple(who, fc.constantFrom('a', 'b')).map(
        ([userId, nick]) =>
          (world: World) =>
            void world.run(OWNER, { kind: 'updateMember', userId, patch: { nick } }),
      ),
      fc.tuple(who, fc.constantFrom('online' as const, 'idle' as const, 'offline' as const)).map(
        ([user, status]) =>
          (world: World, at: number) =>
            void world.run('0', presence(user, status, 2 + at)),
      ),
      fc.constant(() => {}),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const world = settled();
        for (const [at, run] of steps.entries()) {
          run(world, at);
          for (const ask of [PERSON_ASK, bot(I.Guilds), bot(I.Guilds | I.GuildPresences)]) {
            const of = { user: OWNER, ...ask };
            expect(snapshot(world.state, of).d).toBe(snapshot({ ...world.state }, of).d);
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  test('shows what changed since the last one', () => {
    const world = settled();
    expect(take(world, ANN).name).toBe('Home');
    world.ok(OWNER, { kind: 'updateGuild', patch: { name: 'Away' } });
    world.ok(OWNER, { kind: 'updateMember', userId: ANN, patch: { nick: 'annie' } });
    world.ok(OWNER, { kind: 'updateChannel', channelId: world.byName('general'), patch: { topic: 'news' } });
    const d = take(world, ANN);
    expect(d.name).toBe('Away');
    expect(d.members.find(({ user }) => user.id === ANN)?.nick).toBe('annie');
    expect(d.channels).toContainEqual(expect.objectContaining({ name: 'general', topic: 'news' }));
  });
});
