/** Messages, reactions, pins and nonces in SQLite. */
import type { DatabaseSync } from 'node:sqlite';
import { compareSnowflakes, type Snowflake } from '../../protocol/ids.ts';
import type { ReactionCount } from '../../protocol/records.ts';
import { type BucketSource, bucketOf, type IdRange, pageBuckets } from '../buckets.ts';
import { packPage, pageTextOf } from '../page-text.ts';
import type { MessagePage, MessagesPort, ReactionsOfUser } from '../ports.ts';
import { REMEMBERED_MS } from '../retention.ts';
import type { MessageWrite, WriteHandlers } from '../subjects.ts';
import { all, first, jsonArray, type Ops, quote, type ReadsAsText, slotOf } from './queries.ts';

export const messageSql = {
  putMessage: `insert into messages values (?1, ?2, ?3, ?4, ?5)
    on conflict do update set author_id = excluded.author_id, wire = excluded.wire`,
  putBucket: 'insert or ignore into channel_buckets values (?1, ?2)',
  deleteMessage: 'delete from messages where channel_id = ?1 and bucket = ?2 and id = ?3',
  deleteBucketIfEmpty: `delete from channel_buckets where channel_id = ?1 and bucket = ?2
    and not exists (select 1 from messages where channel_id = ?1 and bucket = ?2)`,
  putNonce: `insert into nonces values (?1, ?2, ?3, ?4, ?5, ?6)
    on conflict do update set message_id = excluded.message_id, at = excluded.at`,
  countReaction: `insert into reaction_counts select ?1, ?2, ?3, 1, ?5
    where not exists (select 1 from reactions where channel_id = ?1 and message_id = ?2 and emoji = ?3 and user_id = ?4)
    on conflict do update set count = count + 1`,
  putReaction: 'insert or ignore into reactions values (?1, ?2, ?3, ?4)',
  deleteReaction: 'delete from reactions where channel_id = ?1 and message_id = ?2 and emoji = ?3 and user_id = ?4',
  clearReaction: 'delete from reactions where channel_id = ?1 and message_id = ?2 and emoji = ?3',
  clearReactions: 'delete from reactions where channel_id = ?1 and message_id = ?2',
  putPin: 'insert into pins values (?1, ?2, ?3) on conflict do update set at = excluded.at',
  deletePin: 'delete from pins where channel_id = ?1 and message_id = ?2',
};

export const messageWrites: WriteHandlers<MessageWrite, Ops> = {
  putMessage: ({ message: { id, channel_id, author_id, wire } }) => {
    const bucket = bucketOf(id);
    const put = ['putMessage', channel_id, bucket, id, author_id, JSON.stringify(wire)];
    return [...put, 'putBucket', channel_id, bucket];
  },
  deleteMessages: ({ channelId, ids }) => {
    const gone = ids.flatMap((id) => [
      ...['deleteMessage', channelId, bucketOf(id), id],
      ...['clearReactions', channelId, id, 'deletePin', channelId, id],
    ]);
    const buckets = [...new Set(ids.map(bucketOf))];
    return [...gone, ...buckets.flatMap((bucket) => ['deleteBucketIfEmpty', channelId, bucket])];
  },
  putNonce: ({ channelId, author, nonce, messageId, at }) => [
    ...['putNonce', slotOf(at), channelId, author, nonce, messageId, at],
  ],
  putReaction: ({ channelId, messageId, emoji, userId, at }) => [
    ...['countReaction', channelId, messageId, emoji, userId, at],
    ...['putReaction', channelId, messageId, emoji, userId],
  ],
  deleteReaction: ({ channelId, messageId, emoji, userId }) => ['deleteReaction', channelId, messageId, emoji, userId],
  clearReactions: ({ channelId, messageId, emoji }) =>
    emoji === null ? ['clearReactions', channelId, messageId] : ['clearReaction', channelId, messageId, emoji],
  putPin: ({ channelId, messageId, at }) => ['putPin', channelId, messageId, at],
  deletePin: ({ channelId, messageId }) => ['deletePin', channelId, messageId],
};

interface MessageRow {
  readonly id: Snowflake;
  readonly author_id: Snowflake;
  readonly wire: string;
}

type TextRow = Omit<MessageRow, 'author_id'>;

const TEXT = 'cast(id as text) as id, wire';
const COLUMNS = `${TEXT}, cast(author_id as text) as author_id`;
/** Stands for "no border": every id lies between them. */
const LOWEST = '-1';
const HIGHEST = '9223372036854775807';

export function messageReads(db: DatabaseSync): ReadsAsText<MessagesPort> {
  const source = bucketSource<MessageRow>(db, COLUMNS);
  const texts = bucketSource<TextRow>(db, TEXT);
  const one = db.prepare(`select ${COLUMNS} from messages where channel_id = ?1 and bucket = ?2 and id = ?3`);
  const reactions = reactionReads(db);
  const pins = db.prepare(`select cast(message_id as text) as id, at from pins where channel_id = ?1
    order by at desc, message_id desc`);
  const nonce = db.prepare(`select cast(message_id as text) as id from nonces where slot = ?1 and channel_id = ?2
    and author_id = ?3 and nonce = ?4 and at > ?5`);
  const authored = db.prepare(`select cast(id as text) as id from messages where channel_id = ?1 and bucket = ?2
    and author_id = ?3 and id >= ?4 order by messages.id desc limit ?5`);
  const bucketsSince = db.prepare(`select bucket from channel_buckets where channel_id = ?1 and bucket >= ?2
    order by bucket desc`);
  const message = (channelId: Snowflake, id: Snowflake): string | null => {
    const row = first<MessageRow>(one, channelId, bucketOf(id), id);
    return row === null ? null : withReactions(channelId, row, reactions.on(channelId, [row]).get(id));
  };
  return {
    page: (query: MessagePage) => {
      const rows = pageBuckets(source(query.channelId), query);
      const counts = reactions.on(query.channelId, rows);
      return jsonArray(rows.map((row) => withReactions(query.channelId, row, counts.get(row.id))));
    },
    pageText: (query) => {
      const rows = pageBuckets(texts(query.channelId), query);
      const counts = reactions.on(query.channelId, rows);
      return packPage(pageTextOf(rows.map(({ id, wire }) => ({ id, wire, reactions: counts.get(id) ?? [] }))));
    },
    message: (channelId, id) => message(channelId, id) ?? 'null',
    messages: (channelId, ids) => jsonArray(ids.map((id) => message(channelId, id)).filter((text) => text !== null)),
    reactionsOf: reactions.reactionsOf,
    reactors: reactions.reactors,
    pins: (channelId) => {
      const found = all<{ id: Snowflake; at: string }>(pins, channelId).flatMap(({ id, at }) => {
        const text = message(channelId, id);
        return text === null ? [] : [`{"message":${text},"pinnedAt":${quote(at)}}`];
      });
      return jsonArray(found);
    },
    nonce: (channelId, author, text, now) => {
      for (let slot = slotOf(now); slot >= slotOf(now - REMEMBERED_MS); slot -= 1) {
        const found = first<{ id: Snowflake }>(nonce, slot, channelId, author, text, now - REMEMBERED_MS);
        if (found !== null) return quote(found.id);
      }
      return 'null';
    },
    authored: (channelIds, author, since, limit) => {
      const found = channelIds.flatMap((channelId) => {
        const buckets = all<{ bucket: number }>(bucketsSince, channelId, bucketOf(since));
        return buckets.flatMap(({ bucket }) =>
          all<{ id: Snowflake }>(authored, channelId, bucket, author, since, limit).map(({ id }) => ({
            channelId,
            id,
          })),
        );
      });
      return JSON.stringify(found.sort((a, b) => compareSnowflakes(b.id, a.id)).slice(0, limit));
    },
  };
}

function withReactions(channelId: Snowflake, row: MessageRow, counts: readonly ReactionCount[] = []): string {
  const ids = `"id":"${row.id}","channel_id":${quote(channelId)},"author_id":"${row.author_id}"`;
  return `{"message":{${ids},"wire":${row.wire}},"reactions":${JSON.stringify(counts)}}`;
}

function bucketSource<Row extends TextRow>(
  db: DatabaseSync,
  columns: string,
): (channelId: Snowflake) => BucketSource<Row> {
  const buckets = (order: string) =>
    db.prepare(`select bucket from channel_buckets where channel_id = ?1 and bucket between ?2 and ?3
      order by bucket ${order} limit ?4`);
  const rows = (order: string) =>
    db.prepare(`select ${columns} from messages where channel_id = ?1 and bucket = ?2 and id > ?3 and id < ?4
      order by messages.id ${order} limit ?5`);
  const bucketStatements = { newest: buckets('desc'), oldest: buckets('asc') };
  const rowStatements = { newest: rows('desc'), oldest: rows('asc') };
  return (channelId) => ({
    buckets: ({ from, to, order }, limit) =>
      all<{ bucket: number }>(bucketStatements[order], ...[channelId, from ?? LOWEST, to ?? HIGHEST, limit]).map(
        ({ bucket }) => bucket,
      ),
    fetchRows: (bucket, { above, below, order }: IdRange, limit) =>
      all<Row>(rowStatements[order], channelId, bucket, above ?? LOWEST, below ?? HIGHEST, limit),
  });
}

function byUser(
  id: Snowflake,
  rows: readonly { readonly user: Snowflake; readonly emoji: string }[],
): ReactionsOfUser[] {
  const users = Map.groupBy(rows, ({ user }) => user);
  return [...users].map(([user, his]) => ({ id, user, emojis: his.map(({ emoji }) => emoji) }));
}

type ReactionReads = Pick<ReadsAsText<MessagesPort>, 'reactionsOf' | 'reactors'> & {
  /** The counts of a page, which is newest first, by message, in the order of the first reaction. */
  on(channelId: Snowflake, page: readonly TextRow[]): Map<Snowflake, ReactionCount[]>;
};

function reactionReads(db: DatabaseSync): ReactionReads {
  const counts = db.prepare(`select cast(message_id as text) as id, emoji, count from reaction_counts
    where channel_id = ?1 and message_id between ?2 and ?3 order by message_id, first_at, emoji`);
  // In this order each user is looked up; the other way round all who have reacted would be read.
  const theirs = db.prepare(`select cast(r.user_id as text) as user, c.emoji from reaction_counts c
    cross join reactions r on r.channel_id = c.channel_id and r.message_id = c.message_id and r.emoji = c.emoji
      and r.user_id in (select cast(value as integer) from json_each(?3))
    where c.channel_id = ?1 and c.message_id = ?2 order by c.first_at, c.emoji`);
  const reactors = db.prepare(`select cast(user_id as text) as id from reactions where channel_id = ?1
    and message_id = ?2 and emoji = ?3 and user_id > ?4 order by user_id limit ?5`);
  return {
    on: (channelId, page) => {
      const found = new Map<Snowflake, ReactionCount[]>();
      const [newest, oldest] = [page[0]?.id, page.at(-1)?.id];
      if (newest === undefined || oldest === undefined) return found;
      for (const row of all<{ id: Snowflake } & ReactionCount>(counts, channelId, oldest, newest)) {
        const { id, emoji, count } = row;
        const others = found.get(id);
        if (others === undefined) found.set(id, [{ emoji, count }]);
        else others.push({ emoji, count });
      }
      return found;
    },
    reactionsOf: (channelId, asked) => {
      const found = asked.flatMap(({ ids, users }) => {
        const those = JSON.stringify(users);
        return ids.flatMap((id) => byUser(id, all<{ user: Snowflake; emoji: string }>(theirs, channelId, id, those)));
      });
      return JSON.stringify(found);
    },
    reactors: (channelId, id, emoji, after, limit) =>
      JSON.stringify(
        all<{ id: Snowflake }>(reactors, channelId, id, emoji, after ?? LOWEST, limit).map((row) => row.id),
      ),
  };
}
