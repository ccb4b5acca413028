/** The closed union of what an actor may write: one batch of these is one savepoint. Every write is idempotent. */
import type { OwnerKey, Snowflake } from './ids.ts';
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
  RoleRecord,
  TokenRecord,
  UserRecord,
} from './records.ts';

export type Write =
  | { readonly w: 'putGuild'; readonly guild: GuildRecord }
  /** The guild with channels, roles, members, bans, invites, and the memberships by user. Messages and the channel index stay. */
  | { readonly w: 'deleteGuild'; readonly guildId: Snowflake }
  | { readonly w: 'putChannel'; readonly channel: ChannelRecord }
  /** Hot: a message moves only this. */
  | { readonly w: 'putLastMessage'; readonly channelId: Snowflake; readonly messageId: Snowflake }
  | { readonly w: 'deleteChannel'; readonly guildId: Snowflake; readonly channelId: Snowflake }
  /** The immutable index channel -> owner. */
  | { readonly w: 'putChannelOwner'; readonly channelId: Snowflake; readonly owner: OwnerKey }
  | { readonly w: 'putRole'; readonly guildId: Snowflake; readonly role: RoleRecord }
  | { readonly w: 'deleteRole'; readonly guildId: Snowflake; readonly roleId: Snowflake }
  /** Under both keys: by guild and by user. `seq`: the row that made the membership; 0: a change of a member, whose row stays as it is stored. */
  | { readonly w: 'putMember'; readonly guildId: Snowflake; readonly member: MemberRecord; readonly seq: number }
  | { readonly w: 'deleteMember'; readonly guildId: Snowflake; readonly userId: Snowflake }
  | { readonly w: 'putBan'; readonly guildId: Snowflake; readonly ban: BanRecord }
  | { readonly w: 'deleteBan'; readonly guildId: Snowflake; readonly userId: Snowflake }
  | { readonly w: 'putInvite'; readonly invite: InviteRecord }
  | { readonly w: 'deleteInvite'; readonly code: string; readonly guildId: Snowflake }
  | { readonly w: 'putDm'; readonly dm: DmRecord }
  /** `open`: listed among the user's DMs. */
  | { readonly w: 'putDmOpen'; readonly userId: Snowflake; readonly owner: OwnerKey; readonly open: boolean }
  | { readonly w: 'putMessage'; readonly message: MessageRecord }
  | { readonly w: 'deleteMessages'; readonly channelId: Snowflake; readonly ids: readonly Snowflake[] }
  | {
      readonly w: 'putNonce';
      readonly channelId: Snowflake;
      readonly author: Snowflake;
      readonly nonce: string;
      readonly messageId: Snowflake;
      readonly at: number;
    }
  | {
      readonly w: 'putReaction';
      readonly channelId: Snowflake;
      readonly messageId: Snowflake;
      readonly emoji: string;
      readonly userId: Snowflake;
      readonly at: number;
    }
  | {
      readonly w: 'deleteReaction';
      readonly channelId: Snowflake;
      readonly messageId: Snowflake;
      readonly emoji: string;
      readonly userId: Snowflake;
    }
  /** `emoji` null: all of the message. */
  | {
      readonly w: 'clearReactions';
      readonly channelId: Snowflake;
      readonly messageId: Snowflake;
      readonly emoji: string | null;
    }
  | { readonly w: 'putPin'; readonly channelId: Snowflake; readonly messageId: Snowflake; readonly at: string }
  | { readonly w: 'deletePin'; readonly channelId: Snowflake; readonly messageId: Snowflake }
  | { readonly w: 'putUser'; readonly user: UserRecord }
  /** The login index: user name or e-mail, lower case. Written by the actor of that name alone. */
  | { readonly w: 'putLogin'; readonly login: string; readonly userId: Snowflake }
  | { readonly w: 'deleteLogin'; readonly login: string }
  | { readonly w: 'putToken'; readonly token: TokenRecord }
  | { readonly w: 'deleteToken'; readonly hash: string }
  | { readonly w: 'putApplication'; readonly application: ApplicationRecord }
  | { readonly w: 'putCommand'; readonly command: CommandRecord }
  | { readonly w: 'deleteCommand'; readonly application: Snowflake; readonly id: Snowflake }
  | { readonly w: 'putHeard'; readonly user: Snowflake; readonly teller: OwnerKey; readonly seq: number }
  /** The owner of the batch writes its own journal, a ring of the newest rows. */
  | { readonly w: 'putRow'; readonly row: StoredRow }
  | { readonly w: 'putTell'; readonly tell: StoredTell }
  | { readonly w: 'deleteTell'; readonly seq: number; readonly to: OwnerKey }
  /** Ten minutes of memory: the same command id is answered with the same result, also after a restart. */
  | { readonly w: 'putResult'; readonly commandId: string; readonly result: string; readonly at: number };

/** A row as the journal keeps it: kind and ids, no bodies. `note` is JSON of `JournalNote`. */
export interface StoredRow {
  readonly seq: number;
  readonly note: string;
  readonly at: number;
}

/** What one owner tells another; repeated after a load until it is confirmed. `command` is JSON of a command. */
export interface StoredTell {
  readonly seq: number;
  readonly to: OwnerKey;
  readonly command: string;
}
