/**
 * The store's ports: small interfaces in our words, one method per query, no business rules.
 * Adapters (`memory/`, `sqlite/`) pass one conformance suite. Reads may run on any thread; writes go through `commit` alone.
 */
import type { OwnerKey, Snowflake } from '../protocol/ids.ts';
import type {
  ApplicationRecord,
  BanRecord,
  ChannelRecord,
  CommandRecord,
  DmRecord,
  GuildRecord,
  InviteRecord,
  MemberRecord,
  MessageWithReactions,
  ReactionCount,
  RoleRecord,
  TokenRecord,
  UserRecord,
} from '../protocol/records.ts';
import type { StoredRow, StoredTell, Write } from '../protocol/writes.ts';

/**
 * A read may be given a signal as its last argument: aborted, nobody waits for the answer any more. What has not begun is left undone then, and what has is
 * ended where the adapter can; the promise may be rejected with anything.
 */
export function signalIn(args: readonly unknown[]): AbortSignal | null {
  const last = args.at(-1);
  return last instanceof AbortSignal ? last : null;
}

/** One batch of one actor: stored whole or not at all. */
export interface Batch {
  readonly owner: OwnerKey;
  readonly epoch: number;
  readonly writes: readonly Write[];
}

/** The one way to write. Acknowledged means stored: it survives `kill -9` and, on disk, power loss. */
export interface Committer {
  /**
   * Takes over an actor: gives it a new epoch (greater than every epoch given before in this installation).
   * When it resolves, every batch of older epochs of that owner has been committed or dropped, and later ones are refused.
   */
  fence(owner: OwnerKey): Promise<number>;
  /** The actor leaves memory. Later batches of this epoch are refused. */
  release(owner: OwnerKey, epoch: number): void;
  /** Rejects with Fault `fenced`, `full`, `broken`, `stuck`, `timeout`, `overloaded`. */
  commit(batch: Batch): Promise<void>;
  /**
   * `full`, `broken` and `stuck` are told without a commit, so that commands are refused before they are decided. `stuck`: what was asked is not
   * answered, so nobody knows whether it is stored; a fence fails at once then.
   */
  readonly state: 'open' | 'full' | 'broken' | 'stuck' | 'closed';
}

export interface MessagesPort {
  /** At most `limit` (1..100) messages of the channel, newest first. `before`/`after` exclusive; after: the `limit` next ones, still newest first in the answer. */
  page(query: MessagePage, signal?: AbortSignal): Promise<readonly MessageWithReactions[]>;
  /** The same page for who hands it on. */
  pageText(query: MessagePage, signal?: AbortSignal): Promise<PageText>;
  message(channelId: Snowflake, id: Snowflake, signal?: AbortSignal): Promise<MessageWithReactions | null>;
  messages(
    channelId: Snowflake,
    ids: readonly Snowflake[],
    signal?: AbortSignal,
  ): Promise<readonly MessageWithReactions[]>;
  /** What users reacted with. Many may be asked about in one query; who did not react to a message is left out there. */
  reactionsOf(
    channelId: Snowflake,
    asked: readonly AskedReactions[],
    signal?: AbortSignal,
  ): Promise<readonly ReactionsOfUser[]>;
  /** Users who reacted, ascending by id after `after`. */
  reactors(
    channelId: Snowflake,
    id: Snowflake,
    emoji: string,
    after: Snowflake | null,
    limit: number,
    signal?: AbortSignal,
  ): Promise<readonly Snowflake[]>;
  /** Newest pin first. */
  pins(
    channelId: Snowflake,
    signal?: AbortSignal,
  ): Promise<readonly { readonly message: MessageWithReactions; readonly pinnedAt: string }[]>;
  /** For (author, channel, nonce) within ten minutes: the message it made. */
  nonce(channelId: Snowflake, author: Snowflake, nonce: string, now: number): Promise<Snowflake | null>;
  /** Message ids of an author in these channels since a snowflake, newest first, at most `limit` (a ban that deletes his messages). */
  authored(
    channelIds: readonly Snowflake[],
    author: Snowflake,
    since: Snowflake,
    limit: number,
    signal?: AbortSignal,
  ): Promise<readonly { readonly channelId: Snowflake; readonly id: Snowflake }[]>;
}

/** Each of the users about each of the messages. */
export interface AskedReactions {
  readonly ids: readonly Snowflake[];
  readonly users: readonly Snowflake[];
}

export interface ReactionsOfUser {
  readonly id: Snowflake;
  readonly user: Snowflake;
  /** Keys in the order of the message's first reactions. */
  readonly emojis: readonly string[];
}

export interface MessagePage {
  readonly channelId: Snowflake;
  readonly before: Snowflake | null;
  readonly after: Snowflake | null;
  readonly around: Snowflake | null;
  readonly limit: number;
}

/** A page as the text that is stored: nobody on its way parses it or writes it anew. */
export interface PageText {
  /** JSON: the messages as they are sent, without reactions. */
  readonly json: string;
  /** Those with reactions, in the order of the page. `end`: where in `json` the message's last brace stands. */
  readonly reacted: readonly {
    readonly id: Snowflake;
    readonly end: number;
    readonly reactions: readonly ReactionCount[];
  }[];
}

export interface GuildLoad {
  readonly guild: GuildRecord;
  readonly channels: readonly ChannelRecord[];
  readonly roles: readonly RoleRecord[];
  readonly members: readonly MemberRecord[];
  readonly bans: readonly BanRecord[];
  readonly invites: readonly InviteRecord[];
}

export interface GuildsPort {
  guild(id: Snowflake, signal?: AbortSignal): Promise<GuildLoad | null>;
  dm(owner: OwnerKey): Promise<DmRecord | null>;
  /** Who owns a channel. Immutable once written. */
  channelOwner(channelId: Snowflake): Promise<OwnerKey | null>;
  /** The guild of an invite code. */
  invite(code: string): Promise<InviteRecord | null>;
}

export interface UsersPort {
  user(id: Snowflake, signal?: AbortSignal): Promise<UserRecord | null>;
  users(ids: readonly Snowflake[], signal?: AbortSignal): Promise<readonly UserRecord[]>;
  /** Lower-case user name or e-mail -> id. */
  userByLogin(login: string): Promise<Snowflake | null>;
  /** Guilds of a user: the guild and the row that made the membership. */
  guildsOf(user: Snowflake): Promise<readonly { readonly guild: Snowflake; readonly seq: number }[]>;
  /** Open DMs of a user. */
  dmsOf(user: Snowflake): Promise<readonly DmRecord[]>;
  /** Last row heard from each teller. */
  heardBy(user: Snowflake): Promise<ReadonlyMap<OwnerKey, number>>;
  token(hash: string): Promise<TokenRecord | null>;
  tokensOf(user: Snowflake): Promise<readonly TokenRecord[]>;
  application(id: Snowflake): Promise<ApplicationRecord | null>;
  applicationsOf(owner: Snowflake): Promise<readonly ApplicationRecord[]>;
  /** All commands of an application, all guilds and global. */
  commandsOf(application: Snowflake): Promise<readonly CommandRecord[]>;
}

/** One user's own reactions: emoji keys by message. */
export type OwnReactions = ReadonlyMap<Snowflake, readonly string[]>;

/** Reads of one thing that many ask for at once. */
export interface SingleReads extends Pick<MessagesPort, 'message'>, Pick<UsersPort, 'user'> {
  ownReactions(
    channelId: Snowflake,
    ids: readonly Snowflake[],
    user: Snowflake,
    signal?: AbortSignal,
  ): Promise<OwnReactions>;
}

export interface JournalPort {
  /** The newest rows of an owner, ascending; at most `limit`. */
  rows(owner: OwnerKey, limit: number): Promise<readonly StoredRow[]>;
  /** Tells not yet confirmed, ascending. */
  tells(owner: OwnerKey): Promise<readonly StoredTell[]>;
  /** Owners with tells that are not confirmed, ascending after `after`; at most `limit`. A new worker loads those it owns. */
  tellers(after: OwnerKey | null, limit: number): Promise<readonly OwnerKey[]>;
  /** The result of a write command, if it was stored in the last ten minutes. */
  result(owner: OwnerKey, commandId: string): Promise<string | null>;
}

export interface Store extends MessagesPort, GuildsPort, UsersPort, JournalPort, Committer {
  close(): Promise<void>;
}
