/** What a client's frame says, parsed at the door. Snowflakes sent as numbers keep their digits (wire-rules.md rule 4). */
import { z } from 'zod';
import type { SessionPresence } from '../protocol/envelope.ts';
import type { Wished } from '../protocol/events.ts';
import type { Snowflake } from '../protocol/ids.ts';
import { parseJson } from '../protocol/json.ts';

export type ClientFrame =
  /** op 1, and op 40 of newer user clients. `seq`: what the client has. */
  | { readonly op: 'heartbeat'; readonly seq: number | null }
  | { readonly op: 'identify'; readonly identify: IdentifyData }
  | { readonly op: 'resume'; readonly token: string; readonly session: string; readonly seq: number }
  | { readonly op: 'presence'; readonly presence: ClientPresence }
  | { readonly op: 'voice'; readonly voice: VoiceData }
  | { readonly op: 'members'; readonly members: MembersData }
  | { readonly op: 'wishes'; readonly wishes: readonly GuildWish[] }
  /** Known ones that mean nothing here. */
  | { readonly op: 'ignored' }
  | { readonly op: 'unknown' }
  | { readonly op: 'unreadable' };

export type ClientPresence = Omit<SessionPresence, 'client'>;

export interface IdentifyData {
  readonly token: string;
  /** Unchecked: what is wrong with these two has close codes of its own. */
  readonly intents: unknown;
  readonly shard: unknown;
  readonly presence: ClientPresence;
  readonly client: SessionPresence['client'];
}

export interface VoiceData {
  /** Null: the call of a DM. */
  readonly guildId: Snowflake | null;
  readonly channelId: Snowflake | null;
  readonly selfMute: boolean;
  readonly selfDeaf: boolean;
  readonly selfVideo: boolean;
}

export interface MembersData {
  readonly guildIds: readonly Snowflake[];
  readonly query: string | null;
  readonly limit: number;
  readonly userIds: readonly Snowflake[] | null;
  readonly presences: boolean;
  readonly nonce: string | null;
}

export interface GuildWish extends Wished {
  readonly guildId: Snowflake;
}

const snowflake = z.union([z.string().regex(/^\d{1,20}$/), z.number().int().nonnegative()]).transform(String);
/** One or several: discordgo and eris send an array (wire-rules.md rule 4). */
const snowflakes = z.union([snowflake.transform((id) => [id]), z.array(snowflake).max(100)]);

const frame = z.object({ op: z.number().int(), d: z.unknown().optional() });

const activities = z.array(z.record(z.string(), z.unknown())).max(20);
/** `game` is what discord.py still calls its one activity. */
const presenceData = z.object({
  status: z.string().nullish(),
  activities: activities.nullish(),
  game: z.record(z.string(), z.unknown()).nullish(),
  afk: z.boolean().nullish(),
  since: z.number().nullish(),
});

const identifyData = z.object({
  token: z.string().max(512),
  intents: z.unknown().optional(),
  shard: z.unknown().optional(),
  presence: presenceData.nullish(),
  properties: z.record(z.string(), z.unknown()).nullish(),
});

const resumeData = z.object({
  token: z.string().max(512),
  session_id: z.string().max(256),
  seq: z.number().int().nullable(),
});

const voiceData = z.object({
  guild_id: snowflake.nullish(),
  channel_id: snowflake.nullish(),
  self_mute: z.boolean().nullish(),
  self_deaf: z.boolean().nullish(),
  self_video: z.boolean().nullish(),
});

const membersData = z.object({
  guild_id: snowflakes,
  query: z.string().max(100).nullish(),
  limit: z.number().int().nonnegative().nullish(),
  user_ids: snowflakes.nullish(),
  presences: z.boolean().nullish(),
  nonce: z.union([z.string(), z.number()]).nullish(),
});

/** In one frame. */
const MOST_WISHES = 500;
/** Of what a client says here that it looks at, what is not there has no effect: channels, single members, threads. */
const guildWish = z.object({ typing: z.boolean().nullish(), activities: z.boolean().nullish() });
const subscription = guildWish.extend({ guild_id: snowflake });
const subscriptions = z.object({
  subscriptions: z
    .record(z.string().regex(/^\d{1,20}$/), guildWish)
    .refine((guilds) => Object.keys(guilds).length <= MOST_WISHES),
});

/** Said by clients to servers that have what these ask for; nothing depends on an answer. */
const IGNORED: ReadonlySet<number> = new Set([
  5, 12, 13, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 34, 35, 36, 38, 39, 41, 42, 43,
]);

export function parseFrame(text: string): ClientFrame {
  let parsed: unknown;
  try {
    parsed = parseJson(text);
  } catch {
    return { op: 'unreadable' };
  }
  const known = frame.safeParse(parsed);
  if (!known.success) return { op: 'unreadable' };
  const { op, d } = known.data;
  switch (op) {
    case 1:
      return { op: 'heartbeat', seq: seqOf(d) };
    case 40:
      return { op: 'heartbeat', seq: seqOf((d as { seq?: unknown } | null)?.seq) };
    case 2:
      return parsedAs(identifyData, d, identifyFrame);
    case 3:
      return parsedAs(presenceData, d, (data) => ({ op: 'presence', presence: presenceOf(data) }));
    case 4:
      return parsedAs(voiceData, d, voiceFrame);
    case 6:
      return parsedAs(resumeData, d, ({ token, session_id: session, seq }) => ({
        op: 'resume',
        token: bareToken(token),
        session,
        seq: seq ?? 0,
      }));
    case 8:
      return parsedAs(membersData, d, membersFrame);
    // Nobody documents these two: what is said otherwise than here has no effect, and costs nobody his connection.
    case 14:
      return parsedAs(subscription, d, ({ guild_id, ...wish }) => wishesFrame([[guild_id, wish]]), { op: 'ignored' });
    case 37:
      return parsedAs(subscriptions, d, ({ subscriptions: of }) => wishesFrame(Object.entries(of)), { op: 'ignored' });
    default:
      return { op: IGNORED.has(op) ? 'ignored' : 'unknown' };
  }
}

/** Some send the prefix that REST wants (wire-rules.md rule 11). */
export const bareToken = (token: string): string => token.replace(/^(?:Bot|Bearer)\s+/i, '').trim();

function parsedAs<T>(
  schema: z.ZodType<T>,
  d: unknown,
  make: (data: T) => ClientFrame,
  otherwise: ClientFrame = { op: 'unreadable' },
): ClientFrame {
  const result = schema.safeParse(d);
  return result.success ? make(result.data) : otherwise;
}

const seqOf = (value: unknown): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;

function identifyFrame(data: z.infer<typeof identifyData>): ClientFrame {
  const { token, intents, shard, presence, properties } = data;
  return {
    op: 'identify',
    identify: {
      token: bareToken(token),
      intents,
      shard,
      presence: presenceOf(presence ?? {}),
      client: clientOf(properties ?? {}),
    },
  };
}

const STATUSES = ['online', 'idle', 'dnd', 'invisible', 'offline'] as const;

/** An unknown status counts as online, as on the original. */
function presenceOf({ status, activities: list, game, afk, since }: z.infer<typeof presenceData>): ClientPresence {
  const shown = list ?? (game === null || game === undefined ? [] : [game]);
  return {
    status: STATUSES.find((known) => known === status) ?? 'online',
    activities: JSON.stringify(shown),
    afk: afk ?? false,
    since: since ?? null,
  };
}

/** `$os` and `$browser` are the keys of discordgo. */
function clientOf(properties: Record<string, unknown>): SessionPresence['client'] {
  const browser = String(properties.browser ?? properties.$browser ?? '');
  if (/Discord (Android|iOS)/i.test(browser)) return 'mobile';
  return /Discord Client/i.test(browser) ? 'desktop' : 'web';
}

function voiceFrame(data: z.infer<typeof voiceData>): ClientFrame {
  return {
    op: 'voice',
    voice: {
      guildId: data.guild_id ?? null,
      channelId: data.channel_id ?? null,
      selfMute: data.self_mute ?? false,
      selfDeaf: data.self_deaf ?? false,
      selfVideo: data.self_video ?? false,
    },
  };
}

function membersFrame(data: z.infer<typeof membersData>): ClientFrame {
  return {
    op: 'members',
    members: {
      guildIds: data.guild_id,
      query: data.query ?? null,
      limit: data.limit ?? 0,
      userIds: data.user_ids ?? null,
      presences: data.presences ?? false,
      nonce: data.nonce === null || data.nonce === undefined ? null : String(data.nonce),
    },
  };
}

function wishesFrame(wishes: readonly (readonly [Snowflake, z.infer<typeof guildWish>])[]): ClientFrame {
  return {
    op: 'wishes',
    wishes: wishes.map(([guildId, { typing, activities }]) => ({
      guildId,
      typing: typing ?? null,
      activities: activities ?? null,
    })),
  };
}
