/** What a channel may be: names, types, parents, positions. Pure checks of a patch against the guild. */
import { ChannelType } from 'discord-api-types/v10';
import type { ChannelPatch } from '../protocol/commands.ts';
import { type Refusal, refuseField } from '../protocol/errors.ts';
import type { Snowflake } from '../protocol/ids.ts';
import type { ChannelRecord } from '../protocol/records.ts';
import { BOUNDS } from './bounds.ts';
import { isCategory, isText } from './guards.ts';
import type { GuildState } from './state.ts';

const TYPES: ReadonlySet<number> = new Set([
  ChannelType.GuildText,
  ChannelType.GuildVoice,
  ChannelType.GuildCategory,
  ChannelType.GuildAnnouncement,
]);

/** Text channels have lower-case names without blanks, as clients show them. */
export function channelName(type: number, name: string): string {
  const isLower = type === ChannelType.GuildText || type === ChannelType.GuildAnnouncement;
  return isLower ? name.trim().toLowerCase().replace(/\s+/g, '-') : name.trim();
}

export function typeRefusal(type: number): Refusal | null {
  return TYPES.has(type) ? null : refuseField(['type'], 'BASE_TYPE_CHOICES', 'Value must be one of {0, 2, 4, 5}.');
}

/** Only text and announcement channels may become each other. */
export function conversionRefusal(channel: ChannelRecord, type: number | undefined): Refusal | null {
  if (type === undefined || type === channel.type) return null;
  const isFree = isText(channel) && (type === ChannelType.GuildText || type === ChannelType.GuildAnnouncement);
  return isFree ? null : refuseField(['type'], 'CHANNEL_TYPE_INVALID', 'This type cannot be converted');
}

export function parentRefusal(
  state: GuildState,
  type: number,
  own: Snowflake | null,
  parentId: Snowflake | null | undefined,
): Refusal | null {
  if (parentId === undefined || parentId === null) return null;
  const parent = state.channels.get(parentId);
  if (parent === undefined || !isCategory(parent) || type === ChannelType.GuildCategory) {
    return refuseField(['parent_id'], 'CHANNEL_PARENT_INVALID', 'Category does not exist');
  }
  const children = childrenOf(state, parentId).filter(({ id }) => id !== own);
  if (children.length < BOUNDS.channelsPerCategory) return null;
  const sentence = `Maximum number of channels in category reached (${BOUNDS.channelsPerCategory})`;
  return refuseField(['parent_id'], 'CHANNEL_PARENT_MAX_CHANNELS', sentence);
}

export const childrenOf = (state: GuildState, parentId: Snowflake): ChannelRecord[] =>
  [...state.channels.values()].filter(({ parent_id }) => parent_id === parentId);

/** Behind its likes: categories among categories, voice among voice, the rest among the rest. */
export function lastPosition(state: GuildState, type: number): number {
  const kind = sortKind(type);
  const likes = [...state.channels.values()].filter((channel) => sortKind(channel.type) === kind);
  return likes.reduce((next, { position }) => Math.max(next, position + 1), 0);
}

const sortKind = (type: number): string =>
  type === ChannelType.GuildCategory ? 'category' : type === ChannelType.GuildVoice ? 'voice' : 'text';

/** The channel with what a patch says; null puts a default back. Overwrites and parents are checked elsewhere. */
export function patched(channel: ChannelRecord, patch: ChannelPatch): ChannelRecord {
  const type = patch.type ?? channel.type;
  return {
    ...channel,
    type,
    name: patch.name === undefined ? channel.name : channelName(type, patch.name),
    position: patch.position ?? channel.position,
    topic: patch.topic === undefined ? channel.topic : patch.topic || null,
    nsfw: patch.nsfw === undefined ? channel.nsfw : (patch.nsfw ?? false),
    rate_limit_per_user:
      patch.rate_limit_per_user === undefined ? channel.rate_limit_per_user : (patch.rate_limit_per_user ?? 0),
    bitrate: patch.bitrate === undefined ? channel.bitrate : (patch.bitrate ?? 64_000),
    user_limit: patch.user_limit === undefined ? channel.user_limit : (patch.user_limit ?? 0),
    parent_id: patch.parent_id === undefined ? channel.parent_id : patch.parent_id,
    rtc_region: patch.rtc_region === undefined ? channel.rtc_region : patch.rtc_region,
    video_quality_mode:
      patch.video_quality_mode === undefined ? channel.video_quality_mode : (patch.video_quality_mode ?? 1),
    default_auto_archive_duration:
      patch.default_auto_archive_duration === undefined
        ? channel.default_auto_archive_duration
        : patch.default_auto_archive_duration,
    flags: patch.flags ?? channel.flags,
  };
}
