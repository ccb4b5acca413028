/** A message as it is stored and answered (REST), and what the gateway adds to it. */
import { MessageReferenceType, MessageType } from 'discord-api-types/v10';
import type { Snowflake } from '../protocol/ids.ts';
import type { MessageRecord, PublicUser, StoredMessage } from '../protocol/records.ts';
import { timestampOf } from '../protocol/snowflake.ts';
import { wireTime } from '../protocol/wire-time.ts';
import type { Mentions } from './mentions.ts';
import type { Place } from './place.ts';
import { renderMember, renderUser } from './render-member.ts';

export interface MessageParts {
  readonly id: Snowflake;
  readonly author: PublicUser;
  readonly type: MessageType;
  readonly content: string;
  readonly mentions: Mentions;
  readonly tts: boolean;
  readonly attachments: StoredMessage['attachments'];
  readonly embeds: StoredMessage['embeds'];
  readonly components: readonly unknown[];
  readonly flags: number;
  readonly reference: MessageRecord | null;
}

/** Every documented key of a new message. */
export function messageRecord(place: Place, parts: MessageParts): MessageRecord {
  const { id, author, type, content, mentions, tts, attachments, embeds, components, flags, reference } = parts;
  const wire = {
    id,
    channel_id: place.channelId,
    author: renderUser(author),
    type,
    content,
    timestamp: wireTime(timestampOf(id)),
    edited_timestamp: null,
    tts,
    pinned: false,
    mention_everyone: mentions.everyone,
    mentions: mentions.users.map(renderUser),
    mention_roles: [...mentions.roles],
    attachments,
    embeds,
    components: components as NonNullable<StoredMessage['components']>,
    flags,
    ...(reference ? referenceOf(place, type, reference) : {}),
  };
  return { id, channel_id: place.channelId, author_id: author.id, wire };
}

/** A reply carries what it answers, one level deep. */
function referenceOf(place: Place, type: MessageType, { id, wire }: MessageRecord): object {
  const where = { channel_id: place.channelId, ...(place.guildId === null ? {} : { guild_id: place.guildId }) };
  const message_reference = { type: MessageReferenceType.Default, message_id: id, ...where };
  if (type !== MessageType.Reply) return { message_reference };
  const { referenced_message: _deeper, ...referenced_message } = wire;
  return { message_reference, referenced_message };
}

/** `d` of MESSAGE_CREATE and MESSAGE_UPDATE, without `guild_id`. */
export function messageDispatch(place: Place, wire: StoredMessage): object {
  if (place.guildId === null) return { ...wire, channel_type: place.type };
  const member = memberPart(place, wire.author.id);
  const mentions = wire.mentions.map((user) => ({ ...user, ...memberPart(place, user.id) }));
  return { ...wire, channel_type: place.type, ...member, mentions };
}

/** A member beside his user: without it. Nothing if he is no member (any more). */
function memberPart(place: Place, id: Snowflake): { member?: object } {
  const record = place.member(id);
  if (!record) return {};
  const { user: _user, ...member } = renderMember(record);
  return { member };
}

/** Whom a message is about: who wrote it and whom it mentions. */
export const peopleOf = (wire: StoredMessage): readonly Snowflake[] => [
  ...new Set([wire.author.id, ...wire.mentions.map(({ id }) => id)]),
];
