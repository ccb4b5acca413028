/** A guild with one text channel for the tables of the message rules: an owner (1), Ann (2), Bob (3) and a bot (4). */
import { MessageResponseSchema } from 'discord-api-spec/zod';
import { PermissionFlagsBits as P } from 'discord-api-types/v10';
import { z } from 'zod/mini';
import { MessageCache } from '../../../src/guild/message-cache.ts';
import type { GuildState } from '../../../src/guild/state.ts';
import type { By, MessageDraft } from '../../../src/protocol/commands.ts';
import type { Decision, Turn } from '../../../src/protocol/decision.ts';
import { refuse } from '../../../src/protocol/errors.ts';
import type {
  ChannelRecord,
  GuildRecord,
  MemberRecord,
  PublicUser,
  RoleRecord,
} from '../../../src/protocol/records.ts';
import { Mint, snowflakeAt } from '../../../src/protocol/snowflake.ts';

export const NOW = 1_800_000_000_000;
const at = (n: number): string => (BigInt(snowflakeAt(NOW - 1_000_000)) + BigInt(n)).toString();

export const GUILD = at(0);
export const TEXT = at(10);
export const VOICE = at(11);
export const CATEGORY = at(12);
export const NEWS = at(13);
export const OWNER = at(1);
export const ANN = at(2);
export const BOB = at(3);
export const BOT = at(4);
export const STRANGER = at(5);
export const QUIET_ROLE = at(20);
export const LOUD_ROLE = at(21);

export const user = (id: string, bot = false): PublicUser => ({
  id,
  username: `user${id.slice(-2)}`,
  discriminator: '0',
  global_name: null,
  avatar: null,
  banner: null,
  accent_color: null,
  bot,
  system: false,
  public_flags: 0,
});

export const by = (id: string): By => ({ id, self: user(id, id === BOT), reason: null });

const member = (id: string, roles: readonly string[] = []): MemberRecord => ({
  user: user(id, id === BOT),
  nick: null,
  avatar: null,
  banner: null,
  roles,
  joined_at: '2026-01-01T00:00:00.000000+00:00',
  premium_since: null,
  deaf: false,
  mute: false,
  flags: 0,
  pending: false,
  communication_disabled_until: null,
});

const channel = (id: string, type: number): ChannelRecord => ({
  id,
  type,
  guild_id: GUILD,
  name: `c${type}`,
  position: 0,
  parent_id: null,
  topic: null,
  nsfw: false,
  rate_limit_per_user: 0,
  permission_overwrites: [],
  last_message_id: null,
  last_pin_timestamp: null,
  flags: 0,
  bitrate: 64_000,
  user_limit: 0,
  rtc_region: null,
  video_quality_mode: 1,
  default_auto_archive_duration: null,
});

const role = (id: string, mentionable: boolean, permissions = 0n): RoleRecord => ({
  id,
  name: id,
  color: 0,
  colors: { primary_color: 0, secondary_color: null, tertiary_color: null },
  hoist: false,
  icon: null,
  unicode_emoji: null,
  position: 0,
  permissions: permissions.toString(),
  managed: false,
  mentionable,
  flags: 0,
});

export const EVERYDAY =
  P.ViewChannel |
  P.SendMessages |
  P.ReadMessageHistory |
  P.AttachFiles |
  P.EmbedLinks |
  P.AddReactions |
  P.Connect |
  P.SendTTSMessages;

export function guild(permissions: bigint = EVERYDAY, changes: Partial<ChannelRecord> = {}): GuildState {
  const channels = [channel(TEXT, 0), channel(VOICE, 2), channel(CATEGORY, 4), channel(NEWS, 5)];
  return {
    guild: { id: GUILD, owner_id: OWNER, name: 'g' } as GuildRecord,
    channels: new Map(channels.map((one) => [one.id, { ...one, ...changes }])),
    roles: new Map([
      [GUILD, role(GUILD, false, permissions)],
      [QUIET_ROLE, role(QUIET_ROLE, false)],
      [LOUD_ROLE, role(LOUD_ROLE, true)],
    ]),
    members: new Map([OWNER, ANN, BOB, BOT].map((id) => [id, member(id)])),
    bans: new Map(),
    invites: new Map(),
    voice: new Map(),
    voiceDecided: new Set(),
    presences: new Map(),
    messages: new MessageCache(),
    lastWrote: new Map(),
    generations: new Map(),
  };
}

export function turn(now = NOW, first = 1000): Turn {
  return { now, unheard: false, mint: (after) => mint.next(now, after), seq: (index) => first + index };
}
const mint = new Mint(7);

export const draft = (changes: Partial<MessageDraft> = {}): MessageDraft => ({
  content: 'hello',
  nonce: null,
  enforceNonce: false,
  tts: false,
  embeds: [],
  attachments: [],
  allowed_mentions: null,
  reference: null,
  components: [],
  flags: 0,
  ...changes,
});

export function body<T = Record<string, unknown>>(decision: Decision): T {
  if ('refused' in decision.reply) throw new Error(`refused: ${JSON.stringify(refuse(decision.reply.refused))}`);
  return decision.reply.ok as T;
}

export const why = (decision: Decision): string | null => ('refused' in decision.reply ? decision.reply.refused : null);

/** Event names and what they carry. */
export const events = (
  decision: Decision,
): { t: string; d: Record<string, unknown>; topic: string; full: readonly string[] | null }[] =>
  decision.rows.flatMap((row) =>
    row.kind === 'event'
      ? [{ t: row.t, d: JSON.parse(row.d) as Record<string, unknown>, topic: row.topic, full: row.full }]
      : [],
  );

export const writes = (decision: Decision): string[] => decision.writes.map(({ w }) => w);

/** What the specification has against a message. Its schemas want times with a Z; Discord itself sends an offset. */
export function objections(message: unknown): readonly unknown[] {
  const zulu = JSON.parse(JSON.stringify(message).replaceAll('+00:00"', 'Z"')) as unknown;
  return z.safeParse(MessageResponseSchema, zulu).error?.issues ?? [];
}
