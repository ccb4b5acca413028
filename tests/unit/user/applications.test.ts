import { describe, expect, test } from 'bun:test';
import { ApplicationCommandResponseSchema } from 'discord-api-spec/zod';
import type { CommandDraft } from '../../../src/protocol/commands.ts';
import { answerUser } from '../../../src/user/questions.ts';
import { ME, okOf, type Room, refusalOf, userRoom } from './fixtures.ts';

type Wire = Record<string, unknown>;
const GUILD = '500000000000000001';

const draft = (name: string, more: Record<string, unknown> = {}): CommandDraft => ({ name, description: 'd', ...more });
const put = (room: Room, wanted: CommandDraft, guildId: string | null = null) =>
  room.decide({ kind: 'putCommand', guildId, draft: wanted });
const set = (room: Room, drafts: readonly CommandDraft[]) =>
  room.decide({ kind: 'setCommands', guildId: null, drafts });
const all = (room: Room, guildId: string | null = null) =>
  (answerUser(room.state, { ask: 'commands', guildId }) as { ok: Wire[] }).ok;

describe('application commands', () => {
  test('have every documented key', () => {
    const [wire] = okOf<[Wire, boolean]>(put(userRoom({ bot: true }), draft('ping')));
    const keys =
      'id application_id version type name name_localizations description description_localizations options nsfw ' +
      'default_member_permissions dm_permission contexts integration_types';
    expect(Object.keys(wire).sort()).toEqual(keys.split(' ').sort());
    expect(wire).toMatchObject({ application_id: ME, type: 1, options: [], contexts: null, dm_permission: true });
    expect(ApplicationCommandResponseSchema.safeParse(wire).success).toBe(true);
    const [inGuild] = okOf<[Wire, boolean]>(put(userRoom({ bot: true }), draft('ping'), GUILD));
    expect(inGuild).toMatchObject({ guild_id: GUILD, dm_permission: false });
    expect(ApplicationCommandResponseSchema.safeParse(inGuild).success).toBe(true);
  });

  test('are overwritten by scope, type and name', () => {
    const room = userRoom({ bot: true });
    const [first, made] = okOf<[Wire, boolean]>(put(room, draft('ping')));
    const [second, madeAgain] = okOf<[Wire, boolean]>(put(room, draft('ping', { description: 'new' })));
    expect([made, madeAgain, second.id]).toEqual([true, false, first.id]);
    expect(second.version).not.toBe(first.version);
    put(room, draft('ping', { type: 3 }));
    put(room, draft('ping'), GUILD);
    expect(all(room).map(({ type, description }) => [type, description])).toEqual([
      [1, 'new'],
      [3, ''],
    ]);
    expect(all(room, GUILD)).toHaveLength(1);
  });

  test('that say what they said before are not written', () => {
    const room = userRoom({ bot: true });
    const [first] = okOf<[Wire, boolean]>(put(room, draft('ping')));
    const again = put(room, draft('ping'));
    expect(again.writes).toEqual([]);
    expect(okOf<[Wire, boolean]>(again)).toEqual([first, false]);
  });

  test('are set as a whole, in the order asked for, and keep the ids of those that stay', () => {
    const room = userRoom({ bot: true });
    const before = okOf<Wire[]>(set(room, [draft('a'), draft('b'), draft('c')]));
    const decision = set(room, [draft('c'), draft('d'), draft('b', { nsfw: true })]);
    const after = okOf<Wire[]>(decision);
    expect(after.map(({ name }) => name)).toEqual(['c', 'd', 'b']);
    expect([after[0]?.id, after[2]?.id]).toEqual([before[2]?.id, before[1]?.id]);
    expect(decision.writes.map(({ w }) => w)).toEqual(['deleteCommand', 'putCommand', 'putCommand']);
    expect(okOf<Wire[]>(set(room, []))).toEqual([]);
    expect(all(room)).toEqual([]);
  });

  test('are at most a hundred of a type, each name once', () => {
    const room = userRoom({ bot: true });
    const hundred = Array.from({ length: 100 }, (_, i) => draft(`c${i}`));
    expect(okOf<Wire[]>(set(room, hundred))).toHaveLength(100);
    expect(refusalOf(set(room, [...hundred, draft('more')]))).toBe('maxCommands');
    expect(refusalOf(put(room, draft('more')))).toBe('maxCommands');
    expect(refusalOf(put(room, draft('c1', { description: 'x' })))).toBeNull();
    expect(refusalOf(put(room, draft('more', { type: 2 })))).toBeNull();
    expect(set(room, [draft('a'), draft('a')]).reply).toMatchObject({
      refused: 'invalidForm',
      fields: [{ path: [1, 'name'], code: 'APPLICATION_COMMANDS_DUPLICATE_NAME' }],
    });
    expect(all(room)).toHaveLength(101);
  });

  test('are changed and deleted in their own scope', () => {
    const room = userRoom({ bot: true });
    const [{ id }] = okOf<[{ id: string }, boolean]>(put(room, draft('ping', { options: [{ type: 3 }] })));
    put(room, draft('pong'));
    const change = (patch: Partial<CommandDraft>, guildId: string | null = null) =>
      room.decide({ kind: 'updateCommand', guildId, commandId: id, patch });
    expect(okOf<Wire>(change({ description: 'x' }))).toMatchObject({ id, description: 'x', options: [{ type: 3 }] });
    expect(refusalOf(change({ name: 'pong' }))).toBe('invalidForm');
    expect(refusalOf(change({}, GUILD))).toBe('unknownCommand');
    expect(refusalOf(room.decide({ kind: 'deleteCommand', guildId: GUILD, commandId: id }))).toBe('unknownCommand');
    expect(room.decide({ kind: 'deleteCommand', guildId: null, commandId: id }).writes).toEqual([
      { w: 'deleteCommand', application: ME, id },
    ]);
    expect(answerUser(room.state, { ask: 'command', guildId: null, commandId: id })).toMatchObject({
      refused: 'unknownCommand',
    });
  });

  test('are for applications only', () => {
    expect(refusalOf(put(userRoom(), draft('ping')))).toBe('unknownApplication');
    expect(answerUser(userRoom().state, { ask: 'commands', guildId: null })).toMatchObject({
      refused: 'unknownApplication',
    });
  });
});
