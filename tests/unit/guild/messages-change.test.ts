/** Edit, delete, bulk delete, crosspost and typing as tables. */
import { describe, expect, test } from 'bun:test';
import { PermissionFlagsBits as P } from 'discord-api-types/v10';
import { decideMessage, messageNeeds, retellMessage, supplyNeed } from '../../../src/guild/messages.ts';
import type { GuildState } from '../../../src/guild/state.ts';
import type { MessageCommand, MessageDraft, MessagePatch } from '../../../src/protocol/commands.ts';
import type { Edited } from '../../../src/protocol/reads.ts';
import { snowflakeAt } from '../../../src/protocol/snowflake.ts';
import * as f from './message-fixture.ts';

interface Message {
  readonly id: string;
  readonly [key: string]: unknown;
}

const run = (state: GuildState, command: MessageCommand, now = f.NOW) => decideMessage(state, command, f.turn(now));
const send = (state: GuildState, changes: Partial<MessageDraft> = {}, who = f.ANN, channelId = f.TEXT): string =>
  f.body<Message>(run(state, { kind: 'createMessage', by: f.by(who), channelId, draft: f.draft(changes) })).id;
const edit = (state: GuildState, messageId: string, patch: MessagePatch, who = f.ANN) =>
  run(state, { kind: 'editMessage', by: f.by(who), channelId: f.TEXT, messageId, patch }, f.NOW + 60_000);
const edited = (decision: ReturnType<typeof edit>): Message => f.body<{ message: Message }>(decision).message;
const remove = (state: GuildState, messageId: string, who = f.ANN) =>
  run(state, { kind: 'deleteMessage', by: f.by(who), channelId: f.TEXT, messageId });
const bulk = (state: GuildState, ids: readonly string[], who = f.OWNER) =>
  run(state, { kind: 'bulkDelete', by: f.by(who), channelId: f.TEXT, ids });

const filesOf = (decision: ReturnType<typeof edit>) => {
  const { message, gone } = f.body<Edited<{ attachments: readonly { id: string }[] }>>(decision);
  return { kept: message.attachments.map(({ id }) => id), gone };
};
const file = (id: string) => ({ id, filename: 'a', size: 1, url: 'http://a', proxy_url: 'http://a' });

describe('edit', () => {
  test('the author changes text, mentions and time; all see the whole message', () => {
    const state = f.guild();
    const id = send(state, { content: `<@${f.BOB}>` });
    const before = state.generations.get(f.TEXT);
    const decision = edit(state, id, { content: `<@${f.BOT}>` });
    expect(edited(decision)).toMatchObject({
      id,
      content: `<@${f.BOT}>`,
      mentions: [{ id: f.BOT }],
      edited_timestamp: '2027-01-15T08:01:00.000000+00:00',
    });
    expect(f.writes(decision)).toEqual(['putMessage']);
    expect(f.events(decision)).toMatchObject([
      { t: 'MESSAGE_UPDATE', full: [f.BOT], d: { id, guild_id: f.GUILD, member: {} } },
    ]);
    expect(state.generations.get(f.TEXT)).not.toBe(before);
    expect(state.channels.get(f.TEXT)?.last_message_id).toBe(id);
    expect(f.objections(edited(decision))).toEqual([]);
  });

  const cases: [string, bigint, string, MessagePatch, string | null][] = [
    ['others do not write', f.EVERYDAY | P.ManageMessages, f.BOB, { content: 'x' }, 'cannotEditOther'],
    ['others do not hide embeds', f.EVERYDAY, f.BOB, { flags: 4 }, 'missingPermissions'],
    ['who manages messages hides embeds', f.EVERYDAY | P.ManageMessages, f.BOB, { flags: 4 }, null],
    ['nothing is left', f.EVERYDAY, f.ANN, { content: '', embeds: [], keep: [] }, 'emptyMessage'],
    ['null is empty', f.EVERYDAY, f.ANN, { content: null, embeds: null, keep: [] }, 'emptyMessage'],
    ['too long', f.EVERYDAY, f.ANN, { content: 'a'.repeat(2001) }, 'invalidForm'],
    ['strangers', f.EVERYDAY, f.STRANGER, { content: 'x' }, 'missingAccess'],
    [
      'new files need ATTACH_FILES',
      f.EVERYDAY & ~P.AttachFiles,
      f.ANN,
      { attachments: [file('9')] },
      'missingPermissions',
    ],
  ];
  test.each(cases)('%s', (_name, permissions, who, patch, expected) => {
    const state = f.guild(permissions);
    const decision = edit(state, send(state, { embeds: [{ title: 'a' }] }), patch, who);
    expect(f.why(decision)).toBe(expected);
    if (expected) expect([decision.writes, decision.rows]).toEqual([[], []]);
  });

  test('hiding embeds is no edit of the text', () => {
    const state = f.guild(f.EVERYDAY | P.ManageMessages);
    const id = send(state, { embeds: [{ title: 'a' }] });
    expect(edited(edit(state, id, { flags: 4 }, f.BOB))).toMatchObject({
      flags: 4,
      embeds: [],
      edited_timestamp: null,
    });
  });

  test('attachments: those kept, then the new ones', () => {
    const state = f.guild();
    const id = send(state, { attachments: [file('1'), file('2')] });
    expect(filesOf(edit(state, id, { content: 'x' }))).toEqual({ kept: ['1', '2'], gone: [] });
    const other = edit(state, id, { keep: ['2'], attachments: [file('3')] });
    expect(filesOf(other)).toEqual({ kept: ['2', '3'], gone: ['1'] });
  });

  test('a file that the message goes on showing in an embed or a component is not gone with its place in the list', () => {
    const state = f.guild();
    const url = (id: string) => `http://a/cdn/attachments/${f.TEXT}/${id}/a.png`;
    const id = send(state, { attachments: ['1', '2', '3'].map(file), embeds: [{ image: { url: url('1') } }] });
    expect(filesOf(edit(state, id, { keep: ['3'] }))).toEqual({ kept: ['3'], gone: ['2'] });
    const media = { type: 12, items: [{ media: { url: url('3') } }] } as never;
    expect(filesOf(edit(state, id, { keep: [], components: [media] }))).toEqual({ kept: [], gone: [] });
  });

  test('an unknown message is loaded first, and what is stored is edited', () => {
    const old = f.guild();
    const id = send(old);
    const stored = old.messages.message(f.TEXT, id);
    const state = f.guild();
    const command = {
      kind: 'editMessage',
      by: f.by(f.ANN),
      channelId: f.TEXT,
      messageId: id,
      patch: { content: 'y' },
    } as const;
    const needs = messageNeeds(state, command);
    expect(needs).toEqual([{ need: 'message', channelId: f.TEXT, id }]);
    for (const need of needs) supplyNeed(state, need, stored);
    expect(edited(run(state, command))).toMatchObject({ id, content: 'y' });
    expect(f.why(edit(f.guild(), id, { content: 'x' }))).toBe('overloaded');
  });

  test('a message of another channel is not here, and who looked for it here has not made it disappear there', () => {
    const state = f.guild();
    const id = send(state, {}, f.ANN, f.NEWS);
    const patch = { content: 'x' };
    const command = { kind: 'editMessage', by: f.by(f.ANN), channelId: f.TEXT, messageId: id, patch } as const;
    const needs = messageNeeds(state, command);
    for (const need of needs) supplyNeed(state, need, null);
    expect(f.why(run(state, command))).toBe('unknownMessage');
    expect(edited(run(state, { ...command, channelId: f.NEWS }))).toMatchObject({ id, content: 'x' });
  });
});

describe('delete', () => {
  test('by its author, once', () => {
    const state = f.guild();
    const id = send(state);
    const decision = remove(state, id);
    expect(decision.writes).toEqual([{ w: 'deleteMessages', channelId: f.TEXT, ids: [id] }]);
    expect(f.events(decision)).toMatchObject([
      { t: 'MESSAGE_DELETE', d: { id, channel_id: f.TEXT, guild_id: f.GUILD } },
    ]);
    expect(decision.rows[0]).toMatchObject({ note: { as: 'literal' } });
    expect(f.why(remove(state, id))).toBe('unknownMessage');
  });

  test.each([
    ['others', f.EVERYDAY, f.BOB, 'missingPermissions'],
    ['who manages messages', f.EVERYDAY | P.ManageMessages, f.BOB, null],
    ['the owner', f.EVERYDAY, f.OWNER, null],
    ['strangers', f.EVERYDAY, f.STRANGER, 'missingAccess'],
  ])('by %s', (_who, permissions, who, expected) => {
    const state = f.guild(permissions);
    expect(f.why(remove(state, send(state), who))).toBe(expected);
  });

  test('says which files went with it, for whoever keeps them', () => {
    const state = f.guild(f.EVERYDAY | P.AttachFiles);
    const [one, two, three] = ['1', '2', '3'].map((id) => send(state, { attachments: [file(id)] }));
    expect(f.body<string[]>(remove(state, one ?? ''))).toEqual(['1']);
    expect(f.body<string[]>(bulk(state, [two ?? '', three ?? '', send(state)]))).toEqual(['2', '3']);
    expect(f.body<string[]>(bulk(state, [two ?? '', three ?? '']))).toEqual([]);
  });

  test('many at once: one event, what does not exist is passed over', () => {
    const state = f.guild();
    const [a, b] = [send(state), send(state, {}, f.BOB)];
    const missing = snowflakeAt(f.NOW - 1000);
    state.messages.putDeleted(f.TEXT, missing);
    const decision = bulk(state, [a, b, a, missing]);
    expect(decision.writes).toEqual([{ w: 'deleteMessages', channelId: f.TEXT, ids: [a, b] }]);
    expect(f.events(decision)).toMatchObject([{ t: 'MESSAGE_DELETE_BULK', d: { ids: [a, b], channel_id: f.TEXT } }]);
    expect(f.events(bulk(state, [a, b]))).toEqual([]);
  });

  test('many at once: limits', () => {
    const state = f.guild();
    const [a, b] = [send(state), send(state)];
    const old = snowflakeAt(f.NOW - 14 * 24 * 3600_000 - 1);
    expect(f.why(bulk(state, [a]))).toBe('bulkDeleteCount');
    expect(f.why(bulk(state, [a, a]))).toBe('bulkDeleteCount');
    expect(
      f.why(
        bulk(
          state,
          Array.from({ length: 101 }, (_, n) => `${BigInt(a) + BigInt(n)}`),
        ),
      ),
    ).toBe('bulkDeleteCount');
    expect(f.why(bulk(state, [a, old]))).toBe('tooOldToBulkDelete');
    expect(f.why(bulk(state, [a, b], f.BOB))).toBe('missingPermissions');
  });
});

test('crosspost: announcements only, once', () => {
  const state = f.guild();
  const post = (channelId: string, messageId: string, who = f.ANN) =>
    run(state, { kind: 'crosspost', by: f.by(who), channelId, messageId });
  const id = send(state, {}, f.ANN, f.NEWS);
  expect(f.why(post(f.TEXT, send(state)))).toBe('wrongChannelType');
  expect(f.why(post(f.NEWS, id, f.BOB))).toBe('missingPermissions');
  const decision = post(f.NEWS, id);
  expect(f.body(decision)).toMatchObject({ flags: 1 });
  expect(f.events(decision)).toMatchObject([{ t: 'MESSAGE_UPDATE', d: { flags: 1 } }]);
  expect(f.why(post(f.NEWS, id))).toBe('generalError');
});

test('typing is an event that nobody keeps', () => {
  const state = f.guild();
  const decision = run(state, { kind: 'typing', by: f.by(f.ANN), channelId: f.TEXT });
  expect(decision.writes).toEqual([]);
  expect(decision.rows).toMatchObject([{ t: 'TYPING_START', note: null, cls: 2048 }]);
  expect(f.events(decision)[0]?.d).toMatchObject({
    user_id: f.ANN,
    timestamp: f.NOW / 1000,
    member: { user: { id: f.ANN } },
  });
  const mute = f.guild(f.EVERYDAY & ~P.SendMessages);
  expect(f.why(run(mute, { kind: 'typing', by: f.by(f.ANN), channelId: f.TEXT }))).toBe('missingPermissions');
});

test('a message is told again from what is stored', () => {
  const state = f.guild();
  const stored = state.messages.message(f.TEXT, send(state));
  if (!stored) throw new Error('no message');
  expect(JSON.parse(retellMessage(state, stored) ?? 'null')).toMatchObject({
    content: 'hello',
    guild_id: f.GUILD,
    member: {},
  });
  expect(retellMessage(state, null)).toBeNull();
  state.channels.delete(f.TEXT);
  expect(retellMessage(state, stored)).toBeNull();
});
