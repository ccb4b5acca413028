/** Random commands to a guild: half of them are refused, for lack of rights or of what they name. */
import { PermissionFlagsBits as P } from 'discord-api-types/v10';
import fc from 'fast-check';
import type { GuildState } from '../../../src/guild/state.ts';
import type { GuildCommand, MessageCommand } from '../../../src/protocol/commands.ts';
import type { Snowflake } from '../../../src/protocol/ids.ts';
import { draft } from './message-fixture.ts';
import { ANN, BEN, BOT, by, MOD, OWNER, STRANGER, user } from './world.ts';

export const PEOPLE = [OWNER, MOD, ANN, BEN, BOT, STRANGER] as const;
const NOBODY = '1300000000000000999';
const EMOJIS = ['👍', '🎉', 'nonsense words'] as const;
const BITS = [
  P.ViewChannel,
  P.SendMessages,
  P.ManageRoles,
  P.ManageChannels,
  P.BanMembers,
  P.ManageMessages,
  P.Administrator,
];

/** Messages made so far, and where. */
export type Made = ReadonlyMap<Snowflake, Snowflake>;

/** Three numbers choose what a command names; what exists depends on the state of the moment. */
export interface Dice {
  readonly kind: Kind;
  readonly who: Snowflake;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

type Make = (at: Places, dice: Dice) => GuildCommand | MessageCommand;

const pick = <T>(list: readonly T[], n: number, other: T): T => list[n % (list.length + 1)] ?? other;

class Places {
  constructor(
    readonly state: GuildState,
    readonly messages: Made,
    readonly dice: Dice,
  ) {}
  get by() {
    const { who } = this.dice;
    return who === '0' ? by('0', 'set-up') : by(who);
  }
  channel = (n: number): Snowflake => pick([...this.state.channels.keys()], n, NOBODY);
  /** Mostly one where messages are. */
  room = (n: number): Snowflake => {
    const texts = [...this.state.channels.values()].filter(({ type }) => type === 0).map(({ id }) => id);
    return n % 4 === 0 ? this.channel(n >> 2) : pick(texts, n >> 2, texts[0] ?? NOBODY);
  };
  nth = (n: number): Snowflake => pick([...this.messages.keys()].slice(-6), n, NOBODY);
  role = (n: number): Snowflake => pick([...this.state.roles.keys()], n, NOBODY);
  person = (n: number): Snowflake => pick(PEOPLE, n, NOBODY);
  code = (n: number): string => pick([...this.state.invites.keys()], n, 'nothing');
  /** Mostly a message in the channel where it is. */
  get message() {
    const messageId = this.nth(this.dice.a);
    const where = this.dice.b === 0 ? undefined : this.messages.get(messageId);
    return { by: this.by, channelId: where ?? this.channel(this.dice.b), messageId };
  }
  bits = (n: number): string => String((BITS[n % BITS.length] ?? 0n) | (BITS[(n >> 3) % BITS.length] ?? 0n));
  overwrite = (n: number, m: number) => ({
    ...(n % 2 === 0 ? { id: this.role(n >> 1), type: 0 } : { id: this.person(n >> 1), type: 1 }),
    allow: this.bits(m),
    deny: this.bits(m >> 4),
  });
}

const STRUCTURE = {
  updateGuild: (at, { a, b, c }) => ({
    kind: 'updateGuild',
    by: at.by,
    patch:
      [
        { name: `name ${b}` },
        { system_channel_id: at.channel(b) },
        { owner_id: at.person(c), afk_timeout: 60 + b },
        { verification_level: null },
      ][a % 4] ?? {},
  }),
  createChannel: (at, { a, b, c }) => ({
    kind: 'createChannel',
    by: at.by,
    draft: {
      name: `Room ${a}`,
      type: [0, 2, 4, 5, 13][a % 5] ?? 0,
      ...(b % 3 === 0 ? { parent_id: at.channel(b) } : {}),
      ...(c % 2 === 0 ? { permission_overwrites: [at.overwrite(b, c)] } : {}),
      rate_limit_per_user: b % 2,
    },
  }),
  updateChannel: (at, { a, b, c }) => ({
    kind: 'updateChannel',
    by: at.by,
    channelId: at.channel(a),
    patch:
      [
        { name: `room ${b}` },
        { parent_id: at.channel(b) },
        { permission_overwrites: [at.overwrite(b, c)] },
        { type: b % 6 },
      ][c % 4] ?? {},
  }),
  deleteChannel: (at, { a }) => ({ kind: 'deleteChannel', by: at.by, channelId: at.channel(a) }),
  moveChannels: (at, { a, b, c }) => ({
    kind: 'moveChannels',
    by: at.by,
    moves: [
      { id: at.channel(a), position: c },
      { id: at.channel(b), parent_id: at.channel(c), lock_permissions: a % 2 === 0 },
    ],
  }),
  putOverwrite: (at, { a, b, c }) => ({
    kind: 'putOverwrite',
    by: at.by,
    channelId: at.channel(a),
    overwrite: at.overwrite(b, c),
  }),
  deleteOverwrite: (at, { a, b }) => ({
    kind: 'deleteOverwrite',
    by: at.by,
    channelId: at.channel(a),
    targetId: b % 2 === 0 ? at.role(b >> 1) : at.person(b >> 1),
  }),
  createRole: (at, { a }) => ({ kind: 'createRole', by: at.by, patch: { name: `r${a}`, permissions: at.bits(a) } }),
  updateRole: (at, { a, b }) => ({
    kind: 'updateRole',
    by: at.by,
    roleId: at.role(a),
    patch: b % 2 === 0 ? { permissions: at.bits(b) } : { hoist: true, color: b },
  }),
  deleteRole: (at, { a }) => ({ kind: 'deleteRole', by: at.by, roleId: at.role(a) }),
  moveRoles: (at, { a, b }) => ({ kind: 'moveRoles', by: at.by, moves: [{ id: at.role(a), position: b % 5 }] }),
} satisfies Record<string, Make>;

const MEMBERS = {
  addMember: (at, { a, b }) => ({ kind: 'addMember', by: at.by, user: user(at.person(a)), roles: [at.role(b)] }),
  joinAgain: (at, { a }) => ({ kind: 'addMember', by: by('0'), user: user(at.person(a)) }),
  updateMember: (at, { a, b, c }) => ({
    kind: 'updateMember',
    by: at.by,
    userId: at.person(a),
    patch:
      [
        { nick: `nick ${b}` },
        { roles: [at.role(b), at.role(c)] },
        { mute: true, channel_id: at.channel(b) },
        { communication_disabled_until: new Date(1_767_225_600_000 + b * 1_000_000).toISOString() },
      ][c % 4] ?? {},
  }),
  addMemberRole: (at, { a, b }) => ({
    kind: 'addMemberRole',
    by: at.by,
    userId: at.person(a),
    roleId: at.role(b),
  }),
  removeMemberRole: (at, { a, b }) => ({
    kind: 'removeMemberRole',
    by: at.by,
    userId: at.person(a),
    roleId: at.role(b),
  }),
  removeMember: (at, { a }) => ({ kind: 'removeMember', by: at.by, userId: at.person(a) }),
  ban: (at, { a, b }) => ({
    kind: 'ban',
    by: at.by,
    user: user(at.person(a)),
    deleteMessageSeconds: b % 2 === 0 ? 0 : 3600,
  }),
  unban: (at, { a }) => ({ kind: 'unban', by: at.by, userId: at.person(a) }),
  createInvite: (at, { a, b, c }) => ({
    kind: 'createInvite',
    by: at.by,
    channelId: at.channel(a),
    code: `code${b}-${c}`,
    maxAge: b % 2 === 0 ? 0 : 5,
    maxUses: c % 3,
    temporary: false,
    unique: c % 2 === 0,
  }),
  deleteInvite: (at, { a }) => ({ kind: 'deleteInvite', by: at.by, code: at.code(a) }),
  useInvite: (at, { a }) => ({ kind: 'useInvite', by: at.by, code: at.code(a) }),
  userChanged: (at, { a, b }) => ({
    kind: 'userChanged',
    user: { ...user(at.person(a)), global_name: `new ${b}` },
  }),
  voiceState: (at, { a, b }) => ({
    kind: 'voiceState',
    by: at.by,
    session: 's',
    channelId: b % 4 === 0 ? null : at.channel(a),
    selfMute: false,
    selfDeaf: false,
    selfVideo: false,
  }),
} satisfies Record<string, Make>;

const MESSAGES = {
  createMessage: (at, { a, b, c }) => ({
    kind: 'createMessage',
    by: at.by,
    channelId: at.room(a),
    draft: draft({
      content: c % 5 === 0 ? '' : `words <@${at.person(b)}> <@&${at.role(b)}>`,
      nonce: b % 4,
      enforceNonce: b % 2 === 0,
      ...(c % 3 === 0
        ? {
            reference: {
              message_id: at.message.messageId,
              channel_id: null,
              guild_id: null,
              fail_if_not_exists: b % 2 === 0,
              type: 0,
            },
          }
        : {}),
    }),
  }),
  editMessage: (at, { b, c }) => ({
    kind: 'editMessage',
    ...at.message,
    patch: c % 3 === 0 ? { flags: 4 } : { content: b % 5 === 0 ? '' : `edited ${b}` },
  }),
  deleteMessage: (at) => ({ kind: 'deleteMessage', ...at.message }),
  bulkDelete: (at, { b }) => {
    const { by: who, channelId, messageId } = at.message;
    return { kind: 'bulkDelete', by: who, channelId, ids: [messageId, at.nth(b)] };
  },
  addReaction: (at, { c }) => ({ kind: 'addReaction', ...at.message, emoji: EMOJIS[c % 3] ?? '' }),
  removeReaction: (at, { b, c }) => ({
    kind: 'removeReaction',
    ...at.message,
    emoji: EMOJIS[c % 3] ?? '',
    userId: at.person(b),
  }),
  clearReactions: (at, { c }) => ({
    kind: 'clearReactions',
    ...at.message,
    emoji: c % 2 === 0 ? null : (EMOJIS[c % 3] ?? ''),
  }),
  pin: (at) => ({ kind: 'pin', ...at.message }),
  unpin: (at) => ({ kind: 'unpin', ...at.message }),
  crosspost: (at) => ({ kind: 'crosspost', ...at.message }),
  typing: (at, { a }) => ({ kind: 'typing', by: at.by, channelId: at.channel(a) }),
} satisfies Record<string, Make>;

const MAKERS = { ...STRUCTURE, ...MEMBERS, ...MESSAGES };
type Kind = keyof typeof MAKERS;
const KINDS = Object.keys(MAKERS) as Kind[];
const ABOUT_MESSAGES = Object.keys(MESSAGES) as Kind[];
const OFTEN: readonly Kind[] = ['createMessage', 'createMessage', 'createMessage', 'addReaction', 'pin', 'joinAgain'];

export const anyDice: fc.Arbitrary<Dice> = fc.record({
  kind: fc.constantFrom(...KINDS, ...ABOUT_MESSAGES, ...OFTEN, ...OFTEN),
  who: fc.constantFrom(OWNER, OWNER, OWNER, MOD, MOD, ANN, BEN, BOT, STRANGER, '0'),
  a: fc.nat(40),
  b: fc.nat(40),
  c: fc.nat(40),
});

export function commandOf(state: GuildState, messages: Made, dice: Dice): GuildCommand | MessageCommand {
  return MAKERS[dice.kind](new Places(state, messages, dice), dice);
}
