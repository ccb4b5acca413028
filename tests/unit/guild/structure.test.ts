import { describe, expect, test } from 'bun:test';
import {
  GuildChannelResponseSchema,
  GuildRoleResponseSchema,
  GuildWithCountsResponseSchema,
} from 'discord-api-spec/zod';
import { PermissionFlagsBits as P } from 'discord-api-types/v10';
import { BOUNDS } from '../../../src/guild/bounds.ts';
import type { Refusal } from '../../../src/protocol/errors.ts';
import { DEFAULT_EVERYONE } from '../../../src/protocol/permission-bits.ts';
import {
  ANN,
  type BareCommand,
  BEN,
  events,
  GUILD,
  kindsOfWrites,
  MOD,
  OWNER,
  refusedAs,
  STRANGER,
  story,
  World,
} from './world.ts';

const settled = () => {
  const world = new World();
  world.join(MOD, ANN, BEN);
  return world;
};
const overwrite = (id: string, allow: bigint, deny: bigint, type = 0) => ({
  id,
  type,
  allow: String(allow),
  deny: String(deny),
});

describe('a guild', () => {
  test('begins with @everyone, two categories, a text and a voice channel, and its owner', () => {
    const { state, created } = new World();
    expect([...state.channels.values()].map(({ name, type }) => [name, type])).toEqual([
      ['Text Channels', 4],
      ['general', 0],
      ['Voice Channels', 4],
      ['General', 2],
    ]);
    expect([...state.roles.values()].map(({ id, permissions }) => [id, permissions])).toEqual([
      [GUILD, String(DEFAULT_EVERYONE)],
    ]);
    expect(story(created)).toEqual(['join']);
    expect(kindsOfWrites(created)).toEqual([
      'putGuild',
      'putRole',
      ...Array.from({ length: 4 }, () => ['putChannel', 'putChannelOwner']).flat(),
      'putMember',
    ]);
    expect(created.tells).toEqual([
      { to: `u:${OWNER}`, command: { kind: 'guildJoined', guild: `g:${GUILD}`, seq: 100 }, durable: true },
    ]);
    expect(created.writes.at(-1)).toMatchObject({ w: 'putMember', seq: 100 });
    const reply = 'ok' in created.reply ? created.reply.ok : null;
    expect(GuildWithCountsResponseSchema.safeParse(reply).error).toBeUndefined();
  });

  test('ends for each member, by its owner alone', () => {
    const world = settled();
    expect(refusedAs(world.run(ANN, { kind: 'deleteGuild' }))).toBe('missingPermissions');
    expect(refusedAs(world.run(STRANGER, { kind: 'deleteGuild' }))).toBe('unknownGuild');
    const end = world.run(OWNER, { kind: 'deleteGuild' });
    expect(story(end)).toEqual(['leave', 'leave', 'leave', 'leave']);
    expect(end.tells.map(({ to, command }) => [to, command.kind])).toEqual(
      [OWNER, MOD, ANN, BEN].map((id) => [`u:${id}`, 'guildLeft']),
    );
    expect(kindsOfWrites(end)).toEqual(['deleteGuild']);
  });

  test('is changed by who manages it; null puts defaults back; named channels exist', () => {
    const world = settled();
    expect(refusedAs(world.run(ANN, { kind: 'updateGuild', patch: { name: 'x' } }))).toBe('missingPermissions');
    const changed = world.run(OWNER, { kind: 'updateGuild', patch: { name: 'New', verification_level: null } });
    expect(story(changed)).toEqual(['GUILD_UPDATE']);
    expect(JSON.parse(events(changed)[0]!.d)).toMatchObject({
      name: 'New',
      verification_level: 0,
      roles: [{ id: GUILD }],
    });
    const wrong = world.run(OWNER, { kind: 'updateGuild', patch: { afk_channel_id: world.byName('general') } });
    expect((wrong.reply as Refusal).fields?.[0]?.path).toEqual(['afk_channel_id']);
  });

  test('goes to another owner by its owner, never to a bot', () => {
    const world = settled();
    world.role('manager', P.ManageGuild, MOD);
    expect(refusedAs(world.run(MOD, { kind: 'updateGuild', patch: { owner_id: MOD } }))).toBe('missingPermissions');
    expect(refusedAs(world.run(OWNER, { kind: 'updateGuild', patch: { owner_id: STRANGER } }))).toBe('unknownMember');
    const den = world.channel('den', 0, { permission_overwrites: [overwrite(GUILD, 0n, P.ViewChannel)] });
    const given = world.run(OWNER, { kind: 'updateGuild', patch: { owner_id: ANN } });
    const moved = { gained: [ANN], lost: [OWNER] };
    expect(given.rows.slice(-2)).toMatchObject([
      { channel: den, ...moved },
      { channel: GUILD, ...moved },
    ]);
  });
});

describe('channels', () => {
  test('have the defaults of their type, a clean name and the next position', () => {
    const world = settled();
    const reply = world.ok<object>(OWNER, { kind: 'createChannel', draft: { name: 'Big Talk', type: 0 } });
    expect(reply).toMatchObject({
      name: 'big-talk',
      position: 1,
      permission_overwrites: [],
      topic: null,
      last_message_id: null,
    });
    for (const type of [0, 2, 4, 5]) {
      const made = world.ok(OWNER, { kind: 'createChannel', draft: { name: 'any', type } });
      expect(GuildChannelResponseSchema.safeParse(made).error).toBeUndefined();
    }
  });

  test('copy the overwrites of their category when they name none', () => {
    const world = settled();
    const parent = world.channel('staff', 4, { permission_overwrites: [overwrite(GUILD, 0n, P.ViewChannel)] });
    const child = world.channel('talk', 0, { parent_id: parent });
    expect(world.state.channels.get(child)?.permission_overwrites).toEqual([overwrite(GUILD, 0n, P.ViewChannel)]);
  });

  const refusals: readonly (readonly [string, string, BareCommand | ((w: World) => BareCommand), string])[] = [
    ['made without the bit', ANN, { kind: 'createChannel', draft: { name: 'x', type: 0 } }, 'missingPermissions'],
    ['made by a stranger', STRANGER, { kind: 'createChannel', draft: { name: 'x', type: 0 } }, 'unknownGuild'],
    ['made of an unknown type', OWNER, { kind: 'createChannel', draft: { name: 'x', type: 13 } }, 'invalidForm'],
    [
      'made under what is no category',
      OWNER,
      (w) => ({ kind: 'createChannel', draft: { name: 'x', type: 0, parent_id: w.byName('general') } }),
      'invalidForm',
    ],
    [
      'changed by a stranger',
      STRANGER,
      (w) => ({ kind: 'updateChannel', channelId: w.byName('general'), patch: {} }),
      'missingAccess',
    ],
    ['changed though unknown', OWNER, { kind: 'updateChannel', channelId: '1', patch: {} }, 'unknownChannel'],
    [
      'turned from text to voice',
      OWNER,
      (w) => ({ kind: 'updateChannel', channelId: w.byName('general'), patch: { type: 2 } }),
      'invalidForm',
    ],
    [
      'deleted without the bit',
      ANN,
      (w) => ({ kind: 'deleteChannel', channelId: w.byName('general') }),
      'missingPermissions',
    ],
    [
      'given an overwrite for nobody',
      OWNER,
      (w) => ({ kind: 'putOverwrite', channelId: w.byName('general'), overwrite: overwrite('77', 0n, 1n) }),
      'unknownOverwrite',
    ],
    [
      'freed of an overwrite that is not',
      OWNER,
      (w) => ({ kind: 'deleteOverwrite', channelId: w.byName('general'), targetId: '77' }),
      'unknownOverwrite',
    ],
  ];
  test.each(refusals)('are not %s', (_what, who, command, why) => {
    const world = settled();
    const decision = world.run(who, typeof command === 'function' ? command(world) : command);
    expect(refusedAs(decision)).toBe(why);
    expect([...decision.rows, ...decision.writes, ...decision.tells]).toEqual([]);
  });

  test('give only bits that the giver holds', () => {
    const world = settled();
    world.role('mod', P.ManageRoles | P.ManageChannels, MOD);
    const channelId = world.byName('general');
    const give = (bits: bigint) =>
      world.run(MOD, { kind: 'putOverwrite', channelId, overwrite: overwrite(ANN, bits, 0n, 1) });
    expect(refusedAs(give(P.BanMembers))).toBe('missingPermissions');
    expect(refusedAs(give(P.SendMessages))).toBe(null);
  });

  test('tell nothing of a hidden one', () => {
    const world = settled();
    world.role('mod', P.ManageChannels, MOD);
    const den = world.channel('den', 0, { permission_overwrites: [overwrite(GUILD, 0n, P.ViewChannel)] });
    expect(refusedAs(world.run(MOD, { kind: 'deleteChannel', channelId: den }))).toBe('missingAccess');
  });

  test('leave with their invites, voices, children and settings', () => {
    const world = settled();
    const general = world.byName('general');
    world.ok(OWNER, {
      kind: 'createInvite',
      channelId: general,
      code: 'abc',
      maxAge: 0,
      maxUses: 0,
      temporary: false,
      unique: true,
    });
    const gone = world.run(OWNER, { kind: 'deleteChannel', channelId: general });
    expect(story(gone)).toEqual(['INVITE_DELETE', 'CHANNEL_DELETE', 'GUILD_UPDATE']);
    expect(world.state.guild.system_channel_id).toBe(null);
    const voice = world.byName('General');
    world.ok(ANN, {
      kind: 'voiceState',
      session: 's',
      channelId: voice,
      selfMute: false,
      selfDeaf: false,
      selfVideo: false,
    });
    expect(story(world.run(OWNER, { kind: 'deleteChannel', channelId: voice }))).toEqual([
      'VOICE_STATE_UPDATE',
      'CHANNEL_DELETE',
    ]);
    const category = world.byName('Voice Channels');
    const child = world.channel('late', 2, { parent_id: category });
    expect(story(world.run(OWNER, { kind: 'deleteChannel', channelId: category }))).toEqual([
      'CHANNEL_UPDATE',
      'CHANNEL_DELETE',
    ]);
    expect(world.state.channels.get(child)?.parent_id).toBe(null);
  });

  test('are sorted together, and put in step with a category', () => {
    const world = settled();
    const staff = world.channel('staff', 4, { permission_overwrites: [overwrite(GUILD, 0n, P.ViewChannel)] });
    const general = world.byName('general');
    const moves = [{ id: general, position: 3, parent_id: staff, lock_permissions: true }];
    const moved = world.run(OWNER, { kind: 'moveChannels', moves });
    expect(story(moved)).toEqual(['+0-3', 'CHANNEL_UPDATE']);
    expect(world.state.channels.get(general)).toMatchObject({ position: 3, parent_id: staff });
  });

  test('are no more than the bound', () => {
    const world = new World();
    while (world.state.channels.size < BOUNDS.channels) world.channel('more');
    expect(refusedAs(world.run(OWNER, { kind: 'createChannel', draft: { name: 'x', type: 0 } }))).toBe('maxChannels');
  });
});

describe('roles', () => {
  test('begin at the bottom with the permissions of everyone', () => {
    const world = settled();
    const role = world.ok<object>(OWNER, { kind: 'createRole', patch: { name: 'blue', color: 255 } });
    expect(role).toMatchObject({
      name: 'blue',
      color: 255,
      colors: { primary_color: 255 },
      position: 1,
      permissions: String(DEFAULT_EVERYONE),
    });
    expect(GuildRoleResponseSchema.safeParse(role).error).toBeUndefined();
  });

  test('are given, changed, sorted and deleted only from above and only with bits one holds', () => {
    const world = settled();
    const low = world.role('low', 0n, BEN);
    const mod = world.role('mod', P.ManageRoles | P.KickMembers, MOD);
    const top = world.role('top', 0n, ANN);
    const moves = [low, mod, top].map((id, i) => ({ id, position: i + 1 }));
    expect(story(world.run(OWNER, { kind: 'moveRoles', moves }))).toEqual(['GUILD_ROLE_UPDATE', 'GUILD_ROLE_UPDATE']);
    const table: readonly (readonly [BareCommand, string | null])[] = [
      [{ kind: 'updateRole', roleId: low, patch: { name: 'lower' } }, null],
      [{ kind: 'updateRole', roleId: low, patch: { permissions: String(P.KickMembers) } }, null],
      [{ kind: 'updateRole', roleId: low, patch: { permissions: String(P.BanMembers) } }, 'missingPermissions'],
      [{ kind: 'updateRole', roleId: mod, patch: { name: 'x' } }, 'missingPermissions'],
      [{ kind: 'updateRole', roleId: top, patch: { name: 'x' } }, 'missingPermissions'],
      [{ kind: 'updateRole', roleId: '77', patch: { name: 'x' } }, 'unknownRole'],
      [{ kind: 'addMemberRole', userId: ANN, roleId: low }, null],
      [{ kind: 'addMemberRole', userId: BEN, roleId: top }, 'missingPermissions'],
      [{ kind: 'removeMemberRole', userId: ANN, roleId: top }, 'missingPermissions'],
      [{ kind: 'updateMember', userId: BEN, patch: { roles: [low, top] } }, 'missingPermissions'],
      [{ kind: 'moveRoles', moves: [{ id: low, position: 3 }] }, 'missingPermissions'],
      [{ kind: 'deleteRole', roleId: top }, 'missingPermissions'],
      [{ kind: 'deleteRole', roleId: GUILD }, 'invalidRole'],
      [{ kind: 'createRole', patch: { permissions: String(P.Administrator) } }, 'missingPermissions'],
    ];
    for (const [command, why] of table) expect([command, refusedAs(world.run(MOD, command))]).toEqual([command, why]);
  });

  test('leave members and overwrites', () => {
    const world = settled();
    const role = world.role('staff', 0n, ANN);
    const rules = [overwrite(GUILD, 0n, P.ViewChannel), overwrite(role, P.ViewChannel, 0n)];
    const den = world.channel('den', 0, { permission_overwrites: rules });
    const gone = world.run(OWNER, { kind: 'deleteRole', roleId: role });
    expect(story(gone)).toEqual(['GUILD_ROLE_DELETE', '+0-1']);
    expect(gone.rows[1]).toMatchObject({ channel: den, lost: [ANN] });
    expect(kindsOfWrites(gone)).toEqual(['deleteRole', 'putChannel', 'putMember']);
    expect(world.state.members.get(ANN)?.roles).toEqual([]);
  });

  test('are no more than the bound', () => {
    const world = new World();
    while (world.state.roles.size < BOUNDS.roles) world.role('more', 0n);
    expect(refusedAs(world.run(OWNER, { kind: 'createRole', patch: {} }))).toBe('maxRoles');
  });
});
