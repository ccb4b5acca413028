/** Messages, reactions, pins and nonces on Cassandra. */
import type { Snowflake } from '../../protocol/ids.ts';
import { compareSnowflakes } from '../../protocol/ids.ts';
import { type BucketAnswer, bucketOf, pageSteps } from '../buckets.ts';
import { packPage, pageTextOf } from '../page-text.ts';
import type { MessagePage, MessagesPort } from '../ports.ts';
import { REMEMBERED_MS } from '../retention.ts';
import type { MessageWrite, WriteHandlers } from '../subjects.ts';
import type { Db } from './db.ts';
import type { Known, Ops } from './draft.ts';
import { bucketsIn, type MessageRow, MessageRows } from './message-rows.ts';
import { jsonArray, quote, type ReadsAsText } from './queries.ts';
import { countsOf, reactionKnown, reactionReads } from './reactions.ts';

export const messageKnown: Readonly<Record<string, Known>> = {
  ...reactionKnown,
  putMessage: {
    arity: 4,
    run: (draft, [channelId = '', id = '', author = '', wire = '']) => draft.messages.put(channelId, id, author, wire),
  },
  deleteMessages: {
    arity: 2,
    run: (draft, [channelId = '', ids = '']) => draft.messages.delete(channelId, ids.split(',')),
  },
  putNonce: {
    at: 'i ?1',
    cql: 'insert into {}.nonces (channel_id, author_id, nonce, message_id, at) values (?1, ?2, ?3, ?4, ?5) using timestamp ?s',
  },
  putPin: {
    at: 'i ?1',
    cql: 'insert into {}.pins (channel_id, message_id, at) values (?1, ?2, ?3) using timestamp ?s',
  },
  pinned: { arity: 2, run: (draft, [channelId = '', id = '']) => draft.messages.pin(channelId, id) },
  deletePin: { at: 'i ?1', cql: 'delete from {}.pins using timestamp ?s where channel_id = ?1 and message_id = ?2' },
};

export const messageWrites: WriteHandlers<MessageWrite, Ops> = {
  putMessage: ({ message: { id, channel_id, author_id, wire } }) => [
    ...['putMessage', channel_id, id, author_id, JSON.stringify(wire)],
  ],
  deleteMessages: ({ channelId, ids }) => (ids.length === 0 ? [] : ['deleteMessages', channelId, ids.join(',')]),
  putNonce: ({ channelId, author, nonce, messageId, at }) => ['putNonce', channelId, author, nonce, messageId, at],
  putReaction: ({ channelId, messageId, emoji, userId, at }) => [
    'putReaction',
    channelId,
    messageId,
    emoji,
    userId,
    at,
  ],
  deleteReaction: ({ channelId, messageId, emoji, userId }) => ['deleteReaction', channelId, messageId, emoji, userId],
  clearReactions: ({ channelId, messageId, emoji }) =>
    emoji === null ? ['clearReactions', channelId, messageId] : ['clearReaction', channelId, messageId, emoji],
  putPin: ({ channelId, messageId, at }) => ['putPin', channelId, messageId, at, 'pinned', channelId, messageId],
  deletePin: ({ channelId, messageId }) => ['deletePin', channelId, messageId],
};

export function messageReads(db: Db): ReadsAsText<MessagesPort> {
  const { cluster } = db;
  const rows = new MessageRows(db);
  const messages = async (channelId: Snowflake, ids: readonly Snowflake[], left?: AbortSignal): Promise<string[]> => {
    const found = await rows.named(channelId, ids, left);
    return ids.flatMap((id) => {
      const row = found.get(id);
      return row === undefined ? [] : [textOf(channelId, row)];
    });
  };
  const page = async ({ channelId, ...query }: MessagePage, left?: AbortSignal): Promise<readonly MessageRow[]> => {
    const { buckets } = await db.channels.of(channelId);
    const steps = pageSteps<MessageRow>(query);
    let step = steps.next();
    while (!step.done) {
      const asked = step.value;
      const answer: BucketAnswer<MessageRow> =
        asked.ask === 'buckets'
          ? { buckets: bucketsIn(buckets, asked.range, asked.limit) }
          : {
              rows: await rows.of(
                channelId,
                asked.bucket,
                buckets.get(asked.bucket) ?? null,
                asked.range,
                asked.limit,
                left,
              ),
            };
      step = steps.next(answer);
    }
    return step.value;
  };
  return {
    page: async (query, left) => jsonArray((await page(query, left)).map((row) => textOf(query.channelId, row))),
    pageText: async (query, left) => {
      const found = await page(query, left);
      return packPage(
        pageTextOf(found.map((row) => ({ id: row.message_id, wire: row.wire, reactions: countsOf(row.reactions) }))),
      );
    },
    message: async (channelId, id, left) => (await messages(channelId, [id], left))[0] ?? 'null',
    messages: async (channelId, ids, left) => jsonArray(await messages(channelId, ids, left)),
    ...reactionReads(db, rows),
    pins: async (channelId, left) => {
      const select = 'select message_id, at from {}.pins where channel_id = ?';
      const pins = [...(await cluster.rows<{ message_id: Snowflake; at: string }>(select, [channelId], left))];
      pins.sort((a, b) => (a.at === b.at ? compareSnowflakes(b.message_id, a.message_id) : a.at < b.at ? 1 : -1));
      const found = await rows.named(
        channelId,
        pins.map((pin) => pin.message_id),
        left,
      );
      return jsonArray(
        pins.flatMap(({ message_id: id, at }) => {
          const row = found.get(id);
          return row === undefined ? [] : [`{"message":${textOf(channelId, row)},"pinnedAt":${quote(at)}}`];
        }),
      );
    },
    nonce: async (channelId, author, nonce, now) => {
      const select = 'select message_id, at from {}.nonces where channel_id = ? and author_id = ? and nonce = ?';
      const found = await cluster.first<{ message_id: Snowflake; at: string }>(select, [channelId, author, nonce]);
      return quote(found !== null && now - Number(found.at) < REMEMBERED_MS ? found.message_id : null);
    },
    authored: (channelIds, author, since, limit, left) => authored(db, channelIds, author, since, limit, left),
  };
}

function textOf(channelId: Snowflake, row: MessageRow): string {
  const ids = `"id":"${row.message_id}","channel_id":${quote(channelId)},"author_id":"${row.author_id}"`;
  return `{"message":{${ids},"wire":${row.wire}},"reactions":${JSON.stringify(countsOf(row.reactions))}}`;
}

async function authored(
  { cluster, channels }: Db,
  channelIds: readonly Snowflake[],
  author: Snowflake,
  since: Snowflake,
  limit: number,
  left?: AbortSignal,
): Promise<string> {
  const select = `select message_id from {}.authored where channel_id = ? and bucket = ? and author_id = ?
    and message_id >= ? limit ?`;
  const most = Math.max(1, limit);
  const found = await Promise.all(
    channelIds.map(async (channelId) => {
      const { buckets } = await channels.of(channelId);
      const wanted = [...buckets.keys()].filter((bucket) => bucket >= bucketOf(since));
      const pages = await Promise.all(
        wanted.map((bucket) =>
          cluster.rows<{ message_id: Snowflake }>(select, [channelId, bucket, author, since, most], left),
        ),
      );
      return pages.flat().map(({ message_id: id }) => ({ channelId, id }));
    }),
  );
  const newest = found.flat().sort((a, b) => compareSnowflakes(b.id, a.id));
  return JSON.stringify(newest.slice(0, Math.max(0, limit)));
}
