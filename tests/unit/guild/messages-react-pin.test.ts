/** Reactions and pins as tables. */
import { describe, expect, test } from 'bun:test';
import { PermissionFlagsBits as P } from 'discord-api-types/v10';
import { wireEmoji } from '../../../src/guild/emoji.ts';
import { decideMessage, messageNeeds, supplyNeed } from '../../../src/guild/messages.ts';
import type { GuildState } from '../../../src/guild/state.ts';
import type { MessageCommand } from '../../../src/protocol/commands.ts';
import * as f from './message-fixture.ts';

const run = (state: GuildState, command: MessageCommand) => decideMessage(state, command, f.turn());
const send = (state: GuildState): string =>
  f.body<{ id: string }>(run(state, { kind: 'createMessage', by: f.by(f.ANN), channelId: f.TEXT, draft: f.draft() }))
    .id;

describe('emojis', () => {
  test.each(['👍', '❤️', '❤', '👨‍👩‍👧‍👦', '👍🏽', '🇩🇪', '1️⃣', '#️⃣', '©️', '🏴󠁧󠁢󠁥󠁮󠁧󠁿'])('%s', (text) => {
    expect(wireEmoji(text)).toEqual({ id: null, name: text });
  });
  test('custom ones', () => {
    expect(wireEmoji('party:123456')).toEqual({ id: '123456', name: 'party' });
    expect(wireEmoji('a:party:123456')).toEqual({ id: '123456', name: 'party' });
  });
  test.each(['', 'a', 'hello', '1', 'x:y', '👍'.repeat(40), 'hello 👍', ':123'])('not %p', (text) => {
    expect(wireEmoji(text)).toBeNull();
  });
});

describe('reactions', () => {
  const add = (state: GuildState, messageId: string, who = f.ANN, emoji = '👍') =>
    run(state, { kind: 'addReaction', by: f.by(who), channelId: f.TEXT, messageId, emoji });
  const take = (state: GuildState, messageId: string, who: string, userId = who, emoji = '👍') =>
    run(state, { kind: 'removeReaction', by: f.by(who), channelId: f.TEXT, messageId, emoji, userId });
  const clear = (state: GuildState, messageId: string, who: string, emoji: string | null) =>
    run(state, { kind: 'clearReactions', by: f.by(who), channelId: f.TEXT, messageId, emoji });
  const counts = (state: GuildState, id: string) => state.messages.message(f.TEXT, id)?.reactions;

  test('one event per new reaction, none for the same again', () => {
    const state = f.guild();
    const id = send(state);
    const generation = state.generations.get(f.TEXT);
    const decision = add(state, id, f.BOB);
    expect(decision.writes).toEqual([
      { w: 'putReaction', channelId: f.TEXT, messageId: id, emoji: '👍', userId: f.BOB, at: f.NOW },
    ]);
    const [event] = f.events(decision);
    expect(event).toMatchObject({ t: 'MESSAGE_REACTION_ADD', topic: `g:${f.GUILD}` });
    expect(event?.d).toMatchObject({
      user_id: f.BOB,
      channel_id: f.TEXT,
      message_id: id,
      guild_id: f.GUILD,
      message_author_id: f.ANN,
      emoji: { id: null, name: '👍' },
      burst: false,
      burst_colors: [],
      type: 0,
      member: { user: { id: f.BOB } },
    });
    expect(state.generations.get(f.TEXT)).not.toBe(generation);
    expect(add(state, id, f.BOB)).toMatchObject({ reply: { ok: null }, rows: [], writes: [] });
    expect(f.events(add(state, id, f.ANN))).toHaveLength(1);
    expect(counts(state, id)).toEqual([{ emoji: '👍', count: 2 }]);
  });

  test('what is there may be added by all who read history, what is new by who may add', () => {
    const state = f.guild(f.EVERYDAY & ~P.AddReactions);
    const id = send(state);
    expect(f.why(add(state, id, f.BOB))).toBe('missingPermissions');
    expect(f.why(add(state, id, f.OWNER))).toBeNull();
    expect(f.why(add(state, id, f.BOB))).toBeNull();
    const blind = f.guild(f.EVERYDAY & ~P.ReadMessageHistory);
    expect(f.why(add(blind, send(blind), f.BOB))).toBe('missingPermissions');
  });

  test('who is timed out does not react', () => {
    const state = f.guild();
    const id = send(state);
    add(state, id, f.ANN);
    const bob = state.members.get(f.BOB);
    if (!bob) throw new Error('no Bob');
    state.members.set(f.BOB, { ...bob, communication_disabled_until: new Date(f.NOW + 1000).toISOString() });
    expect(f.why(add(state, id, f.BOB))).toBe('missingPermissions');
  });

  test('twenty different ones, and no words', () => {
    const state = f.guild();
    const id = send(state);
    for (let n = 0; n < 20; n += 1) add(state, id, f.ANN, String.fromCodePoint(0x1f600 + n));
    expect(f.why(add(state, id, f.ANN))).toBe('maxReactions');
    expect(f.why(add(state, id, f.BOB, '\u{1f600}'))).toBeNull();
    expect(f.why(add(state, id, f.ANN, 'hello'))).toBe('unknownEmoji');
  });

  test('a custom one that nobody has is unknown, unless the message has it already', () => {
    const state = f.guild();
    const id = send(state);
    expect(f.why(add(state, id, f.ANN, 'party:123456'))).toBe('unknownEmoji');
    state.messages.putReaction(f.TEXT, id, 'party:123456', f.BOB, true);
    expect(f.why(add(state, id, f.ANN, 'party:123456'))).toBeNull();
  });

  test('removal: own, or others by who manages messages', () => {
    const state = f.guild();
    const id = send(state);
    add(state, id, f.BOB);
    expect(f.why(take(state, id, f.ANN, f.BOB))).toBe('missingPermissions');
    expect(f.events(take(state, id, f.ANN))).toEqual([]);
    expect(f.events(take(state, id, f.OWNER, f.BOB))).toMatchObject([
      { t: 'MESSAGE_REACTION_REMOVE', d: { user_id: f.BOB, emoji: { name: '👍' }, type: 0 } },
    ]);
    expect(counts(state, id)).toEqual([]);
    expect(f.why(take(state, id, f.BOB))).toBe('unknownEmoji');
  });

  test('clear all, or one emoji', () => {
    const state = f.guild();
    const id = send(state);
    for (const emoji of ['👍', '🎉', '🔥']) add(state, id, f.BOB, emoji);
    expect(f.why(clear(state, id, f.ANN, null))).toBe('missingPermissions');
    expect(f.events(clear(state, id, f.OWNER, '🎉'))).toMatchObject([
      { t: 'MESSAGE_REACTION_REMOVE_EMOJI', d: { message_id: id, emoji: { name: '🎉' } } },
    ]);
    expect(f.events(clear(state, id, f.OWNER, null))).toMatchObject([{ t: 'MESSAGE_REACTION_REMOVE_ALL' }]);
    expect(counts(state, id)).toEqual([]);
    expect(f.events(clear(state, id, f.OWNER, null))).toEqual([]);
  });

  test('a single reaction of a loaded message is asked for, that of an emoji nobody used is not', () => {
    const old = f.guild();
    const id = send(old);
    add(old, id, f.BOB);
    const state = f.guild();
    const command = { kind: 'addReaction', by: f.by(f.ANN), channelId: f.TEXT, messageId: id, emoji: '👍' } as const;
    const needs = messageNeeds(state, command);
    expect(needs.map(({ need }) => need)).toEqual(['message', 'reaction']);
    for (const need of needs)
      supplyNeed(state, need, need.need === 'message' ? old.messages.message(f.TEXT, id) : true);
    expect(run(state, command)).toMatchObject({ reply: { ok: null }, rows: [] });
    expect(messageNeeds(state, { ...command, emoji: '🎉' })).toEqual([]);
  });
});

describe('pins', () => {
  const pin = (state: GuildState, messageId: string, who = f.OWNER, kind: 'pin' | 'unpin' = 'pin') => {
    const command = { kind, by: f.by(who), channelId: f.TEXT, messageId } as const;
    for (const need of messageNeeds(state, command)) supplyNeed(state, need, []);
    return run(state, command);
  };

  test('the message, the channel and a line in it', () => {
    const state = f.guild();
    const id = send(state);
    const decision = pin(state, id);
    const when = '2027-01-15T08:00:00.000000+00:00';
    expect(f.events(decision)).toMatchObject([
      { t: 'MESSAGE_UPDATE', d: { id, pinned: true, edited_timestamp: null } },
      { t: 'CHANNEL_PINS_UPDATE', d: { channel_id: f.TEXT, guild_id: f.GUILD, last_pin_timestamp: when } },
      {
        t: 'MESSAGE_CREATE',
        d: { type: 6, content: '', author: { id: f.OWNER }, message_reference: { message_id: id } },
      },
    ]);
    expect(f.writes(decision)).toEqual(['putPin', 'putMessage', 'putChannel', 'putMessage', 'putLastMessage']);
    expect(state.channels.get(f.TEXT)).toMatchObject({ last_pin_timestamp: when });
    expect(f.objections(f.events(decision)[2]?.d)).toEqual([]);
    expect(pin(state, id).rows).toEqual([]);
    const line = f.events(decision)[2]?.d.id as string;
    expect(f.why(pin(state, line))).toBe('systemMessage');
  });

  test('unpinned, or deleted', () => {
    const state = f.guild();
    const [a, b] = [send(state), send(state)];
    pin(state, a);
    pin(state, b);
    expect(f.events(pin(state, a, f.OWNER, 'unpin'))).toMatchObject([
      { t: 'MESSAGE_UPDATE', d: { pinned: false } },
      { t: 'CHANNEL_PINS_UPDATE', d: { last_pin_timestamp: '2027-01-15T08:00:00.000000+00:00' } },
    ]);
    expect(pin(state, a, f.OWNER, 'unpin').rows).toEqual([]);
    const gone = run(state, { kind: 'deleteMessage', by: f.by(f.ANN), channelId: f.TEXT, messageId: b });
    expect(f.events(gone).map(({ t }) => t)).toEqual(['CHANNEL_PINS_UPDATE', 'MESSAGE_DELETE']);
    expect(state.channels.get(f.TEXT)?.last_pin_timestamp).toBeNull();
  });

  test('fifty, by who manages messages or pins', () => {
    const state = f.guild(f.EVERYDAY);
    const id = send(state);
    expect(f.why(pin(state, id, f.ANN))).toBe('missingPermissions');
    expect(f.why(pin(f.guild(f.EVERYDAY | P.ManageMessages), id, f.STRANGER))).toBe('missingAccess');
    for (let n = 0; n < 50; n += 1) expect(f.why(pin(state, send(state)))).toBeNull();
    expect(f.why(pin(state, id))).toBe('maxPins');
    const pinners = f.guild(f.EVERYDAY | P.PinMessages);
    expect(f.why(pin(pinners, send(pinners), f.BOB))).toBeNull();
  });
});
