/** Channels as the wire has them: every documented key of the type, null rather than absent (wire-rules.md, fields). */
import { type APIOverwrite, ChannelType, type GuildChannelType } from 'discord-api-types/v10';
import type { ChannelRecord } from '../protocol/records.ts';

/** What every guild channel has, beside the keys of its type. */
export interface ChannelWire {
  readonly id: string;
  readonly type: GuildChannelType;
  readonly guild_id: string;
  readonly name: string;
  readonly position: number;
  readonly flags: number;
  readonly parent_id: string | null;
  readonly permission_overwrites: readonly APIOverwrite[];
  readonly [key: string]: unknown;
}

const encoded = new WeakMap<ChannelRecord, string>();

export function renderChannel(channel: ChannelRecord): ChannelWire {
  const { id, guild_id, name, position, flags, parent_id, permission_overwrites, nsfw } = channel;
  const type = channel.type as GuildChannelType;
  const common = { id, type, guild_id, name, position, flags, parent_id, permission_overwrites, nsfw };
  if (channel.type === ChannelType.GuildCategory) return { ...common, parent_id: null };
  const { last_message_id, rate_limit_per_user } = channel;
  if (channel.type === ChannelType.GuildVoice) {
    const { bitrate, user_limit, rtc_region, video_quality_mode } = channel;
    return { ...common, last_message_id, rate_limit_per_user, bitrate, user_limit, rtc_region, video_quality_mode };
  }
  const { topic, last_pin_timestamp, default_auto_archive_duration } = channel;
  const archive = default_auto_archive_duration === null ? {} : { default_auto_archive_duration };
  return { ...common, topic, last_message_id, last_pin_timestamp, rate_limit_per_user, ...archive };
}

/** Made once per record. */
export function channelJson(channel: ChannelRecord): string {
  let json = encoded.get(channel);
  if (json === undefined) {
    json = JSON.stringify(renderChannel(channel));
    encoded.set(channel, json);
  }
  return json;
}
