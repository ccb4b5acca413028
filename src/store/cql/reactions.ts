/**
 * Reactions: who reacted is a row each, how many is an entry of the message's own row, so that a page is one read. The count is read, changed and
 * written whole: the owner of the channel is the only one that does, and a repeated write changes nothing (a counter of Cassandra's would count twice).
 */
import { groupsOf } from '../../base/groups-of.ts';
import type { Snowflake } from '../../protocol/ids.ts';
import { bucketOf } from '../buckets.ts';
import type { MessagesPort, ReactionsOfUser } from '../ports.ts';
import type { Db } from './db.ts';
import type { Draft, Known } from './draft.ts';
import { STAMP } from './entries.ts';
import type { Count } from './message-draft.ts';
import { KEYS_AT_ONCE, type MessageRows } from './message-rows.ts';
import type { ReadsAsText } from './queries.ts';

const WHO = 'channel_id = ? and message_id = ? and emoji = ? and user_id = ?';
const MESSAGE = 'channel_id = ? and bucket = ? and message_id = ?';
const SET_COUNT = `update {}.messages using timestamp ? set reactions[?] = ? where ${MESSAGE}`;
const DROP_COUNT = `delete reactions[?] from {}.messages using timestamp ? where ${MESSAGE}`;

export const reactionKnown: Readonly<Record<string, Known>> = {
  putReaction: {
    arity: 5,
    run: async (draft, [channelId = '', id = '', emoji = '', user = '', at = '']) => {
      if (await hasReacted(draft, channelId, id, emoji, user)) return;
      const { count, firstAt } = (await countOf(draft, channelId, id, emoji)) ?? { count: 0, firstAt: at };
      note(draft, channelId, id, emoji, { count: count + 1, firstAt });
      draft.messages.setReacted(`${id} ${emoji} ${user}`, true);
      const cql =
        'insert into {}.reactors (channel_id, message_id, emoji, user_id) values (?, ?, ?, ?) using timestamp ?';
      draft.put(`r ${channelId} ${id}`, cql, [channelId, id, emoji, user, STAMP]);
    },
  },
  deleteReaction: {
    arity: 4,
    run: async (draft, [channelId = '', id = '', emoji = '', user = '']) => {
      if (!(await hasReacted(draft, channelId, id, emoji, user))) return;
      const { count, firstAt } = (await countOf(draft, channelId, id, emoji)) ?? { count: 1, firstAt: '0' };
      note(draft, channelId, id, emoji, { count: count - 1, firstAt });
      draft.messages.setReacted(`${id} ${emoji} ${user}`, false);
      const cql = `delete from {}.reactors using timestamp ? where ${WHO}`;
      draft.put(`r ${channelId} ${id}`, cql, [STAMP, channelId, id, emoji, user]);
    },
  },
  clearReaction: {
    arity: 3,
    run: (draft, [channelId = '', id = '', emoji = '']) => {
      note(draft, channelId, id, emoji, { count: 0, firstAt: '0' });
      draft.messages.clear(`${id} ${emoji} `);
      const cql = 'delete from {}.reactors using timestamp ? where channel_id = ? and message_id = ? and emoji = ?';
      draft.put(`r ${channelId} ${id}`, cql, [STAMP, channelId, id, emoji]);
    },
  },
  clearReactions: {
    arity: 2,
    run: (draft, [channelId = '', id = '']) => {
      draft.messages.clear(`${id} `);
      const bucket = String(bucketOf(id));
      draft.put(`b ${channelId} ${bucket}`, `delete reactions from {}.messages using timestamp ? where ${MESSAGE}`, [
        STAMP,
        channelId,
        bucket,
        id,
      ]);
      const cql = 'delete from {}.reactors using timestamp ? where channel_id = ? and message_id = ?';
      draft.put(`r ${channelId} ${id}`, cql, [STAMP, channelId, id]);
    },
  },
};

async function hasReacted(
  { db, messages }: Draft,
  channelId: Snowflake,
  id: Snowflake,
  emoji: string,
  user: Snowflake,
): Promise<boolean> {
  const mine = messages.hasReacted(`${id} ${emoji} ${user}`);
  if (mine !== undefined) return mine;
  const select = `select user_id from {}.reactors where ${WHO}`;
  return (await db.cluster.first(select, [channelId, id, emoji, user])) !== null;
}

async function countOf(
  { db, messages }: Draft,
  channelId: Snowflake,
  id: Snowflake,
  emoji: string,
): Promise<Count | null> {
  const mine = messages.countOf(`${id} ${emoji}`);
  if (mine !== undefined) return mine;
  const select = `select reactions from {}.messages where ${MESSAGE}`;
  const row = await db.cluster.first<{ reactions: Record<string, string> | null }>(select, [
    ...[channelId, bucketOf(id), id],
  ]);
  const text = row?.reactions?.[emoji];
  return text === undefined ? null : parse(text);
}

function note(draft: Draft, channelId: Snowflake, id: Snowflake, emoji: string, count: Count): void {
  draft.messages.setCount(`${id} ${emoji}`, count.count > 0 ? count : null);
  const bucket = String(bucketOf(id));
  const key = [channelId, bucket, id];
  const at = `b ${channelId} ${bucket}`;
  if (count.count > 0) draft.put(at, SET_COUNT, [STAMP, emoji, `${count.firstAt}:${count.count}`, ...key]);
  else draft.put(at, DROP_COUNT, [emoji, STAMP, ...key]);
}

function parse(text: string): Count {
  const [firstAt = '0', count = '0'] = text.split(':');
  return { firstAt, count: Number(count) };
}

/** In the order of the first reaction. */
export function countsOf(stored: Readonly<Record<string, string>> | null): { emoji: string; count: number }[] {
  const found = Object.entries(stored ?? {}).map(([emoji, text]) => ({ emoji, ...parse(text) }));
  found.sort((a, b) => Number(a.firstAt) - Number(b.firstAt) || (a.emoji < b.emoji ? -1 : 1));
  return found.map(({ emoji, count }) => ({ emoji, count }));
}

/** Messages whose own reactions are asked for at once: each may be as many queries as it has twenties of emojis and readers. */
const MESSAGES_AT_ONCE = 10;

export function reactionReads(db: Db, rows: MessageRows): Pick<ReadsAsText<MessagesPort>, 'reactionsOf' | 'reactors'> {
  return {
    reactionsOf: async (channelId, asked, left) => {
      const found = await rows.named(
        channelId,
        asked.flatMap(({ ids }) => ids),
        left,
      );
      const theirs: ReactionsOfUser[] = [];
      for (const { ids, users } of asked) {
        for (const some of groupsOf(ids, MESSAGES_AT_ONCE)) {
          left?.throwIfAborted();
          const of = (id: Snowflake) => countsOf(found.get(id)?.reactions ?? null).map(({ emoji }) => emoji);
          const each = some.map((id) => reactionsOn(db, channelId, id, users, of(id)));
          theirs.push(...(await Promise.all(each)).flat());
        }
      }
      return JSON.stringify(theirs);
    },
    reactors: async (channelId, id, emoji, after, limit) => {
      const select = `select user_id from {}.reactors where channel_id = ? and message_id = ? and emoji = ?
        and user_id > ? limit ?`;
      const params = [channelId, id, emoji, after ?? '-1', Math.max(1, limit)];
      const found = await db.cluster.rows<{ user_id: Snowflake }>(select, params);
      return JSON.stringify(limit <= 0 ? [] : found.map((row) => row.user_id));
    },
  };
}

/** What they reacted to one message with, of its emojis, which are in their order. */
async function reactionsOn(
  { cluster }: Db,
  channelId: Snowflake,
  id: Snowflake,
  users: readonly Snowflake[],
  emojis: readonly string[],
): Promise<ReactionsOfUser[]> {
  if (emojis.length === 0) return [];
  const select =
    'select emoji, user_id from {}.reactors where channel_id = ? and message_id = ? and emoji in ? and user_id in ?';
  const some = groupsOf(users, Math.max(1, Math.floor(KEYS_AT_ONCE / emojis.length)));
  const found = await Promise.all(
    some.map((those) => cluster.rows<{ emoji: string; user_id: Snowflake }>(select, [channelId, id, emojis, those])),
  );
  const byUser = Map.groupBy(found.flat(), (row) => row.user_id);
  return [...byUser].map(([user, his]) => {
    const own = new Set(his.map(({ emoji }) => emoji));
    return { id, user, emojis: emojis.filter((emoji) => own.has(emoji)) };
  });
}
