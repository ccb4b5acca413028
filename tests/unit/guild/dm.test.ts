/** DMs of pairs and groups as tables: what is written, and what each recipient's user actor is told. */
import { describe, expect, test } from 'bun:test';
import { decideDm, dmNeeds } from '../../../src/guild/dm-decide.ts';
import { answerDm } from '../../../src/guild/dm-questions.ts';
import { type DmState, dmState } from '../../../src/guild/dm-state.ts';
import { DmBehavior } from '../../../src/host/dm-behavior.ts';
import type { Command, MessageDraft, UserCommand } from '../../../src/protocol/commands.ts';
import type { Decision } from '../../../src/protocol/decision.ts';
import { groupKey, pairKey } from '../../../src/protocol/ids.ts';
import * as f from './message-fixture.ts';

type DmEvent = UserCommand & { kind: 'dmEvent' };

const CHANNEL = f.VOICE;
const pair = (a = f.ANN, b = f.BOB): DmState => dmState(pairKey(a, b), null);
const run = (state: DmState, command: Command): Decision => decideDm(state, command, f.turn());
const open = (state: DmState, who = f.ANN, other = f.BOB): Decision =>
  run(state, { kind: 'openDm', by: f.by(who), with: f.user(other, other === f.BOT) });
const idOf = (state: DmState): string => state.dm?.id ?? 'none';
const send = (state: DmState, who = f.ANN, changes: Partial<MessageDraft> = {}): Decision =>
  run(state, { kind: 'createMessage', by: f.by(who), channelId: idOf(state), draft: f.draft(changes) });
const sentId = (decision: Decision): string => f.body<{ id: string }>(decision).id;

/** `who t` of each tell, with what is worth seeing. */
const told = (decision: Decision) =>
  decision.tells.map(({ to, command, durable }) => {
    const event = command as DmEvent;
    const d = JSON.parse(event.d) as Record<string, unknown>;
    return { to, t: event.t, seq: event.seq, open: event.open, full: event.full, cls: event.cls, durable, d };
  });
const names = (decision: Decision): string[] => told(decision).map(({ to, t }) => `${to} ${t}`);

describe('a pair', () => {
  test('the first opening makes the channel, lists it for who opened it, and tells only him', () => {
    const state = pair();
    const decision = open(state);
    expect(f.writes(decision)).toEqual(['putDm', 'putChannelOwner', 'putDmOpen']);
    expect(f.body(decision)).toMatchObject({
      id: idOf(state),
      type: 1,
      recipients: [{ id: f.BOB }],
      last_message_id: null,
    });
    expect(names(decision)).toEqual([`u:${f.ANN} CHANNEL_CREATE`]);
    expect(state.dm).toMatchObject({ type: 1, owner: pairKey(f.BOB, f.ANN), owner_id: null });
  });

  test('opening again, from either side, is the same channel', () => {
    const state = pair();
    open(state);
    const id = idOf(state);
    expect(open(state)).toMatchObject({ writes: [], tells: [], rows: [] });
    const other = open(state, f.BOB, f.ANN);
    expect(f.body(other)).toMatchObject({ id, recipients: [{ id: f.ANN }] });
    expect(other.writes).toEqual([{ w: 'putDmOpen', userId: f.BOB, owner: state.owner, open: true }]);
  });

  test('names of now replace those it was made with', () => {
    const state = pair();
    open(state);
    const command = { kind: 'openDm', by: f.by(f.ANN), with: { ...f.user(f.BOB), username: 'robert' } } as const;
    expect(f.writes(run(state, command))).toEqual(['putDm']);
    expect(state.dm?.recipients.map(({ username }) => username)).toContain('robert');
  });

  test('not with oneself, not by the wrong owner, not between bots', () => {
    expect(f.why(open(pair(), f.ANN, f.ANN))).toBe('invalidRecipients');
    expect(f.why(open(pair(), f.ANN, f.BOT))).toBe('invalidRecipients');
    const bots = dmState(pairKey(f.BOT, f.BOB), null);
    const bot = { ...f.by(f.BOB), self: f.user(f.BOB, true) };
    expect(f.why(run(bots, { kind: 'openDm', by: bot, with: f.user(f.BOT, true) }))).toBe('cannotSendToUser');
  });

  test('a message lists it for the other one first, then is told to both', () => {
    const state = pair(f.ANN, f.BOT);
    open(state, f.ANN, f.BOT);
    const decision = send(state, f.ANN, { nonce: 'n' });
    expect(names(decision)).toEqual([
      `u:${f.BOT} CHANNEL_CREATE`,
      `u:${f.ANN} MESSAGE_CREATE`,
      `u:${f.BOT} MESSAGE_CREATE`,
    ]);
    const [created, own, other] = told(decision);
    expect(created).toMatchObject({ seq: 1000, open: true, d: { recipients: [{ id: f.ANN }] } });
    expect(own).toMatchObject({ seq: 1001, open: true, full: false, cls: 4096, durable: true });
    expect(other).toMatchObject({ seq: 1001, open: true, full: true });
    expect(own?.d).toMatchObject({ content: 'hello', nonce: 'n', channel_type: 1, author: { id: f.ANN } });
    expect(own?.d).not.toHaveProperty('guild_id');
    expect(own?.d).not.toHaveProperty('member');
    expect(f.objections(f.body(decision))).toEqual([]);
    expect(decision.rows).toHaveLength(2);
    expect(f.writes(decision)).toEqual(['putMessage', 'putLastMessage', 'putDmOpen']);
    expect(names(send(state, f.BOT))).toEqual([`u:${f.ANN} MESSAGE_CREATE`, `u:${f.BOT} MESSAGE_CREATE`]);
    expect(state.dm?.last_message_id).not.toBeNull();
  });

  test('closed, it is gone from one list until the next message', () => {
    const state = pair();
    open(state);
    send(state);
    const closed = run(state, { kind: 'closeDm', by: f.by(f.BOB) });
    expect(closed.writes).toEqual([{ w: 'putDmOpen', userId: f.BOB, owner: state.owner, open: false }]);
    expect(names(closed)).toEqual([`u:${f.BOB} CHANNEL_DELETE`]);
    expect(f.body(closed)).toMatchObject({ id: idOf(state) });
    expect(names(send(state))[0]).toBe(`u:${f.BOB} CHANNEL_CREATE`);
  });

  test('typing is told once and not kept', () => {
    const state = pair();
    open(state);
    const decision = run(state, { kind: 'typing', by: f.by(f.ANN), channelId: idOf(state) });
    expect(told(decision)).toMatchObject([
      { t: 'TYPING_START', durable: false, open: false, cls: 16384 },
      { t: 'TYPING_START', durable: false },
    ]);
    expect(decision.writes).toEqual([]);
  });
});

describe('its messages follow the rules of all places', () => {
  const start = () => {
    const state = pair();
    open(state);
    return { state, id: sentId(send(state)), channelId: idOf(state) };
  };

  test('edit and delete: only the author', () => {
    const { state, id: messageId, channelId } = start();
    const patch = { content: 'changed' };
    expect(f.why(run(state, { kind: 'editMessage', by: f.by(f.BOB), channelId, messageId, patch }))).toBe(
      'cannotEditOther',
    );
    expect(f.why(run(state, { kind: 'deleteMessage', by: f.by(f.BOB), channelId, messageId }))).toBe('notInDm');
    const edited = run(state, { kind: 'editMessage', by: f.by(f.ANN), channelId, messageId, patch });
    expect(told(edited)).toMatchObject([
      { t: 'MESSAGE_UPDATE', d: { content: 'changed' }, open: false },
      { t: 'MESSAGE_UPDATE' },
    ]);
    const gone = run(state, { kind: 'deleteMessage', by: f.by(f.ANN), channelId, messageId });
    expect(told(gone)).toMatchObject([
      { t: 'MESSAGE_DELETE', d: { id: messageId, channel_id: channelId } },
      { t: 'MESSAGE_DELETE' },
    ]);
  });

  test('reactions and pins by both, nothing in bulk', () => {
    const { state, id: messageId, channelId } = start();
    const by = f.by(f.BOB);
    const reacted = run(state, { kind: 'addReaction', by, channelId, messageId, emoji: '👍' });
    expect(told(reacted)).toMatchObject([{ t: 'MESSAGE_REACTION_ADD', cls: 8192, full: false }, {}]);
    const pin = { kind: 'pin', by, channelId, messageId } as const;
    for (const need of dmNeeds(state, pin)) state.messages.supply(need, []);
    expect(names(run(state, pin)).filter((name) => name.startsWith(`u:${f.ANN}`))).toEqual(
      ['MESSAGE_UPDATE', 'CHANNEL_PINS_UPDATE', 'MESSAGE_CREATE'].map((t) => `u:${f.ANN} ${t}`),
    );
    expect(f.why(run(state, { kind: 'bulkDelete', by, channelId, ids: [messageId, channelId] }))).toBe('notInDm');
    expect(f.why(run(state, { kind: 'clearReactions', by, channelId, messageId, emoji: null }))).toBe('notInDm');
  });

  test('everybody mentions only recipients', () => {
    const { state } = start();
    const decision = send(state, f.ANN, { content: `<@${f.BOB}> <@${f.OWNER}> @everyone` });
    expect(f.body(decision)).toMatchObject({ mentions: [{ id: f.BOB }], mention_everyone: false });
  });

  test('the same nonce is the same message', () => {
    const state = pair();
    open(state);
    state.messages.passTime(f.NOW - 10 * 60_000 - 1);
    const nonced = { nonce: 7, enforceNonce: true };
    const first = send(state, f.ANN, nonced);
    const again = send(state, f.ANN, nonced);
    expect(sentId(again)).toBe(sentId(first));
    expect(again.tells).toEqual([]);
  });
});

describe('strangers', () => {
  test('do not learn that it exists', () => {
    const state = pair();
    open(state);
    expect(f.why(send(state, f.OWNER))).toBe('unknownChannel');
    expect(f.why(run(state, { kind: 'closeDm', by: f.by(f.OWNER) }))).toBe('unknownChannel');
    for (const ask of ['channel', 'mayRead'] as const) {
      expect(answerDm(state, { ask, by: f.OWNER, channelId: idOf(state) })).toEqual({ refused: 'unknownChannel' });
    }
    expect(answerDm(state, { ask: 'maySend', by: f.ANN, channelId: '1', attach: false })).toEqual({
      refused: 'unknownChannel',
    });
    expect(answerDm(pair(), { ask: 'channel', by: f.ANN, channelId: '1' })).toEqual({ refused: 'unknownChannel' });
  });

  test('recipients are answered', () => {
    const state = pair();
    open(state);
    const id = sentId(send(state));
    const at = { by: f.BOB, channelId: idOf(state) };
    expect(answerDm(state, { ask: 'channel', ...at })).toMatchObject({
      ok: { recipients: [{ id: f.ANN }], last_message_id: id },
    });
    expect(answerDm(state, { ask: 'mayRead', ...at })).toMatchObject({ ok: { generation: id } });
    expect(answerDm(state, { ask: 'maySend', ...at, attach: true })).toEqual({ ok: null });
    expect(answerDm(state, { ask: 'self' })).toEqual({ refused: 'notInDm' });
  });
});

describe('a group', () => {
  const group = () => dmState(groupKey(CHANNEL), null);
  const create = (state: DmState, recipients: readonly string[]) =>
    run(state, {
      kind: 'createGroup',
      by: f.by(f.ANN),
      channelId: CHANNEL,
      recipients: recipients.map((id) => f.user(id)),
    });

  test('is made once, listed for and told to all', () => {
    const state = group();
    const decision = create(state, [f.BOB, f.OWNER, f.BOB, f.ANN]);
    expect(f.body(decision)).toMatchObject({ id: CHANNEL, type: 3, owner_id: f.ANN, name: null, icon: null });
    expect(state.dm?.recipients.map(({ id }) => id)).toEqual([f.ANN, f.BOB, f.OWNER]);
    expect(f.writes(decision)).toEqual(['putDm', 'putChannelOwner', 'putDmOpen', 'putDmOpen', 'putDmOpen']);
    expect(names(decision)).toEqual([f.ANN, f.BOB, f.OWNER].map((id) => `u:${id} CHANNEL_CREATE`));
    expect(create(state, [f.BOB])).toMatchObject({ writes: [], tells: [] });
    expect(names(send(state, f.OWNER))).toHaveLength(3);
  });

  test('has two to ten recipients', () => {
    expect(f.why(create(group(), [f.ANN]))).toBe('invalidRecipients');
    expect(
      f.why(
        create(
          group(),
          Array.from({ length: 10 }, (_, n) => `${n + 100}`),
        ),
      ),
    ).toBe('invalidRecipients');
    expect(
      f.why(
        create(
          group(),
          Array.from({ length: 9 }, (_, n) => `${n + 100}`),
        ),
      ),
    ).toBeNull();
  });

  test('has a name that every recipient may change; a pair has none', () => {
    const state = group();
    create(state, [f.BOB]);
    const rename = (to: DmState, who: string) =>
      run(to, { kind: 'updateChannel', by: f.by(who), channelId: idOf(to), patch: { name: 'us' } });
    expect(told(rename(state, f.BOB))).toMatchObject([{ t: 'CHANNEL_UPDATE', d: { name: 'us' } }, {}]);
    expect(f.why(rename(state, f.OWNER))).toBe('unknownChannel');
    const two = pair();
    open(two);
    expect(f.why(rename(two, f.ANN))).toBe('wrongChannelType');
  });
});

test('a loaded DM goes on where it was', () => {
  const before = pair();
  open(before);
  const first = sentId(send(before));
  const actor = new DmBehavior(before.owner, before.dm, 1);
  const channelId = idOf(before);
  const command: Command = {
    kind: 'editMessage',
    by: f.by(f.ANN),
    channelId,
    messageId: first,
    patch: { content: 'b' },
  };
  const needs = actor.needs(command);
  expect(needs).toHaveLength(1);
  for (const need of needs) actor.supply(need, before.messages.message(channelId, first));
  expect(f.body(actor.decide(command, f.turn()))).toMatchObject({ message: { content: 'b' }, gone: [] });
  expect(actor.question({ ask: 'channel', by: f.BOB, channelId })).toMatchObject({ ok: { last_message_id: first } });
  expect([actor.isMember(), actor.topicsOf(), actor.guilds(), actor.retell()]).toEqual([false, [], null, null]);
});
