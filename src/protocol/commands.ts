/**
 * The closed unions of what may be asked of an owner. `by` is the acting user ('0': the server itself).
 * Bodies are already parsed and bounded by the asker (REST: zod); rules that need state (permissions, hierarchy, existence) are the owner's.
 * Each command's comment names its reply body.
 */
import type { APIAttachment, APIEmbed, APIOverwrite } from 'discord-api-types/v10';
import type { SessionPresence } from './envelope.ts';
import type { OwnerKey, SessionId, Snowflake } from './ids.ts';
import type { ProbeCommand } from './probe.ts';
import type { ApplicationRecord, PublicUser, TokenRecord, UserRecord } from './records.ts';
import type { SessionVoiceCommand } from './voice.ts';

/** Who acts. `bot` decides on bot-only rules; `self` is what goes into authors and inviters. */
export interface By {
  readonly id: Snowflake;
  readonly self: PublicUser;
  /** X-Audit-Log-Reason, decoded. */
  readonly reason: string | null;
}

export type Command = GuildCommand | MessageCommand | DmCommand | UserCommand | ProbeCommand;

// --- guilds (owner g:)

export type GuildCommand =
  /** First command of a guild. -> APIGuild as GET /guilds/{id} */
  | {
      readonly kind: 'createGuild';
      readonly by: By;
      readonly id: Snowflake;
      readonly name: string;
      readonly icon: string | null;
    }
  /** -> GuildGone (reads.ts). Owner only. */
  | { readonly kind: 'deleteGuild'; readonly by: By }
  /** -> APIGuild */
  | { readonly kind: 'updateGuild'; readonly by: By; readonly patch: GuildPatch }
  /** -> APIChannel */
  | {
      readonly kind: 'createChannel';
      readonly by: By;
      readonly draft: ChannelPatch & { readonly name: string; readonly type: number };
    }
  | { readonly kind: 'updateChannel'; readonly by: By; readonly channelId: Snowflake; readonly patch: ChannelPatch }
  | { readonly kind: 'deleteChannel'; readonly by: By; readonly channelId: Snowflake }
  /** -> null */
  | {
      readonly kind: 'moveChannels';
      readonly by: By;
      readonly moves: readonly {
        readonly id: Snowflake;
        readonly position?: number;
        readonly parent_id?: Snowflake | null;
        readonly lock_permissions?: boolean;
      }[];
    }
  | { readonly kind: 'putOverwrite'; readonly by: By; readonly channelId: Snowflake; readonly overwrite: APIOverwrite }
  | { readonly kind: 'deleteOverwrite'; readonly by: By; readonly channelId: Snowflake; readonly targetId: Snowflake }
  /** -> APIRole */
  | { readonly kind: 'createRole'; readonly by: By; readonly patch: RolePatch }
  | { readonly kind: 'updateRole'; readonly by: By; readonly roleId: Snowflake; readonly patch: RolePatch }
  /** -> null */
  | { readonly kind: 'deleteRole'; readonly by: By; readonly roleId: Snowflake }
  /** -> APIRole[] */
  | {
      readonly kind: 'moveRoles';
      readonly by: By;
      readonly moves: readonly { readonly id: Snowflake; readonly position: number }[];
    }
  /** A join without an invite (a bot added by a manager, set-up). Refused: userBanned. -> APIGuildMember; idempotent for members */
  | {
      readonly kind: 'addMember';
      readonly by: By;
      readonly user: PublicUser;
      readonly nick?: string | null;
      readonly roles?: readonly Snowflake[];
    }
  /** -> APIGuildMember */
  | { readonly kind: 'updateMember'; readonly by: By; readonly userId: Snowflake; readonly patch: MemberPatch }
  | {
      readonly kind: 'addMemberRole' | 'removeMemberRole';
      readonly by: By;
      readonly userId: Snowflake;
      readonly roleId: Snowflake;
    }
  /** Kick, or leave when it is the actor himself. -> null */
  | { readonly kind: 'removeMember'; readonly by: By; readonly userId: Snowflake }
  /** -> null. `user`: what is known of him (he may be no member). */
  | { readonly kind: 'ban'; readonly by: By; readonly user: PublicUser; readonly deleteMessageSeconds: number }
  | { readonly kind: 'unban'; readonly by: By; readonly userId: Snowflake }
  /** -> APIInvite (extended: with uses, max_uses, …). `code`: random, made by the asker. */
  | {
      readonly kind: 'createInvite';
      readonly by: By;
      readonly channelId: Snowflake;
      readonly code: string;
      readonly maxAge: number;
      readonly maxUses: number;
      readonly temporary: boolean;
      readonly unique: boolean;
    }
  | { readonly kind: 'deleteInvite'; readonly by: By; readonly code: string }
  /** A person joins by invite. Refused: unknownInvite, userBanned. -> APIInvite with guild */
  | { readonly kind: 'useInvite'; readonly by: By; readonly code: string }
  /** op 4. -> null. `channelId` null: leaves. */
  | {
      readonly kind: 'voiceState';
      readonly by: By;
      readonly session: SessionId;
      readonly channelId: Snowflake | null;
      readonly selfMute: boolean;
      readonly selfDeaf: boolean;
      readonly selfVideo: boolean;
    }
  | SessionVoiceCommand
  /** op 8: GUILD_MEMBERS_CHUNK rows under `s:<session>`. -> null. `intents`: mask of the asking session. */
  | {
      readonly kind: 'requestMembers';
      readonly by: By;
      readonly session: SessionId;
      readonly intents: number;
      readonly query: string | null;
      readonly limit: number;
      readonly userIds: readonly Snowflake[] | null;
      readonly presences: boolean;
      readonly nonce: string | null;
    }
  /** From a user actor: what others see of him now. Ignored if `version` is older than the known one; 0: of one session, which attach brings. -> null */
  | { readonly kind: 'presence'; readonly user: Snowflake; readonly version: number; readonly presence: UserPresence }
  /** From a user actor: name or picture changed. -> null */
  | { readonly kind: 'userChanged'; readonly user: PublicUser };

export type GuildPatch = Partial<{
  readonly name: string;
  readonly icon: string | null;
  readonly description: string | null;
  readonly owner_id: Snowflake;
  readonly afk_channel_id: Snowflake | null;
  readonly afk_timeout: number;
  readonly verification_level: number | null;
  readonly default_message_notifications: number | null;
  readonly explicit_content_filter: number | null;
  readonly system_channel_id: Snowflake | null;
  readonly system_channel_flags: number;
  readonly rules_channel_id: Snowflake | null;
  readonly public_updates_channel_id: Snowflake | null;
  readonly safety_alerts_channel_id: Snowflake | null;
  readonly preferred_locale: string | null;
  readonly premium_progress_bar_enabled: boolean;
}>;

export type ChannelPatch = Partial<{
  readonly name: string;
  readonly type: number;
  readonly position: number | null;
  readonly topic: string | null;
  readonly nsfw: boolean | null;
  readonly rate_limit_per_user: number | null;
  readonly bitrate: number | null;
  readonly user_limit: number | null;
  readonly permission_overwrites: readonly APIOverwrite[] | null;
  readonly parent_id: Snowflake | null;
  readonly rtc_region: string | null;
  readonly video_quality_mode: number | null;
  readonly default_auto_archive_duration: number | null;
  readonly flags: number;
  /** Group DMs. */
  readonly icon: string | null;
}>;

export type RolePatch = Partial<{
  readonly name: string | null;
  readonly permissions: string | null;
  readonly color: number | null;
  readonly hoist: boolean | null;
  readonly colors: {
    readonly primary_color: number;
    readonly secondary_color?: number | null;
    readonly tertiary_color?: number | null;
  } | null;
  readonly mentionable: boolean | null;
  readonly icon: string | null;
  readonly unicode_emoji: string | null;
}>;

export type MemberPatch = Partial<{
  readonly nick: string | null;
  readonly roles: readonly Snowflake[] | null;
  readonly mute: boolean | null;
  readonly deaf: boolean | null;
  readonly channel_id: Snowflake | null;
  readonly communication_disabled_until: string | null;
  readonly flags: number;
}>;

/** Combined over a user's sessions. */
export interface UserPresence {
  readonly status: 'online' | 'idle' | 'dnd' | 'offline';
  /** JSON text of the activities array. */
  readonly activities: string;
  readonly client_status: { readonly desktop?: string; readonly mobile?: string; readonly web?: string };
}

// --- messages (owners g: and d:)

export type MessageCommand =
  /** -> APIMessage. Refused: slowMode with retryAfter, missingAccess, missingPermissions, emptyMessage, unknownReply… */
  | { readonly kind: 'createMessage'; readonly by: By; readonly channelId: Snowflake; readonly draft: MessageDraft }
  /** -> APIMessage */
  | {
      readonly kind: 'editMessage';
      readonly by: By;
      readonly channelId: Snowflake;
      readonly messageId: Snowflake;
      readonly patch: MessagePatch;
    }
  /** -> Snowflake[]: the attachments that went with it (also of bulkDelete) */
  | { readonly kind: 'deleteMessage'; readonly by: By; readonly channelId: Snowflake; readonly messageId: Snowflake }
  | { readonly kind: 'bulkDelete'; readonly by: By; readonly channelId: Snowflake; readonly ids: readonly Snowflake[] }
  | {
      readonly kind: 'addReaction';
      readonly by: By;
      readonly channelId: Snowflake;
      readonly messageId: Snowflake;
      readonly emoji: string;
    }
  | {
      readonly kind: 'removeReaction';
      readonly by: By;
      readonly channelId: Snowflake;
      readonly messageId: Snowflake;
      readonly emoji: string;
      readonly userId: Snowflake;
    }
  /** `emoji` null: all. */
  | {
      readonly kind: 'clearReactions';
      readonly by: By;
      readonly channelId: Snowflake;
      readonly messageId: Snowflake;
      readonly emoji: string | null;
    }
  | { readonly kind: 'pin' | 'unpin'; readonly by: By; readonly channelId: Snowflake; readonly messageId: Snowflake }
  | { readonly kind: 'typing'; readonly by: By; readonly channelId: Snowflake }
  /** Announcement channels: marks it published. -> APIMessage */
  | { readonly kind: 'crosspost'; readonly by: By; readonly channelId: Snowflake; readonly messageId: Snowflake };

export interface MessageDraft {
  readonly content: string;
  readonly nonce: string | number | null;
  /** People always; bots when they say `enforce_nonce`. */
  readonly enforceNonce: boolean;
  readonly tts: boolean;
  readonly embeds: readonly APIEmbed[];
  readonly attachments: readonly APIAttachment[];
  /** Null: the default (everything in the text that the author may mention). */
  readonly allowed_mentions: AllowedMentions | null;
  readonly reference: {
    readonly message_id: Snowflake;
    readonly channel_id: Snowflake | null;
    readonly guild_id: Snowflake | null;
    readonly fail_if_not_exists: boolean;
    readonly type: number;
  } | null;
  readonly components: readonly unknown[];
  readonly flags: number;
}

export interface AllowedMentions {
  readonly parse: readonly ('users' | 'roles' | 'everyone')[];
  readonly users: readonly Snowflake[];
  readonly roles: readonly Snowflake[];
  readonly replied_user: boolean;
}

export interface MessagePatch {
  readonly content?: string | null;
  readonly embeds?: readonly APIEmbed[] | null;
  readonly attachments?: readonly APIAttachment[] | null;
  /** Ids of attachments kept of those the message has (with `attachments`: new ones). Absent: all kept. */
  readonly keep?: readonly Snowflake[];
  readonly allowed_mentions?: AllowedMentions | null;
  readonly components?: readonly unknown[] | null;
  readonly flags?: number | null;
}

// --- DMs (owner d:)

export type DmCommand =
  /** The actor of the ordered pair makes its channel if it has none, and opens it for `by`. -> APIDMChannel as `by` sees it */
  | { readonly kind: 'openDm'; readonly by: By; readonly with: PublicUser }
  /** -> APIGroupDMChannel */
  | {
      readonly kind: 'createGroup';
      readonly by: By;
      readonly channelId: Snowflake;
      readonly recipients: readonly PublicUser[];
    }
  /** The DM leaves the actor's list. -> the channel */
  | { readonly kind: 'closeDm'; readonly by: By };

// --- users (owner u:) and names (owner n:)

export type UserCommand =
  /** At `n:<name>` for people (claims the name in the same commit), at `u:<id>` for bots. Refused: nameTaken. -> PublicUser */
  | {
      readonly kind: 'createAccount';
      readonly user: UserRecord;
      readonly token: TokenRecord | null;
      readonly application: ApplicationRecord | null;
    }
  /** At `n:`: claims it for a renamed user, or gives it free. -> null */
  | { readonly kind: 'claimName' | 'freeName'; readonly user: Snowflake }
  /** At `u:`: a claim that may have come to nothing. The name (or e-mail) is given free if he does not carry it. -> null */
  | { readonly kind: 'settleName'; readonly name: string }
  /** -> UserRecord. Tells the guilds. */
  | {
      readonly kind: 'updateUser';
      readonly patch: Partial<Pick<PublicUser, 'username' | 'global_name' | 'avatar' | 'banner' | 'accent_color'>> & {
        readonly bio?: string;
        readonly passwordHash?: string;
      };
    }
  | { readonly kind: 'addToken'; readonly token: TokenRecord }
  /** All of them when `hash` is null. -> the hashes revoked */
  | { readonly kind: 'revokeToken'; readonly hash: string | null; readonly except: string | null }
  | {
      readonly kind: 'updateApplication';
      readonly patch: Partial<Pick<ApplicationRecord, 'name' | 'icon' | 'description' | 'bot_public' | 'flags'>>;
    }
  /** At `u:<application id>`. Create or overwrite by (name, type, guild). -> [APIApplicationCommand, created: boolean] */
  | { readonly kind: 'putCommand'; readonly guildId: Snowflake | null; readonly draft: CommandDraft }
  /** Bulk overwrite. -> APIApplicationCommand[] */
  | { readonly kind: 'setCommands'; readonly guildId: Snowflake | null; readonly drafts: readonly CommandDraft[] }
  | {
      readonly kind: 'updateCommand';
      readonly guildId: Snowflake | null;
      readonly commandId: Snowflake;
      readonly patch: Partial<CommandDraft>;
    }
  | { readonly kind: 'deleteCommand'; readonly guildId: Snowflake | null; readonly commandId: Snowflake }
  /** A session's own presence (op 2, op 3, and each attach); null: the session counts as gone for others' eyes. -> null */
  | { readonly kind: 'sessionPresence'; readonly session: SessionId; readonly presence: SessionPresence | null }
  /** All sessions that knew an earlier load have brought their presences: his guilds are told what they make together. -> null */
  | { readonly kind: 'presencesGathered' }
  /** From a guild (durable). -> null */
  | { readonly kind: 'guildJoined' | 'guildLeft'; readonly guild: OwnerKey; readonly seq: number }
  /** From a DM (durable): its events for this recipient; `open`: list it first. Row numbers make hearing idempotent. -> null */
  | {
      readonly kind: 'dmEvent';
      readonly teller: OwnerKey;
      readonly seq: number;
      readonly t: string;
      readonly d: string;
      readonly cls: number;
      readonly full: boolean;
      readonly open: boolean;
    };

/** An application command without what the server adds (id, application_id, version, …). */
export type CommandDraft = Readonly<Record<string, unknown>> & { readonly name: string; readonly type?: number };

// --- questions: answered from the state, outside the mailbox, synchronously

export type Question =
  | { readonly ask: 'guild'; readonly by: Snowflake; readonly withCounts: boolean }
  | { readonly ask: 'guildPreview'; readonly by: Snowflake }
  | { readonly ask: 'channels'; readonly by: Snowflake }
  | { readonly ask: 'channel'; readonly by: Snowflake; readonly channelId: Snowflake }
  | { readonly ask: 'roles'; readonly by: Snowflake }
  | { readonly ask: 'role'; readonly by: Snowflake; readonly roleId: Snowflake }
  | { readonly ask: 'members'; readonly by: Snowflake; readonly limit: number; readonly after: Snowflake }
  | { readonly ask: 'member'; readonly by: Snowflake; readonly userId: Snowflake }
  | { readonly ask: 'searchMembers'; readonly by: Snowflake; readonly query: string; readonly limit: number }
  | {
      readonly ask: 'bans';
      readonly by: Snowflake;
      readonly before: Snowflake | null;
      readonly after: Snowflake | null;
      readonly limit: number;
    }
  | { readonly ask: 'ban'; readonly by: Snowflake; readonly userId: Snowflake }
  | { readonly ask: 'invites'; readonly by: Snowflake; readonly channelId: Snowflake | null }
  /** Also for non-members. */
  | { readonly ask: 'invite'; readonly code: string; readonly withCounts: boolean }
  | { readonly ask: 'voiceState'; readonly by: Snowflake; readonly userId: Snowflake }
  /** May he read (and is content shown)? -> MayRead (reads.ts); rules say the channel's last committed change as its generation */
  | { readonly ask: 'mayRead'; readonly by: Snowflake; readonly channelId: Snowflake }
  /** May he send with these needs, before a large upload is taken? -> null */
  | { readonly ask: 'maySend'; readonly by: Snowflake; readonly channelId: Snowflake; readonly attach: boolean }
  /** At `u:`: -> UserSelf */
  | { readonly ask: 'self' }
  /** At `u:`: -> guild ids with rows, ascending */
  | { readonly ask: 'guildList' }
  | { readonly ask: 'dms' }
  | { readonly ask: 'commands'; readonly guildId: Snowflake | null }
  | { readonly ask: 'command'; readonly guildId: Snowflake | null; readonly commandId: Snowflake }
  | { readonly ask: 'application' };
