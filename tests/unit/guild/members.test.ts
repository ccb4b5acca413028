import { describe, expect, test } from 'bun:test';
import { GuildBanResponseSchema, GuildInviteResponseSchema, GuildMemberResponseSchema } from 'discord-api-spec/zod';
import { GatewayIntentBits as I, PermissionFlagsBits as P } from 'discord-api-types/v10';
import { BOUNDS } from '../../../src/guild/bounds.ts';
import { needs } from '../../../src/guild/decide.ts';
import { answer } from '../../../src/guild/questions.ts';
import { LARGE_PRESENCES, LARGE_TYPING, PERSON_EVENTS, tokenMask } from '../../../src/protocol/events.ts';
import { snowflakeAt } from '../../../src/protocol/snowflake.ts';
import {
  ANN,
  type BareCommand,
  BEN,
  BOT,
  by,
  events,
  GUILD,
  kindsOfWrites,
  MOD,
  OWNER,
  refusedAs,
  START,
  STRANGER,
  settled,
  story,
  user,
  World,
  zulu,
} from './world.ts';

const invite = (channelId: string, more: object = {}) =>
  ({
    kind: 'createInvite',
    channelId,
    code: 'abc',
    maxAge: 60,
    maxUses: 0,
    temporary: false,
    unique: true,
    ...more,
  }) as const;

describe('members', () => {
  test('join with a row before the event, are told, and stored with that row; a second time nothing happens', () => {
    const world = new World();
    const joined = world.run('0', { kind: 'addMember', user: user(ANN) });
    expect(story(joined)).toEqual(['join', 'GUILD_MEMBER_ADD']);
    expect(joined.writes).toMatchObject([{ w: 'putMember', seq: 101 }]);
    expect(joined.tells).toMatchObject([{ to: `u:${ANN}`, command: { kind: 'guildJoined', seq: 101 }, durable: true }]);
    expect(JSON.parse(events(joined)[0]!.d)).toMatchObject({ guild_id: GUILD, user: { id: ANN }, roles: [] });
    const again = world.run('0', { kind: 'addMember', user: user(ANN) });
    expect(again.rows).toEqual([]);
    expect(
      GuildMemberResponseSchema.safeParse(zulu('ok' in again.reply ? again.reply.ok : null)).error,
    ).toBeUndefined();
  });

  test('leave before the others hear it; the owner stays', () => {
    const world = settled();
    const left = world.run(ANN, { kind: 'removeMember', userId: ANN });
    expect(story(left)).toEqual(['leave', 'GUILD_MEMBER_REMOVE']);
    expect(left.tells).toMatchObject([{ to: `u:${ANN}`, command: { kind: 'guildLeft' }, durable: true }]);
    expect(kindsOfWrites(left)).toEqual(['deleteMember']);
    expect(refusedAs(world.run(OWNER, { kind: 'removeMember', userId: OWNER }))).toBe('missingPermissions');
  });

  test('are acted on only from above', () => {
    const world = settled();
    world.role('mod', P.KickMembers | P.BanMembers | P.ManageNicknames | P.ModerateMembers | P.MuteMembers, MOD, BEN);
    const soon = new Date(START + 60_000).toISOString();
    const late = new Date(START + BOUNDS.timeoutMs + 1000).toISOString();
    const table: readonly (readonly [string, BareCommand, string | null])[] = [
      [ANN, { kind: 'removeMember', userId: BOT }, 'missingPermissions'],
      [STRANGER, { kind: 'removeMember', userId: BOT }, 'unknownGuild'],
      [MOD, { kind: 'removeMember', userId: STRANGER }, 'unknownMember'],
      [MOD, { kind: 'removeMember', userId: OWNER }, 'missingPermissions'],
      [MOD, { kind: 'removeMember', userId: BEN }, 'missingPermissions'],
      [MOD, { kind: 'ban', user: user(BEN), deleteMessageSeconds: 0 }, 'missingPermissions'],
      [MOD, { kind: 'ban', user: user(MOD), deleteMessageSeconds: 0 }, 'missingPermissions'],
      [MOD, { kind: 'updateMember', userId: BEN, patch: { nick: 'x' } }, 'missingPermissions'],
      [MOD, { kind: 'updateMember', userId: BEN, patch: { communication_disabled_until: soon } }, 'missingPermissions'],
      [MOD, { kind: 'updateMember', userId: ANN, patch: { communication_disabled_until: late } }, 'invalidForm'],
      [MOD, { kind: 'updateMember', userId: ANN, patch: { communication_disabled_until: soon } }, null],
      [MOD, { kind: 'updateMember', userId: ANN, patch: { nick: 'x' } }, null],
      [ANN, { kind: 'updateMember', userId: MOD, patch: { nick: 'x' } }, 'missingPermissions'],
      [BEN, { kind: 'updateMember', userId: BEN, patch: { nick: 'me' } }, null],
      [MOD, { kind: 'updateMember', userId: ANN, patch: { mute: true } }, 'notInVoice'],
      [ANN, { kind: 'updateMember', userId: BOT, patch: { mute: true } }, 'missingPermissions'],
      [MOD, { kind: 'removeMember', userId: ANN }, null],
    ];
    for (const [who, command, why] of table)
      expect([command, refusedAs(world.run(who, command))]).toEqual([command, why]);
  });

  test('keep the row of their join when they change; a bot gets its own change whole', () => {
    const world = settled();
    const role = world.role('blue', 0n);
    const changed = world.run(OWNER, { kind: 'addMemberRole', userId: BOT, roleId: role });
    expect(changed.writes).toMatchObject([{ w: 'putMember', seq: 0 }]);
    expect(events(changed)[0]).toMatchObject({ t: 'GUILD_MEMBER_UPDATE', full: [BOT] });
    expect(world.run(OWNER, { kind: 'addMemberRole', userId: BOT, roleId: role }).rows).toEqual([]);
    expect(world.run(OWNER, { kind: 'updateMember', userId: BOT, patch: { roles: [role] } }).rows).toEqual([]);
    const renamed = world.run('0', { kind: 'userChanged', user: { ...user(ANN), username: 'anna' } });
    expect(JSON.parse(events(renamed)[0]!.d)).toMatchObject({ user: { username: 'anna' } });
  });
});

describe('bans', () => {
  test('make the member leave, keep him out, and end', () => {
    const world = settled();
    const banned = world.run(OWNER, { kind: 'ban', user: user(ANN), deleteMessageSeconds: 0 });
    expect(story(banned)).toEqual(['leave', 'GUILD_MEMBER_REMOVE', 'GUILD_BAN_ADD']);
    expect(refusedAs(world.run('0', { kind: 'addMember', user: user(ANN) }))).toBe('userBanned');
    world.ok(OWNER, invite(world.byName('general')));
    expect(refusedAs(world.run(ANN, { kind: 'useInvite', code: 'abc' }))).toBe('userBanned');
    const one = answer(world.state, { ask: 'ban', by: OWNER, userId: ANN }, START);
    expect(GuildBanResponseSchema.safeParse('ok' in one ? one.ok : null).error).toBeUndefined();
    expect(story(world.run(OWNER, { kind: 'unban', userId: ANN }))).toEqual(['GUILD_BAN_REMOVE']);
    expect(refusedAs(world.run(OWNER, { kind: 'unban', userId: ANN }))).toBe('unknownBan');
  });

  test('delete what he wrote, once the store has said what that is', () => {
    const world = settled();
    const command = { kind: 'ban', by: by(OWNER), user: user(ANN), deleteMessageSeconds: 60 } as const;
    const asked = needs(world.state, command, START);
    expect(asked).toMatchObject([{ need: 'authored', author: ANN, since: snowflakeAt(START - 60_000) }]);
    const channelId = world.byName('general');
    const ids = Array.from({ length: 150 }, (_, i) => String(1_390_000_000_000_000_000n + BigInt(i)));
    world.state.messages.supply(
      asked[0]!,
      ids.map((id, i) => ({ channelId, id, files: i < 2 ? [`9${i}`] : [] })),
    );
    const banned = world.decide(command);
    expect(story(banned)).toEqual([
      'leave',
      'GUILD_MEMBER_REMOVE',
      'GUILD_BAN_ADD',
      'MESSAGE_DELETE_BULK',
      'MESSAGE_DELETE_BULK',
    ]);
    expect(banned.reply).toEqual({ ok: [{ channelId, ids: ['90', '91'] }] });
    expect(banned.writes.at(-1)).toEqual({ w: 'deleteMessages', channelId, ids });
    expect(
      events(banned)
        .slice(-2)
        .flatMap(({ d }) => (JSON.parse(d) as { ids: string[] }).ids),
    ).toEqual(ids);
  });
});

describe('invites', () => {
  test('are made, found, used up and gone', () => {
    const world = settled();
    const channelId = world.byName('general');
    const made = world.run(ANN, invite(channelId, { maxUses: 1 }));
    expect(story(made)).toEqual(['INVITE_CREATE']);
    expect(GuildInviteResponseSchema.safeParse(zulu('ok' in made.reply ? made.reply.ok : null)).error).toBeUndefined();
    const public_ = answer(world.state, { ask: 'invite', code: 'abc', withCounts: true }, START);
    expect(public_).toMatchObject({ ok: { code: 'abc', approximate_member_count: 5 } });
    const used = world.run(STRANGER, { kind: 'useInvite', code: 'abc' });
    expect(story(used)).toEqual(['join', 'GUILD_MEMBER_ADD', 'INVITE_DELETE']);
    expect(refusedAs(world.run(STRANGER, { kind: 'useInvite', code: 'abc' }))).toBe('unknownInvite');
  });

  test('end with their time, are not for bots, and equal ones are one', () => {
    const world = settled();
    const channelId = world.byName('general');
    world.ok(ANN, invite(channelId, { unique: false }));
    expect(world.ok<{ code: string }>(ANN, invite(channelId, { unique: false, code: 'other' })).code).toBe('abc');
    expect(refusedAs(world.run(BOT, { kind: 'useInvite', code: 'abc' }))).toBe('botsForbidden');
    world.now += 60_000;
    expect(refusedAs(world.run(STRANGER, { kind: 'useInvite', code: 'abc' }))).toBe('unknownInvite');
    expect(answer(world.state, { ask: 'invite', code: 'abc', withCounts: false }, world.now)).toEqual({
      refused: 'unknownInvite',
    });
    expect(refusedAs(world.run(BEN, { kind: 'deleteInvite', code: 'abc' }))).toBe('missingPermissions');
    expect(story(world.run(OWNER, { kind: 'deleteInvite', code: 'abc' }))).toEqual(['INVITE_DELETE']);
  });
});

describe('presence', () => {
  const seen = (status: 'online' | 'offline', version: number, who = ANN) =>
    ({ kind: 'presence', user: who, version, presence: { status, activities: '[]', client_status: {} } }) as const;

  test('is no event while nobody has been answered in this load: it is in the snapshots', () => {
    const world = settled();
    world.unheard = true;
    expect(world.decide(seen('online', 1)).rows).toEqual([]);
    world.unheard = false;
    expect(world.state.presences.get(ANN)?.presence.status).toBe('online');
    expect(world.decide(seen('online', 2)).rows).toEqual([]);
    expect(story(world.decide(seen('offline', 3)))).toEqual(['PRESENCE_UPDATE']);
  });

  test('is told once per change, never back in time, and only of members', () => {
    const world = settled();
    const online = world.run('0', seen('online', 2));
    expect(events(online)[0]).toMatchObject({
      t: 'PRESENCE_UPDATE',
      cls: I.GuildPresences,
      note: null,
      topic: `g:${GUILD}`,
    });
    expect(JSON.parse(events(online)[0]!.d)).toMatchObject({ guild_id: GUILD, user: { id: ANN }, status: 'online' });
    expect(world.run('0', seen('offline', 1)).rows).toEqual([]);
    expect(world.run('0', seen('online', 3)).rows).toEqual([]);
    expect(world.run('0', seen('online', 1, STRANGER)).rows).toEqual([]);
    expect(story(world.run('0', seen('offline', 4)))).toEqual(['PRESENCE_UPDATE']);
    expect(world.state.presences.size).toBe(0);
  });

  test('that sessions bring to a load one by one is that of the most present: the first one counted, for ever', () => {
    const world = settled();
    const brought = (status: 'online' | 'idle', client: string) =>
      world.run('0', {
        kind: 'presence',
        user: ANN,
        version: 0,
        presence: { status, activities: '[]', client_status: { [client]: status } },
      });
    const shown = () => world.state.presences.get(ANN)?.presence;
    expect(story(brought('idle', 'web'))).toEqual(['PRESENCE_UPDATE']);
    expect(story(brought('online', 'desktop'))).toEqual(['PRESENCE_UPDATE']);
    expect(shown()).toMatchObject({ status: 'online', client_status: { desktop: 'online', web: 'idle' } });
    expect(brought('idle', 'web').rows).toEqual([]);
    world.run('0', seen('online', 5));
    expect(brought('idle', 'web').rows).toEqual([]);
    expect(shown()).toMatchObject({ status: 'online', client_status: {} });
    world.run('0', seen('offline', 6));
    expect(shown()).toBeUndefined();
  });

  test('and typing go in a large guild only to bots that asked', () => {
    const world = new World();
    for (let i = 0; i <= BOUNDS.largeMembers; i += 1) world.join(String(1_400_000_000_000_000_000n + BigInt(i)));
    const online = events(world.run('0', seen('online', 1, OWNER)))[0]?.cls ?? 0;
    const typing =
      events(world.decide({ kind: 'typing', by: by(OWNER), channelId: world.byName('general') }))[0]?.cls ?? 0;
    expect([online, typing]).toEqual([LARGE_PRESENCES, LARGE_TYPING]);
    expect([tokenMask(I.GuildPresences) & online, tokenMask(I.GuildMessageTyping) & typing]).toEqual([online, typing]);
    expect([tokenMask(I.Guilds) & online, PERSON_EVENTS & online, PERSON_EVENTS & typing]).toEqual([0, 0, 0]);
  });
});

describe('member chunks', () => {
  interface Chunk {
    readonly members: { readonly user: { readonly id: string } }[];
    readonly chunk_index: number;
    readonly chunk_count: number;
    readonly not_found?: string[];
    readonly presences?: unknown[];
    readonly nonce?: string;
  }
  const request = (more: object = {}) =>
    ({
      kind: 'requestMembers',
      session: 'x',
      intents: I.GuildMembers | I.GuildPresences,
      query: '',
      limit: 0,
      userIds: null,
      presences: false,
      nonce: 'n',
      ...more,
    }) as const;
  const chunks = (world: World, more: object = {}): Chunk[] =>
    events(world.run(BOT, request(more))).map(({ d }) => JSON.parse(d) as Chunk);

  test('hold at most 1000 members each, all of them once, under the topic of the session', () => {
    const world = settled();
    for (let i = 0; i < 2000; i += 1) world.join(String(1_400_000_000_000_000_000n + BigInt(i)));
    const all = chunks(world);
    expect(all.map((c) => [c.members.length, c.chunk_index, c.chunk_count, c.nonce])).toEqual([
      [1000, 0, 3, 'n'],
      [1000, 1, 3, 'n'],
      [5, 2, 3, 'n'],
    ]);
    expect(new Set(all.flatMap((c) => c.members.map((m) => m.user.id))).size).toBe(2005);
    expect(events(world.run(BOT, request()))[0]).toMatchObject({ topic: 's:x', cls: 0, note: null });
  });

  test('answer names, ids and nothing, always with one chunk', () => {
    const world = settled();
    world.run('0', {
      kind: 'presence',
      user: ANN,
      version: 1,
      presence: { status: 'dnd', activities: '[]', client_status: {} },
    });
    expect(chunks(world, { query: 'USER003', limit: 5 })).toMatchObject([
      { members: [{ user: { id: ANN } }], chunk_count: 1 },
    ]);
    expect(chunks(world, { query: 'nobody', limit: 5, nonce: null })).toEqual([
      { guild_id: GUILD, members: [], chunk_index: 0, chunk_count: 1 } as never,
    ]);
    const named = chunks(world, { query: null, userIds: [ANN, STRANGER], presences: true });
    expect(named).toMatchObject([
      { members: [{ user: { id: ANN } }], not_found: [STRANGER], presences: [{ status: 'dnd' }] },
    ]);
    expect(chunks(world, { userIds: [ANN], presences: true, intents: I.GuildMembers })[0]?.presences).toBeUndefined();
    expect(refusedAs(world.run(BOT, request({ intents: I.Guilds })))).toBe('missingAccess');
    expect(refusedAs(world.run(STRANGER, request()))).toBe('unknownGuild');
  });
});
