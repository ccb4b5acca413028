/** createMessage as a table: state and command in, effects out. */
import { describe, expect, test } from 'bun:test';
import { PermissionFlagsBits as P } from 'discord-api-types/v10';
import fc from 'fast-check';
import { decideMessage, messageNeeds } from '../../../src/guild/messages.ts';
import type { GuildState } from '../../../src/guild/state.ts';
import type { MessageDraft } from '../../../src/protocol/commands.ts';
import type { Decision } from '../../../src/protocol/decision.ts';
import * as f from './message-fixture.ts';

interface Sent {
  readonly id: string;
  readonly mentions: readonly { readonly id: string }[];
  readonly [key: string]: unknown;
}

const send = (
  state: GuildState,
  changes: Partial<MessageDraft> = {},
  who = f.ANN,
  channelId = f.TEXT,
  now = f.NOW,
): Decision =>
  decideMessage(state, { kind: 'createMessage', by: f.by(who), channelId, draft: f.draft(changes) }, f.turn(now));

const sent = (decision: Decision): Sent => f.body<Sent>(decision);
const ids = (list: unknown): string[] => (list as { id: string }[]).map(({ id }) => id);
const file = { id: '1', filename: 'a', size: 1, url: 'http://a', proxy_url: 'http://a' };

describe('what is made', () => {
  test('the message, its writes and one event under the guild topic', () => {
    const state = f.guild();
    const decision = send(state, { content: '  hi there ', nonce: 'n1' });
    const message = sent(decision);
    expect(message).toMatchObject({
      content: 'hi there',
      channel_id: f.TEXT,
      type: 0,
      edited_timestamp: null,
      nonce: 'n1',
    });
    expect(f.writes(decision)).toEqual(['putMessage', 'putLastMessage']);
    const [event, ...others] = f.events(decision);
    expect(others).toEqual([]);
    expect(event).toMatchObject({ t: 'MESSAGE_CREATE', topic: `g:${f.GUILD}`, full: null });
    expect(event?.d).toMatchObject({ id: message.id, guild_id: f.GUILD, nonce: 'n1', member: { roles: [] } });
    expect(event?.d.member).not.toHaveProperty('user');
    expect(decision.rows[0]).toMatchObject({ cls: 512, note: { as: 'message', channelId: f.TEXT, id: message.id } });
    expect(state.channels.get(f.TEXT)?.last_message_id).toBe(message.id);
    expect(state.generations.get(f.TEXT)).toBe(message.id);
  });

  test('the stored form has neither nonce nor guild, and is a response of the specification', () => {
    const decision = send(f.guild(), { nonce: 'n1', embeds: [{ title: 't' }], attachments: [file] });
    const write = decision.writes[0];
    if (write?.w !== 'putMessage') throw new Error('no message');
    expect(write.message.wire).not.toHaveProperty('nonce');
    expect(write.message.wire).not.toHaveProperty('guild_id');
    expect(write.message.wire.embeds).toEqual([{ type: 'rich', title: 't' }] as never);
    expect(f.objections(write.message.wire)).toEqual([]);
  });

  test('a private channel has its own topic', () => {
    const state = f.guild(f.EVERYDAY, {
      permission_overwrites: [{ id: f.BOB, type: 1, allow: '0', deny: P.ViewChannel.toString() }],
    });
    expect(f.events(send(state))[0]?.topic).toBe(`c:${f.TEXT}`);
    expect(f.why(send(state, {}, f.BOB))).toBe('missingAccess');
  });

  test('ids rise, also when the clock steps back', () => {
    const state = f.guild();
    const sentIds = [0, -5000, 3, -9000].map((shift) => sent(send(state, {}, f.ANN, f.TEXT, f.NOW + shift)).id);
    expect(sentIds.map(BigInt)).toEqual(sentIds.map(BigInt).sort((a, b) => (a < b ? -1 : 1)));
  });

  test('bots that wrote it or are mentioned get it whole', () => {
    const state = f.guild();
    expect(f.events(send(state, {}, f.BOT))[0]?.full).toEqual([f.BOT]);
    expect(f.events(send(state, { content: `<@${f.BOT}> <@${f.BOB}>` }))[0]?.full).toEqual([f.BOT]);
  });
});

describe('who may', () => {
  const without = (bit: bigint): bigint => f.EVERYDAY & ~bit;
  const cases: [string, bigint, Partial<MessageDraft>, string | null][] = [
    ['not see it', without(P.ViewChannel), {}, 'missingAccess'],
    ['not send', without(P.SendMessages), {}, 'missingPermissions'],
    ['not attach', without(P.AttachFiles), { attachments: [file] }, 'missingPermissions'],
    ['not speak', without(P.SendTTSMessages), { tts: true }, 'missingPermissions'],
    ['not embed, but has a text', without(P.EmbedLinks), { embeds: [{ title: 'a' }] }, null],
    ['not embed, and has no text', without(P.EmbedLinks), { content: '', embeds: [{ title: 'a' }] }, 'emptyMessage'],
    ['send nothing', f.EVERYDAY, { content: ' \n ' }, 'emptyMessage'],
    ['send 2000', f.EVERYDAY, { content: '😀'.repeat(2000) }, null],
    ['not send 2001', f.EVERYDAY, { content: 'a'.repeat(2001) }, 'invalidForm'],
    ['send a file alone', f.EVERYDAY, { content: '', attachments: [file] }, null],
  ];
  test.each(cases)('%s', (_name, permissions, changes, expected) => {
    const decision = send(f.guild(permissions), changes);
    expect(f.why(decision)).toBe(expected);
    if (expected) expect([decision.writes, decision.rows]).toEqual([[], []]);
  });

  test('channels that hold no messages, that are not there, and people who are not', () => {
    const state = f.guild();
    expect(f.why(send(state, {}, f.ANN, f.CATEGORY))).toBe('cannotSendInVoice');
    expect(f.why(send(state, {}, f.ANN, f.VOICE))).toBeNull();
    expect(f.why(send(state, {}, f.ANN, '1'))).toBe('unknownChannel');
    expect(f.why(send(state, {}, f.STRANGER, '1'))).toBe('missingAccess');
    expect(f.why(send(state, {}, f.STRANGER))).toBe('missingAccess');
  });

  test('a time-out silences until it is over', () => {
    const state = f.guild();
    const ann = state.members.get(f.ANN);
    if (!ann) throw new Error('no Ann');
    state.members.set(f.ANN, { ...ann, communication_disabled_until: new Date(f.NOW + 1000).toISOString() });
    expect(f.why(send(state))).toBe('missingPermissions');
    expect(f.why(send(state, {}, f.ANN, f.TEXT, f.NOW + 1001))).toBeNull();
  });
});

describe('slow mode', () => {
  const slow = (permissions = f.EVERYDAY) => f.guild(permissions, { rate_limit_per_user: 10 });

  test('says how long, per channel and user', () => {
    const state = slow();
    expect(f.why(send(state))).toBeNull();
    expect(send(state, {}, f.ANN, f.TEXT, f.NOW + 4000).reply).toEqual({ refused: 'slowMode', retryAfter: 6 });
    expect(f.why(send(state, {}, f.ANN, f.NEWS, f.NOW + 4000))).toBeNull();
    expect(f.why(send(state, {}, f.BOB, f.TEXT, f.NOW + 4000))).toBeNull();
    expect(f.why(send(state, {}, f.ANN, f.TEXT, f.NOW + 10_000))).toBeNull();
  });

  test.each([
    ['who manages messages', f.EVERYDAY | P.ManageMessages, f.ANN],
    ['who manages channels', f.EVERYDAY | P.ManageChannels, f.ANN],
    ['the owner', f.EVERYDAY, f.OWNER],
    ['bots', f.EVERYDAY, f.BOT],
  ])('does not slow %s', (_who, permissions, id) => {
    const state = slow(permissions);
    send(state, {}, id);
    expect(f.why(send(state, {}, id))).toBeNull();
  });

  test('a refused message does not count', () => {
    const state = slow();
    send(state, { content: '' });
    expect(f.why(send(state))).toBeNull();
  });
});

describe('nonces', () => {
  const nonced = { nonce: 'n', enforceNonce: true };

  test('the same nonce is answered with the message it made, and nothing happens', () => {
    const state = f.guild();
    state.messages.passTime(f.NOW - 10 * 60_000 - 1);
    const first = send(state, nonced);
    expect(f.writes(first)).toEqual(['putNonce', 'putMessage', 'putLastMessage']);
    const second = send(state, { ...nonced, content: 'other' });
    expect(sent(second)).toEqual(sent(first));
    expect([second.writes, second.rows]).toEqual([[], []]);
    expect(sent(send(state, nonced, f.BOB)).id).not.toBe(sent(first).id);
    expect(sent(send(state, { ...nonced, enforceNonce: false })).id).not.toBe(sent(first).id);
    expect(sent(send(state, nonced, f.ANN, f.TEXT, f.NOW + 600_001)).id).not.toBe(sent(first).id);
  });

  test('a young owner asks the store; a restart loses nothing', () => {
    const before = f.guild();
    before.messages.passTime(f.NOW - 10 * 60_000 - 1);
    const first = send(before, nonced);
    const stored = before.messages.message(f.TEXT, sent(first).id);
    const after = f.guild();
    const command = { kind: 'createMessage', by: f.by(f.ANN), channelId: f.TEXT, draft: f.draft(nonced) } as const;
    const needs = messageNeeds(after, command);
    expect(needs).toEqual([{ need: 'nonce', channelId: f.TEXT, author: f.ANN, nonce: 'n' }]);
    for (const need of needs) after.messages.supply(need, stored);
    const again = decideMessage(after, command, f.turn());
    expect(sent(again)).toEqual(sent(first));
    expect(again.writes).toEqual([]);
    expect(messageNeeds(after, { ...command })).toEqual([]);
  });
});

describe('mentions', () => {
  const cases: [
    string,
    string,
    bigint,
    Partial<MessageDraft>,
    { users: string[]; roles: string[]; everyone: boolean },
  ][] = [
    ['users', `<@${f.BOB}> <@!${f.BOB}> <@${f.STRANGER}>`, 0n, {}, { users: [f.BOB], roles: [], everyone: false }],
    [
      'code',
      `\`<@${f.BOB}>\` \`\`\`\n<@${f.BOB}> @everyone\`\`\``,
      P.MentionEveryone,
      {},
      { users: [], roles: [], everyone: false },
    ],
    ['everyone, not allowed', '@everyone', 0n, {}, { users: [], roles: [], everyone: false }],
    ['everyone', '@here', P.MentionEveryone, {}, { users: [], roles: [], everyone: true }],
    [
      'roles',
      `<@&${f.LOUD_ROLE}> <@&${f.QUIET_ROLE}> <@&${f.GUILD}>`,
      0n,
      {},
      { users: [], roles: [f.LOUD_ROLE], everyone: false },
    ],
    ['any role', `<@&${f.QUIET_ROLE}>`, P.MentionEveryone, {}, { users: [], roles: [f.QUIET_ROLE], everyone: false }],
    [
      'nothing allowed',
      `<@${f.BOB}> <@&${f.LOUD_ROLE}> @everyone`,
      P.MentionEveryone,
      { allowed_mentions: { parse: [], users: [], roles: [], replied_user: false } },
      { users: [], roles: [], everyone: false },
    ],
    [
      'some named',
      `<@${f.BOB}> <@${f.BOT}> <@&${f.LOUD_ROLE}>`,
      0n,
      { allowed_mentions: { parse: [], users: [f.BOT, f.OWNER], roles: [f.LOUD_ROLE], replied_user: false } },
      { users: [f.BOT], roles: [f.LOUD_ROLE], everyone: false },
    ],
  ];
  test.each(cases)('%s', (_name, content, more, changes, expected) => {
    const message = sent(send(f.guild(f.EVERYDAY | more), { content, ...changes }));
    expect({
      users: ids(message.mentions),
      roles: message.mention_roles,
      everyone: message.mention_everyone,
    } as unknown).toEqual(expected);
  });

  test('the gateway adds the member to each mentioned user', () => {
    const [event] = f.events(send(f.guild(), { content: `<@${f.BOB}>` }));
    expect(event?.d.mentions).toMatchObject([{ id: f.BOB, member: { roles: [] } }]);
  });

  test('nobody is mentioned who is not in the text, whatever it says', () => {
    const piece = fc.constantFrom(
      `<@${f.BOB}>`,
      `<@&${f.LOUD_ROLE}>`,
      '@everyone',
      '`',
      '```',
      ' ',
      '<@',
      '>',
      '<@!1>',
      'a\n',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const content = `x${pieces.join('')}`;
        const message = sent(send(f.guild(f.EVERYDAY | P.MentionEveryone), { content }));
        for (const id of ids(message.mentions)) expect(content).toContain(`<@${id}>`);
        if (message.mention_everyone) expect(content).toContain('@everyone');
        if (!content.includes('`')) expect(ids(message.mentions).length).toBe(content.includes(`<@${f.BOB}>`) ? 1 : 0);
      }),
    );
  });
});

describe('replies', () => {
  const to = (message_id: string, more: object = {}): Partial<MessageDraft> => ({
    reference: { message_id, channel_id: null, guild_id: null, fail_if_not_exists: true, type: 0, ...more },
  });
  const withMessage = (permissions = f.EVERYDAY) => {
    const state = f.guild(permissions);
    return { state, id: sent(send(state, {}, f.BOB)).id };
  };

  test('carry what they answer and mention its author', () => {
    const { state, id } = withMessage();
    const message = sent(send(state, to(id)));
    expect(message).toMatchObject({
      type: 19,
      message_reference: { message_id: id, channel_id: f.TEXT, guild_id: f.GUILD, type: 0 },
      referenced_message: { id, author: { id: f.BOB } },
    });
    expect(ids(message.mentions)).toEqual([f.BOB]);
    expect(f.objections(message)).toEqual([]);
    const quiet = { allowed_mentions: { parse: [], users: [], roles: [], replied_user: false } };
    expect(sent(send(state, { ...to(id), ...quiet })).mentions).toEqual([]);
    const deeper = sent(send(state, to(message.id)));
    expect(deeper.referenced_message).not.toHaveProperty('referenced_message');
  });

  test('need history and a message of this channel', () => {
    const hidden = withMessage(f.EVERYDAY & ~P.ReadMessageHistory);
    expect(f.why(send(hidden.state, to(hidden.id)))).toBe('missingPermissions');
    const { state, id } = withMessage();
    expect(f.why(send(state, to(id, { channel_id: f.NEWS })))).toBe('unknownReply');
    state.messages.putDeleted(f.NEWS, id);
    expect(f.why(send(state, to(id), f.ANN, f.NEWS))).toBe('unknownReply');
    expect(sent(send(state, to(id)))).toMatchObject({ type: 19 });
    expect(f.why(send(state, to(id, { type: 1 })))).toBe('unknownReply');
    state.messages.putDeleted(f.TEXT, id);
    expect(f.why(send(state, to(id)))).toBe('unknownReply');
    expect(sent(send(state, to(id, { fail_if_not_exists: false })))).toMatchObject({ type: 0 });
  });
});

test('flags: only what a sender may set, and suppressed embeds are gone', () => {
  const message = sent(send(f.guild(), { flags: 4 | 4096 | 1 | 64, embeds: [{ title: 'a' }] }));
  expect(message).toMatchObject({ flags: 4 | 4096, embeds: [] });
});
