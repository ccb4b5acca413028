/** Messages, reactions, pins and nonces in memory. */
import { compareSnowflakes, type Snowflake } from '../../protocol/ids.ts';
import type { MessageRecord, MessageWithReactions } from '../../protocol/records.ts';
import { type BucketSource, bucketOf, type IdRange, pageBuckets } from '../buckets.ts';
import { textOfPage } from '../page-text.ts';
import type { AskedReactions, MessagePage, MessagesPort, PageText, ReactionsOfUser } from '../ports.ts';
import { REMEMBERED_MS } from '../retention.ts';
import type { MessageWrite, ReadsNow, WriteHandlers, WriteOf } from '../subjects.ts';

interface Reacted {
  readonly firstAt: number;
  readonly users: Set<Snowflake>;
}

interface Channel {
  /** Only buckets that hold messages. */
  readonly buckets: Map<number, Map<Snowflake, MessageRecord>>;
  readonly reactions: Map<Snowflake, Map<string, Reacted>>;
  readonly pins: Map<Snowflake, string>;
}

interface Nonce {
  readonly messageId: Snowflake;
  readonly at: number;
}

export class MemoryMessages implements ReadsNow<MessagesPort> {
  readonly #channels = new Map<Snowflake, Channel>();
  /** In the order of their last writing: the oldest are dropped first. */
  readonly #nonces = new Map<string, Nonce>();

  readonly writes: WriteHandlers<MessageWrite, void> = {
    putMessage: ({ message }) => {
      const { buckets } = this.#open(message.channel_id);
      const bucket = bucketOf(message.id);
      const rows = buckets.get(bucket) ?? new Map<Snowflake, MessageRecord>();
      buckets.set(bucket, rows.set(message.id, message));
    },
    deleteMessages: ({ channelId, ids }) => this.#deleteMessages(channelId, ids),
    putNonce: (write) => this.#putNonce(write),
    putReaction: ({ channelId, messageId, emoji, userId, at }) => {
      const { reactions } = this.#open(channelId);
      const byEmoji = reactions.get(messageId) ?? new Map<string, Reacted>();
      reactions.set(messageId, byEmoji);
      const reacted = byEmoji.get(emoji) ?? { firstAt: at, users: new Set() };
      byEmoji.set(emoji, reacted);
      reacted.users.add(userId);
    },
    deleteReaction: ({ channelId, messageId, emoji, userId }) => {
      const byEmoji = this.#channels.get(channelId)?.reactions.get(messageId);
      const users = byEmoji?.get(emoji)?.users;
      users?.delete(userId);
      if (users?.size === 0) byEmoji?.delete(emoji);
    },
    clearReactions: ({ channelId, messageId, emoji }) => {
      const reactions = this.#channels.get(channelId)?.reactions;
      if (emoji === null) reactions?.delete(messageId);
      else reactions?.get(messageId)?.delete(emoji);
    },
    putPin: ({ channelId, messageId, at }) => void this.#open(channelId).pins.set(messageId, at),
    deletePin: ({ channelId, messageId }) => void this.#channels.get(channelId)?.pins.delete(messageId),
  };

  page(query: MessagePage): readonly MessageWithReactions[] {
    const channel = this.#channels.get(query.channelId);
    if (channel === undefined) return [];
    return pageBuckets(source(channel), query).map((message) => withReactions(channel, message));
  }

  pageText(query: MessagePage): PageText {
    return textOfPage(this.page(query));
  }

  message(channelId: Snowflake, id: Snowflake): MessageWithReactions | null {
    const channel = this.#channels.get(channelId);
    const message = channel?.buckets.get(bucketOf(id))?.get(id);
    return channel === undefined || message === undefined ? null : withReactions(channel, message);
  }

  messages(channelId: Snowflake, ids: readonly Snowflake[]): readonly MessageWithReactions[] {
    return ids.map((id) => this.message(channelId, id)).filter((found) => found !== null);
  }

  reactionsOf(channelId: Snowflake, asked: readonly AskedReactions[]): readonly ReactionsOfUser[] {
    const reactions = this.#channels.get(channelId)?.reactions;
    const pairs = asked.flatMap(({ ids, users }) => ids.flatMap((id) => users.map((user) => ({ id, user }))));
    return pairs.flatMap(({ id, user }) => {
      const his = sortReacted(reactions?.get(id)).filter(([, { users }]) => users.has(user));
      return his.length === 0 ? [] : [{ id, user, emojis: his.map(([emoji]) => emoji) }];
    });
  }

  reactors(
    channelId: Snowflake,
    id: Snowflake,
    emoji: string,
    after: Snowflake | null,
    limit: number,
  ): readonly Snowflake[] {
    const users = [...(this.#channels.get(channelId)?.reactions.get(id)?.get(emoji)?.users ?? [])];
    return users
      .filter((user) => after === null || compareSnowflakes(user, after) > 0)
      .sort(compareSnowflakes)
      .slice(0, limit);
  }

  pins(channelId: Snowflake): readonly { readonly message: MessageWithReactions; readonly pinnedAt: string }[] {
    const pins = [...(this.#channels.get(channelId)?.pins ?? [])];
    pins.sort(([a, aAt], [b, bAt]) => (aAt === bAt ? compareSnowflakes(b, a) : aAt < bAt ? 1 : -1));
    return pins.flatMap(([id, pinnedAt]) => {
      const message = this.message(channelId, id);
      return message === null ? [] : [{ message, pinnedAt }];
    });
  }

  nonce(channelId: Snowflake, author: Snowflake, nonce: string, now: number): Snowflake | null {
    const found = this.#nonces.get(nonceKey(channelId, author, nonce));
    return found !== undefined && now - found.at < REMEMBERED_MS ? found.messageId : null;
  }

  authored(
    channelIds: readonly Snowflake[],
    author: Snowflake,
    since: Snowflake,
    limit: number,
  ): readonly { readonly channelId: Snowflake; readonly id: Snowflake }[] {
    const found: { channelId: Snowflake; id: Snowflake }[] = [];
    for (const channelId of channelIds) {
      for (const rows of this.#channels.get(channelId)?.buckets.values() ?? []) {
        for (const { id, author_id } of rows.values()) {
          if (author_id === author && compareSnowflakes(id, since) >= 0) found.push({ channelId, id });
        }
      }
    }
    return found.sort((a, b) => compareSnowflakes(b.id, a.id)).slice(0, limit);
  }

  #open(channelId: Snowflake): Channel {
    const channel = this.#channels.get(channelId) ?? { buckets: new Map(), reactions: new Map(), pins: new Map() };
    this.#channels.set(channelId, channel);
    return channel;
  }

  #deleteMessages(channelId: Snowflake, ids: readonly Snowflake[]): void {
    const channel = this.#channels.get(channelId);
    if (channel === undefined) return;
    for (const id of ids) {
      const rows = channel.buckets.get(bucketOf(id));
      rows?.delete(id);
      if (rows?.size === 0) channel.buckets.delete(bucketOf(id));
      channel.reactions.delete(id);
      channel.pins.delete(id);
    }
  }

  #putNonce({ channelId, author, nonce, messageId, at }: WriteOf<'putNonce'>): void {
    const key = nonceKey(channelId, author, nonce);
    this.#nonces.delete(key);
    this.#nonces.set(key, { messageId, at });
    for (const [oldest, { at: oldestAt }] of this.#nonces) {
      if (at - oldestAt < REMEMBERED_MS) break;
      this.#nonces.delete(oldest);
    }
  }
}

const nonceKey = (channelId: Snowflake, author: Snowflake, nonce: string): string => `${channelId}:${author}:${nonce}`;

function sortReacted(byEmoji: ReadonlyMap<string, Reacted> | undefined): [string, Reacted][] {
  return [...(byEmoji ?? [])].sort(([a, first], [b, second]) => first.firstAt - second.firstAt || (a < b ? -1 : 1));
}

function withReactions(channel: Channel, message: MessageRecord): MessageWithReactions {
  const byEmoji = sortReacted(channel.reactions.get(message.id));
  return { message, reactions: byEmoji.map(([emoji, { users }]) => ({ emoji, count: users.size })) };
}

function source(channel: Channel): BucketSource<MessageRecord> {
  return {
    buckets: ({ from, to, order }, limit) =>
      [...channel.buckets.keys()]
        .filter((bucket) => (from === null || bucket >= from) && (to === null || bucket <= to))
        .sort((a, b) => (order === 'newest' ? b - a : a - b))
        .slice(0, limit),
    fetchRows: (bucket, range, limit) => sortedRows(channel.buckets.get(bucket), range).slice(0, limit),
  };
}

function sortedRows(rows: ReadonlyMap<Snowflake, MessageRecord> | undefined, range: IdRange): MessageRecord[] {
  const { above, below, order } = range;
  return [...(rows?.values() ?? [])]
    .filter(({ id }) => above === null || compareSnowflakes(id, above) > 0)
    .filter(({ id }) => below === null || compareSnowflakes(id, below) < 0)
    .sort((a, b) => (order === 'newest' ? compareSnowflakes(b.id, a.id) : compareSnowflakes(a.id, b.id)));
}
