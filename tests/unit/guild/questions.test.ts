import { describe, expect, test } from 'bun:test';
import { GuildPreviewResponseSchema } from 'discord-api-spec/zod';
import { PermissionFlagsBits as P } from 'discord-api-types/v10';
import { answer } from '../../../src/guild/questions.ts';
import type { Question } from '../../../src/protocol/commands.ts';
import type { Snowflake } from '../../../src/protocol/ids.ts';
import { ANN, BEN, GUILD, MOD, OWNER, START, STRANGER, user, World } from './world.ts';

const DENY = (bits: bigint) => [{ id: GUILD, type: 0 as const, allow: '0', deny: String(bits) }];

const settled = () => {
  const world = new World();
  world.join(MOD, ANN, BEN);
  world.role('mod', P.BanMembers, MOD);
  const den = world.channel('den', 0, { permission_overwrites: DENY(P.ViewChannel) });
  return { world, den, general: world.byName('general') };
};
const said = (world: World, question: Question): unknown => {
  const reply = answer(world.state, question, START);
  return 'refused' in reply ? reply.refused : reply.ok;
};
const idsOf = (value: unknown): Snowflake[] =>
  (value as { id?: string; user?: { id: string } }[]).map(({ id, user: of }) => id ?? of?.id ?? '');

describe('questions', () => {
  test('say nothing to strangers', () => {
    const { world, general } = settled();
    const asks: readonly Question[] = [
      { ask: 'guild', by: STRANGER, withCounts: true },
      { ask: 'guildPreview', by: STRANGER },
      { ask: 'channels', by: STRANGER },
      { ask: 'roles', by: STRANGER },
      { ask: 'role', by: STRANGER, roleId: '77' },
      { ask: 'members', by: STRANGER, limit: 1, after: '0' },
      { ask: 'member', by: STRANGER, userId: '77' },
      { ask: 'searchMembers', by: STRANGER, query: '', limit: 5 },
      { ask: 'bans', by: STRANGER, before: null, after: null, limit: 5 },
      { ask: 'ban', by: STRANGER, userId: ANN },
      { ask: 'invites', by: STRANGER, channelId: null },
      { ask: 'voiceState', by: STRANGER, userId: ANN },
    ];
    expect(asks.map((ask) => said(world, ask))).toEqual(asks.map(() => 'unknownGuild'));
    for (const channelId of [general, '77']) {
      expect(said(world, { ask: 'channel', by: STRANGER, channelId })).toBe('missingAccess');
      expect(said(world, { ask: 'mayRead', by: STRANGER, channelId })).toBe('missingAccess');
      expect(said(world, { ask: 'maySend', by: STRANGER, channelId, attach: false })).toBe('missingAccess');
    }
  });

  test('hide channels that one does not see', () => {
    const { world, den, general } = settled();
    expect(idsOf(said(world, { ask: 'channels', by: ANN }))).not.toContain(den);
    expect(idsOf(said(world, { ask: 'channels', by: OWNER }))).toContain(den);
    expect(said(world, { ask: 'channel', by: ANN, channelId: den })).toBe('missingAccess');
    expect(said(world, { ask: 'mayRead', by: ANN, channelId: den })).toBe('missingAccess');
    expect(said(world, { ask: 'channel', by: ANN, channelId: general })).toMatchObject({ id: general });
    expect(said(world, { ask: 'channel', by: ANN, channelId: '77' })).toBe('unknownChannel');
  });

  test('answer who may read with the generation and his bits, without history too', () => {
    const { world, general } = settled();
    const first = said(world, { ask: 'mayRead', by: ANN, channelId: general }) as {
      generation: null;
      permissions: string;
    };
    expect(first.generation).toBe(null);
    expect(BigInt(first.permissions) & P.ReadMessageHistory).toBe(P.ReadMessageHistory);
    world.ok(OWNER, {
      kind: 'updateChannel',
      channelId: general,
      patch: { permission_overwrites: DENY(P.ReadMessageHistory | P.AttachFiles) },
    });
    world.state.generations.set(general, '99');
    const then = said(world, { ask: 'mayRead', by: ANN, channelId: general }) as {
      generation: string;
      permissions: string;
    };
    expect([then.generation, BigInt(then.permissions) & P.ReadMessageHistory]).toEqual(['99', 0n]);
    expect(said(world, { ask: 'maySend', by: ANN, channelId: general, attach: false })).toBe(null);
    expect(said(world, { ask: 'maySend', by: ANN, channelId: general, attach: true })).toBe('missingPermissions');
  });

  test('page members and bans by id', () => {
    const { world } = settled();
    expect(idsOf(said(world, { ask: 'members', by: ANN, limit: 2, after: OWNER }))).toEqual([MOD, ANN]);
    expect(idsOf(said(world, { ask: 'members', by: ANN, limit: 9, after: ANN }))).toEqual([BEN]);
    world.join('1300000000000000099');
    expect(idsOf(said(world, { ask: 'members', by: ANN, limit: 9, after: ANN }))).toEqual([BEN, '1300000000000000099']);
    expect(idsOf(said(world, { ask: 'searchMembers', by: ANN, query: 'User00', limit: 2 }))).toEqual([OWNER, MOD]);
    for (const id of ['5', '3', '4']) world.ok(OWNER, { kind: 'ban', user: user(id), deleteMessageSeconds: 0 });
    const bans = (before: string | null, after: string | null) =>
      idsOf(said(world, { ask: 'bans', by: MOD, before, after, limit: 2 }));
    expect([bans(null, null), bans(null, '3'), bans('5', null)]).toEqual([
      ['3', '4'],
      ['4', '5'],
      ['3', '4'],
    ]);
    expect(said(world, { ask: 'bans', by: ANN, before: null, after: null, limit: 2 })).toBe('missingPermissions');
    expect(said(world, { ask: 'ban', by: MOD, userId: '6' })).toBe('unknownBan');
  });

  test('answer guild, preview and invites to whom they concern', () => {
    const { world, general } = settled();
    expect(said(world, { ask: 'guild', by: ANN, withCounts: true })).toMatchObject({
      id: GUILD,
      approximate_member_count: 4,
    });
    expect(GuildPreviewResponseSchema.safeParse(said(world, { ask: 'guildPreview', by: ANN })).error).toBeUndefined();
    world.ok(OWNER, {
      kind: 'createInvite',
      channelId: general,
      code: 'abc',
      maxAge: 0,
      maxUses: 0,
      temporary: false,
      unique: true,
    });
    expect(said(world, { ask: 'invites', by: OWNER, channelId: null })).toMatchObject([{ code: 'abc', uses: 0 }]);
    expect(said(world, { ask: 'invites', by: OWNER, channelId: general })).toMatchObject([{ code: 'abc' }]);
    expect(said(world, { ask: 'invites', by: ANN, channelId: general })).toBe('missingPermissions');
    expect(said(world, { ask: 'invite', code: 'abc', withCounts: false })).not.toHaveProperty('uses');
  });
});
