/**
 * What is stored and what actors hold: plain data with Discord's field names, so that a record is nearly its own wire form.
 * Every field is present (null rather than absent): clients break on missing keys (wire-rules.md, fields).
 */
import type { APIAttachment, APIEmbed, APIMessage, APIOverwrite } from 'discord-api-types/v10';
import type { OwnerKey, Snowflake } from './ids.ts';

/** A user as others see him. Sent as it is. */
export interface PublicUser {
  readonly id: Snowflake;
  readonly username: string;
  /** Always "0" for people; bots too. Must be present (twilight, discord.py). */
  readonly discriminator: string;
  readonly global_name: string | null;
  readonly avatar: string | null;
  readonly banner: string | null;
  readonly accent_color: number | null;
  readonly bot: boolean;
  readonly system: boolean;
  readonly public_flags: number;
}

/** A user as the store keeps him. Never sent whole. */
export interface UserRecord {
  readonly user: PublicUser;
  readonly email: string | null;
  /** PHC text of an scrypt hash (host/passwords.ts); null for bots. */
  readonly passwordHash: string | null;
  readonly locale: string;
  readonly bio: string;
  /** For bots: who made it. */
  readonly botOwner: Snowflake | null;
  /** Bumped by the user actor at each change; caches compare it. */
  readonly version: number;
}

/** A bot's application; its id is the bot user's id. */
export interface ApplicationRecord {
  readonly id: Snowflake;
  readonly name: string;
  readonly icon: string | null;
  readonly description: string;
  readonly bot_public: boolean;
  readonly bot_require_code_grant: boolean;
  readonly verify_key: string;
  readonly owner: Snowflake;
  /** Application flags; the privileged intents granted: GATEWAY_PRESENCE 1<<12, GATEWAY_GUILD_MEMBERS 1<<14, GATEWAY_MESSAGE_CONTENT 1<<18 (or their LIMITED twins). */
  readonly flags: number;
}

/** An application command as sent (id, version, type, name, description, options, …). `guild_id` null: global. */
export interface CommandRecord {
  readonly id: Snowflake;
  readonly application_id: Snowflake;
  readonly guild_id: Snowflake | null;
  readonly type: number;
  readonly name: string;
  /** The whole wire object, which repeats the fields above. */
  readonly wire: Readonly<Record<string, unknown>>;
}

export interface TokenRecord {
  /** SHA-256 of the token, base64url. The token itself is never stored. */
  readonly hash: string;
  readonly user: Snowflake;
  readonly kind: 'bot' | 'person';
  readonly createdAt: number;
}

export interface GuildRecord {
  readonly id: Snowflake;
  readonly name: string;
  readonly icon: string | null;
  readonly splash: string | null;
  readonly discovery_splash: string | null;
  readonly banner: string | null;
  readonly description: string | null;
  readonly owner_id: Snowflake;
  readonly afk_channel_id: Snowflake | null;
  readonly afk_timeout: number;
  readonly verification_level: number;
  readonly default_message_notifications: number;
  readonly explicit_content_filter: number;
  readonly mfa_level: number;
  readonly nsfw_level: number;
  readonly system_channel_id: Snowflake | null;
  readonly system_channel_flags: number;
  readonly rules_channel_id: Snowflake | null;
  readonly public_updates_channel_id: Snowflake | null;
  readonly safety_alerts_channel_id: Snowflake | null;
  readonly preferred_locale: string;
  readonly features: readonly string[];
  readonly premium_progress_bar_enabled: boolean;
}

export interface RoleRecord {
  readonly id: Snowflake;
  readonly name: string;
  readonly color: number;
  readonly colors: {
    readonly primary_color: number;
    readonly secondary_color: number | null;
    readonly tertiary_color: number | null;
  };
  readonly hoist: boolean;
  readonly icon: string | null;
  readonly unicode_emoji: string | null;
  readonly position: number;
  /** Decimal text of the permission bits. */
  readonly permissions: string;
  readonly managed: boolean;
  readonly mentionable: boolean;
  readonly flags: number;
  readonly tags?: { readonly bot_id?: Snowflake };
}

/** A guild channel: text 0, voice 2, category 4, announcement 5. DMs are DmRecord. */
export interface ChannelRecord {
  readonly id: Snowflake;
  readonly type: number;
  readonly guild_id: Snowflake;
  readonly name: string;
  readonly position: number;
  readonly parent_id: Snowflake | null;
  readonly topic: string | null;
  readonly nsfw: boolean;
  readonly rate_limit_per_user: number;
  readonly permission_overwrites: readonly APIOverwrite[];
  readonly last_message_id: Snowflake | null;
  readonly last_pin_timestamp: string | null;
  readonly flags: number;
  readonly bitrate: number;
  readonly user_limit: number;
  readonly rtc_region: string | null;
  readonly video_quality_mode: number;
  readonly default_auto_archive_duration: number | null;
}

/** A DM (type 1) or a group DM (type 3): a small guild with one channel. */
export interface DmRecord {
  readonly id: Snowflake;
  readonly type: 1 | 3;
  readonly owner: OwnerKey;
  readonly recipients: readonly PublicUser[];
  readonly name: string | null;
  readonly icon: string | null;
  readonly owner_id: Snowflake | null;
  readonly last_message_id: Snowflake | null;
  readonly last_pin_timestamp: string | null;
}

export interface MemberRecord {
  readonly user: PublicUser;
  readonly nick: string | null;
  readonly avatar: string | null;
  readonly banner: string | null;
  readonly roles: readonly Snowflake[];
  readonly joined_at: string;
  readonly premium_since: string | null;
  readonly deaf: boolean;
  readonly mute: boolean;
  readonly flags: number;
  readonly pending: boolean;
  readonly communication_disabled_until: string | null;
}

export interface BanRecord {
  readonly user: PublicUser;
  readonly reason: string | null;
}

export interface InviteRecord {
  readonly code: string;
  readonly guild_id: Snowflake;
  readonly channel_id: Snowflake;
  readonly inviter: PublicUser | null;
  readonly uses: number;
  readonly max_uses: number;
  /** Seconds; 0: never ends. */
  readonly max_age: number;
  readonly temporary: boolean;
  readonly created_at: string;
}

/** A message without what others add to it (reactions). `wire` is what is sent, with `reactions` absent. */
export interface MessageRecord {
  readonly id: Snowflake;
  readonly channel_id: Snowflake;
  readonly author_id: Snowflake;
  readonly wire: StoredMessage;
}

export type StoredMessage = Omit<APIMessage, 'reactions' | 'attachments' | 'embeds'> & {
  readonly attachments: readonly APIAttachment[];
  readonly embeds: readonly APIEmbed[];
};

/** `emoji`: the unicode text, or `name:id` of a custom one (as in the route). */
export interface ReactionCount {
  readonly emoji: string;
  readonly count: number;
}

export interface MessageWithReactions {
  readonly message: MessageRecord;
  /** In the order of the first reaction. */
  readonly reactions: readonly ReactionCount[];
}
