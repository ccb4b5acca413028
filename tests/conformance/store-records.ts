/** Records as the store's suite writes them: whole, small, and different in every field that the store looks at. */
import { MessageType } from 'discord-api-types/v10';
import type { OwnerKey, Snowflake } from '../../src/protocol/ids.ts';
import type {
  ApplicationRecord,
  BanRecord,
  ChannelRecord,
  CommandRecord,
  DmRecord,
  GuildRecord,
  InviteRecord,
  MemberRecord,
  MessageRecord,
  PublicUser,
  RoleRecord,
  TokenRecord,
  UserRecord,
} from '../../src/protocol/records.ts';
import { snowflakeAt } from '../../src/protocol/snowflake.ts';

/** The moment the suite plays at. */
export const NOW = Date.UTC(2026, 5, 1, 12);

let minted = 0;

/** An id that no other case has, so that cases share one store. */
export const mint = (ms = NOW): Snowflake => (BigInt(snowflakeAt(ms)) + BigInt(++minted)).toString();

export const publicUser = (id: Snowflake, username = `name-${id}`): PublicUser => ({
  id,
  username,
  discriminator: '0',
  global_name: null,
  avatar: null,
  banner: null,
  accent_color: null,
  bot: false,
  system: false,
  public_flags: 0,
});

export const userRecord = (id: Snowflake, version = 1): UserRecord => ({
  user: publicUser(id),
  email: `${id}@example.org`,
  passwordHash: '$scrypt$x',
  locale: 'en-US',
  bio: 'quotes " and \u0000 and 🦊',
  botOwner: null,
  version,
});

export const guildRecord = (id: Snowflake, name = 'guild'): GuildRecord => ({
  id,
  name,
  icon: null,
  splash: null,
  discovery_splash: null,
  banner: null,
  description: null,
  owner_id: '1',
  afk_channel_id: null,
  afk_timeout: 300,
  verification_level: 0,
  default_message_notifications: 0,
  explicit_content_filter: 0,
  mfa_level: 0,
  nsfw_level: 0,
  system_channel_id: null,
  system_channel_flags: 0,
  rules_channel_id: null,
  public_updates_channel_id: null,
  safety_alerts_channel_id: null,
  preferred_locale: 'en-US',
  features: ['COMMUNITY'],
  premium_progress_bar_enabled: false,
});

export const channelRecord = (guildId: Snowflake, id: Snowflake, last: Snowflake | null = null): ChannelRecord => ({
  id,
  type: 0,
  guild_id: guildId,
  name: `channel-${id}`,
  position: 0,
  parent_id: null,
  topic: null,
  nsfw: false,
  rate_limit_per_user: 0,
  permission_overwrites: [{ id: '5', type: 0, allow: '1024', deny: '0' }],
  last_message_id: last,
  last_pin_timestamp: null,
  flags: 0,
  bitrate: 64000,
  user_limit: 0,
  rtc_region: null,
  video_quality_mode: 1,
  default_auto_archive_duration: null,
});

export const roleRecord = (id: Snowflake, name = 'role'): RoleRecord => ({
  id,
  name,
  color: 0,
  colors: { primary_color: 0, secondary_color: null, tertiary_color: null },
  hoist: false,
  icon: null,
  unicode_emoji: null,
  position: 1,
  permissions: '2248473465835073',
  managed: false,
  mentionable: false,
  flags: 0,
});

export const memberRecord = (userId: Snowflake, nick: string | null = null): MemberRecord => ({
  user: publicUser(userId),
  nick,
  avatar: null,
  banner: null,
  roles: [],
  joined_at: '2026-01-01T00:00:00.000000+00:00',
  premium_since: null,
  deaf: false,
  mute: false,
  flags: 0,
  pending: false,
  communication_disabled_until: null,
});

export const banRecord = (userId: Snowflake, reason: string | null): BanRecord => ({
  user: publicUser(userId),
  reason,
});

export const inviteRecord = (guildId: Snowflake, code: string, uses = 0): InviteRecord => ({
  code,
  guild_id: guildId,
  channel_id: '9',
  inviter: null,
  uses,
  max_uses: 0,
  max_age: 0,
  temporary: false,
  created_at: '2026-01-01T00:00:00.000000+00:00',
});

export const dmRecord = (owner: OwnerKey, id: Snowflake, last: Snowflake | null = null): DmRecord => ({
  id,
  type: 1,
  owner,
  recipients: [publicUser('11'), publicUser('12')],
  name: null,
  icon: null,
  owner_id: null,
  last_message_id: last,
  last_pin_timestamp: null,
});

export const tokenRecord = (user: Snowflake, hash: string): TokenRecord => ({
  hash,
  user,
  kind: 'bot',
  createdAt: NOW,
});

export const applicationRecord = (id: Snowflake, owner: Snowflake, name = 'app'): ApplicationRecord => ({
  id,
  name,
  icon: null,
  description: '',
  bot_public: true,
  bot_require_code_grant: false,
  verify_key: 'key',
  owner,
  flags: 1 << 18,
});

export const commandRecord = (application: Snowflake, id: Snowflake, name = 'ping'): CommandRecord => ({
  id,
  application_id: application,
  guild_id: null,
  type: 1,
  name,
  wire: { id, name, options: [{ name: 'x', type: 3 }] },
});

export const messageRecord = (
  channelId: Snowflake,
  id: Snowflake,
  content = `text of ${id}`,
  authorId = '77',
): MessageRecord => ({
  id,
  channel_id: channelId,
  author_id: authorId,
  wire: {
    id,
    channel_id: channelId,
    author: { id: authorId, username: 'a', discriminator: '0', global_name: null, avatar: null },
    content,
    timestamp: '2026-01-01T00:00:00.000000+00:00',
    edited_timestamp: null,
    tts: false,
    mention_everyone: false,
    mentions: [],
    mention_roles: [],
    attachments: [],
    embeds: [],
    pinned: false,
    type: MessageType.Default,
  },
});
