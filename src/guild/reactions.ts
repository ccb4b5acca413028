/** Reactions: added, removed, cleared. */
import { PermissionFlagsBits as P } from 'discord-api-types/v10';
import type { MessageCommand } from '../protocol/commands.ts';
import { type Decision, done, refused, type Turn } from '../protocol/decision.ts';
import { type Refusal, refuse } from '../protocol/errors.ts';
import type { Snowflake } from '../protocol/ids.ts';
import { hasBits } from '../protocol/permission-bits.ts';
import type { MessageWithReactions } from '../protocol/records.ts';
import { type WireEmoji, wireEmoji } from './emoji.ts';
import { LITERAL, Outcome } from './outcome.ts';
import { isTimedOut } from './permissions.ts';
import { findMessage, type Place } from './place.ts';
import { renderMember } from './render-member.ts';

const MAX_EMOJIS = 20;
const TO_REACT = P.ViewChannel | P.ReadMessageHistory;

type Add = MessageCommand & { kind: 'addReaction' };
type Remove = MessageCommand & { kind: 'removeReaction' };
type Clear = MessageCommand & { kind: 'clearReactions' };

interface Target {
  readonly permissions: bigint;
  readonly found: MessageWithReactions;
}

/** Permission before existence. */
function target(place: Place, by: Snowflake, messageId: Snowflake, now: number): Target | Refusal {
  const permissions = place.permissions(by, now);
  if (!hasBits(permissions, P.ViewChannel)) return refuse('missingAccess');
  if (!hasBits(permissions, TO_REACT)) return refuse('missingPermissions');
  const found = findMessage(place, messageId);
  return 'refused' in found ? found : { permissions, found };
}

export function addReaction(place: Place, { by, messageId, emoji: key }: Add, turn: Turn): Decision {
  const at = target(place, by.id, messageId, turn.now);
  if ('refused' in at) return refused(at);
  const emoji = wireEmoji(key);
  const { permissions, found } = at;
  const isNew = !found.reactions.some((one) => one.emoji === key);
  // A custom one is of a guild, and guilds have none.
  if (!emoji || (isNew && emoji.id !== null)) return refused(refuse('unknownEmoji'));
  if (isNew && !hasBits(permissions, P.AddReactions)) return refused(refuse('missingPermissions'));
  if (isSilenced(place, by.id, permissions, turn.now)) return refused(refuse('missingPermissions'));
  const already = place.messages.reaction(place.channelId, messageId, key, by.id);
  if (already === undefined) return refused(refuse('overloaded'));
  if (already) return done();
  if (isNew && found.reactions.length >= MAX_EMOJIS) return refused(refuse('maxReactions'));
  const out = new Outcome(turn);
  const { channelId } = place;
  out.write({ w: 'putReaction', channelId, messageId, emoji: key, userId: by.id, at: turn.now });
  place.messages.putReaction(channelId, messageId, key, by.id, true);
  place.touch(turn.mint());
  const member = place.member(by.id);
  const d = {
    ...single(place, messageId, by.id, emoji),
    message_author_id: found.message.author_id,
    burst_colors: [],
    ...(member ? { member: renderMember(member) } : {}),
  };
  place.emit(out, { t: 'MESSAGE_REACTION_ADD', d, about: [], note: LITERAL });
  return out.done();
}

/** Who is timed out reacts with nothing, not even with what is there. */
function isSilenced(place: Place, user: Snowflake, permissions: bigint, now: number): boolean {
  const member = place.member(user);
  return member !== null && isTimedOut(member, now) && !hasBits(permissions, P.SendMessages);
}

/** Other people's reactions only in guilds, by who manages messages. */
export function removeReaction(place: Place, { by, messageId, emoji: key, userId }: Remove, turn: Turn): Decision {
  const at = target(place, by.id, messageId, turn.now);
  if ('refused' in at) return refused(at);
  if (userId !== by.id && place.guildId === null) return refused(refuse('notInDm'));
  if (userId !== by.id && !hasBits(at.permissions, P.ManageMessages)) return refused(refuse('missingPermissions'));
  const emoji = wireEmoji(key);
  if (!emoji || !at.found.reactions.some((one) => one.emoji === key)) return refused(refuse('unknownEmoji'));
  const present = place.messages.reaction(place.channelId, messageId, key, userId);
  if (present === undefined) return refused(refuse('overloaded'));
  if (!present) return done();
  const out = new Outcome(turn);
  out.write({ w: 'deleteReaction', channelId: place.channelId, messageId, emoji: key, userId });
  place.messages.putReaction(place.channelId, messageId, key, userId, false);
  place.touch(turn.mint());
  const d = single(place, messageId, userId, emoji);
  place.emit(out, { t: 'MESSAGE_REACTION_REMOVE', d, about: [], note: LITERAL });
  return out.done();
}

export function clearReactions(place: Place, { by, messageId, emoji: key }: Clear, turn: Turn): Decision {
  const at = target(place, by.id, messageId, turn.now);
  if ('refused' in at) return refused(at);
  if (place.guildId === null) return refused(refuse('notInDm'));
  if (!hasBits(at.permissions, P.ManageMessages)) return refused(refuse('missingPermissions'));
  const emoji = key === null ? null : wireEmoji(key);
  const cleared = at.found.reactions.filter((one) => key === null || one.emoji === key);
  if (key !== null && (!emoji || cleared.length === 0)) return refused(refuse('unknownEmoji'));
  if (cleared.length === 0) return done();
  const out = new Outcome(turn);
  const { channelId } = place;
  out.write({ w: 'clearReactions', channelId, messageId, emoji: key });
  place.messages.clearReactions(channelId, messageId, key);
  place.touch(turn.mint());
  const d = { channel_id: channelId, message_id: messageId, ...(emoji ? { emoji } : {}) };
  const t = emoji ? 'MESSAGE_REACTION_REMOVE_EMOJI' : 'MESSAGE_REACTION_REMOVE_ALL';
  place.emit(out, { t, d, about: [], note: LITERAL });
  return out.done();
}

const single = (place: Place, messageId: Snowflake, userId: Snowflake, emoji: WireEmoji) => ({
  user_id: userId,
  channel_id: place.channelId,
  message_id: messageId,
  emoji,
  burst: false,
  type: 0,
});
