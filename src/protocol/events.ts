/**
 * Classes of dispatches: the intent bits of which a session must have one to get the event (wire-rules.md, routes and events, "Gateway events and the intent").
 * 0 means always.
 */
import { GatewayIntentBits as I } from 'discord-api-types/v10';

/**
 * Classes of PRESENCE_UPDATE and TYPING_START in large guilds, instead of those of the intents: there they go only to bots with the intent, and to
 * people who have asked for them. No intent has these bits; `tokenMask` adds them. A person's mask begins as PERSON_EVENTS, which lacks them.
 */
export const LARGE_PRESENCES = 1 << 29;
export const LARGE_TYPING = 1 << 28;

/** The mask of a token with intents. */
export function tokenMask(intents: number): number {
  const presences = intents & I.GuildPresences ? LARGE_PRESENCES : 0;
  const typing = intents & I.GuildMessageTyping ? LARGE_TYPING : 0;
  return intents | presences | typing;
}

/** The mask of a person's session: every class but those of large guilds, which he opens guild by guild. */
export const PERSON_EVENTS = 0x7fff_ffff & ~(LARGE_PRESENCES | LARGE_TYPING);

/** What a person wants to hear of one guild; null: as before. */
export interface Wished {
  readonly typing: boolean | null;
  readonly activities: boolean | null;
}

/** A person's mask of one guild after he has said so. */
export function wished(mask: number, { typing, activities }: Wished): number {
  return opened(opened(mask, LARGE_TYPING, typing), LARGE_PRESENCES, activities);
}

function opened(mask: number, cls: number, isWanted: boolean | null): number {
  if (isWanted === null) return mask;
  return isWanted ? mask | cls : mask & ~cls;
}

const GUILD_CLASSES: Readonly<Record<string, number>> = {
  GUILD_CREATE: I.Guilds,
  GUILD_UPDATE: I.Guilds,
  GUILD_DELETE: I.Guilds,
  GUILD_ROLE_CREATE: I.Guilds,
  GUILD_ROLE_UPDATE: I.Guilds,
  GUILD_ROLE_DELETE: I.Guilds,
  CHANNEL_CREATE: I.Guilds,
  CHANNEL_UPDATE: I.Guilds,
  CHANNEL_DELETE: I.Guilds,
  CHANNEL_PINS_UPDATE: I.Guilds,
  GUILD_MEMBER_ADD: I.GuildMembers,
  GUILD_MEMBER_UPDATE: I.GuildMembers,
  GUILD_MEMBER_REMOVE: I.GuildMembers,
  GUILD_BAN_ADD: I.GuildModeration,
  GUILD_BAN_REMOVE: I.GuildModeration,
  GUILD_AUDIT_LOG_ENTRY_CREATE: I.GuildModeration,
  INVITE_CREATE: I.GuildInvites,
  INVITE_DELETE: I.GuildInvites,
  VOICE_STATE_UPDATE: I.GuildVoiceStates,
  PRESENCE_UPDATE: I.GuildPresences,
  MESSAGE_CREATE: I.GuildMessages,
  MESSAGE_UPDATE: I.GuildMessages,
  MESSAGE_DELETE: I.GuildMessages,
  MESSAGE_DELETE_BULK: I.GuildMessages,
  MESSAGE_REACTION_ADD: I.GuildMessageReactions,
  MESSAGE_REACTION_REMOVE: I.GuildMessageReactions,
  MESSAGE_REACTION_REMOVE_ALL: I.GuildMessageReactions,
  MESSAGE_REACTION_REMOVE_EMOJI: I.GuildMessageReactions,
  TYPING_START: I.GuildMessageTyping,
};

const DM_CLASSES: Readonly<Record<string, number>> = {
  MESSAGE_CREATE: I.DirectMessages,
  MESSAGE_UPDATE: I.DirectMessages,
  MESSAGE_DELETE: I.DirectMessages,
  CHANNEL_PINS_UPDATE: I.DirectMessages,
  MESSAGE_REACTION_ADD: I.DirectMessageReactions,
  MESSAGE_REACTION_REMOVE: I.DirectMessageReactions,
  MESSAGE_REACTION_REMOVE_ALL: I.DirectMessageReactions,
  MESSAGE_REACTION_REMOVE_EMOJI: I.DirectMessageReactions,
  TYPING_START: I.DirectMessageTyping,
  CHANNEL_CREATE: I.DirectMessages,
  CHANNEL_UPDATE: I.DirectMessages,
};

export const guildClass = (t: string): number => GUILD_CLASSES[t] ?? 0;
export const dmClass = (t: string): number => DM_CLASSES[t] ?? 0;
