/** Messages over the wire. */
import { z } from 'zod';
import type { Snowflake } from '../../protocol/ids.ts';
import { parseOwn } from '../../protocol/json.ts';
import type { MessageWithReactions } from '../../protocol/records.ts';
import type { AskedReactions, MessagePage, MessagesPort } from '../ports.ts';
import {
  given,
  id,
  ids,
  limitTo,
  listOf,
  maybeId,
  maybeText,
  type QueriesOf,
  RECORD,
  recorded,
  text,
} from './query.ts';
import type { Fields } from './wire.ts';

/** Pairs of a message and a user that one call asks about. */
const MOST_PAIRS = 100_000;

const askedReactions = z
  .array(
    z.object({ ids, user_ids: ids }).transform((each): AskedReactions => ({ ids: each.ids, users: each.user_ids })),
  )
  .max(MOST_PAIRS)
  .refine(
    (asked) =>
      asked.reduce((sum, { ids: those, users }) => sum + those.length * Math.max(1, users.length), 0) <= MOST_PAIRS,
    {
      error: `at most ${MOST_PAIRS} pairs of a message and a user`,
    },
  );

const page = z.object({ channel_id: id, before: maybeId, after: maybeId, around: maybeId, limit: limitTo(100) });

function fieldsOf({ message, reactions }: MessageWithReactions): Fields {
  const { wire } = message;
  return {
    ...{ id: message.id, channel_id: message.channel_id, author_id: message.author_id },
    author_name: wire.author.username,
    ...{ type: wire.type, content: wire.content, timestamp: wire.timestamp, edited_timestamp: wire.edited_timestamp },
    attachments: wire.attachments.map((each) =>
      given({ id: each.id, filename: each.filename, size: each.size, url: each.url, content_type: each.content_type }),
    ),
    reactions,
    reply_to: wire.message_reference?.message_id,
  };
}

export const messages = recorded<MessageWithReactions>('messages', fieldsOf);

interface WirePin {
  readonly message: { readonly record: string };
  readonly pinned_at: string;
}

interface WireReactions {
  readonly message_id: Snowflake;
  readonly user_id: Snowflake;
  readonly emojis: readonly string[];
}

interface WirePlace {
  readonly channel_id: Snowflake;
  readonly id: Snowflake;
}

export const messageQueries: QueriesOf<Omit<MessagesPort, 'pageText'>> = {
  page: {
    rpc: 'Page',
    request: ({ channelId, before, after, around, limit }) =>
      given({ channel_id: channelId, before, after, around, limit, form: RECORD }),
    args: page.transform(({ channel_id, ...rest }): readonly [MessagePage] => [{ channelId: channel_id, ...rest }]),
    ...messages.many,
  },
  message: {
    rpc: 'GetMessage',
    request: (channelId, messageId) => ({ channel_id: channelId, id: messageId, form: RECORD }),
    args: z.object({ channel_id: id, id }).transform((asked) => [asked.channel_id, asked.id] as const),
    ...messages.maybe,
  },
  messages: {
    rpc: 'GetMessages',
    request: (channelId, messageIds) => ({ channel_id: channelId, ids: messageIds, form: RECORD }),
    args: z.object({ channel_id: id, ids }).transform((asked) => [asked.channel_id, asked.ids] as const),
    ...messages.many,
  },
  reactionsOf: {
    rpc: 'ReactionsOf',
    request: (channelId, asked) => ({
      channel_id: channelId,
      asked: asked.map((each) => ({ ids: each.ids, user_ids: each.users })),
    }),
    args: z
      .object({ channel_id: id, asked: askedReactions })
      .transform(({ channel_id, asked }) => [channel_id, asked] as const),
    answer: (found) => ({
      messages: found.map((each) => ({ message_id: each.id, user_id: each.user, emojis: each.emojis })),
    }),
    value: (answer) =>
      listOf<WireReactions>(answer, 'messages').map(({ message_id, user_id, emojis }) => {
        return { id: message_id, user: user_id, emojis };
      }),
  },
  reactors: {
    rpc: 'Reactors',
    request: (channelId, messageId, emoji, after, limit) =>
      given({ channel_id: channelId, id: messageId, emoji, after, limit }),
    args: z
      .object({ channel_id: id, id, emoji: text, after: maybeId, limit: limitTo(1000) })
      .transform((asked) => [asked.channel_id, asked.id, asked.emoji, asked.after, asked.limit] as const),
    answer: (found) => ({ ids: found }),
    value: (answer) => listOf<Snowflake>(answer, 'ids'),
  },
  pins: {
    rpc: 'Pins',
    request: (channelId) => ({ channel_id: channelId, form: RECORD }),
    args: z.object({ channel_id: id }).transform((asked) => [asked.channel_id] as const),
    answer: (pins, form) => ({
      pins: pins.map(({ message, pinnedAt }) => ({ message: messages.one(message, form), pinned_at: pinnedAt })),
    }),
    value: (answer) =>
      listOf<WirePin>(answer, 'pins').map(({ message, pinned_at }) => ({
        message: parseOwn<MessageWithReactions>(message.record),
        pinnedAt: pinned_at,
      })),
  },
  nonce: {
    rpc: 'Nonce',
    request: (channelId, author, nonce, now) => ({ channel_id: channelId, author_id: author, nonce, now }),
    args: z
      .object({ channel_id: id, author_id: id, nonce: text, now: z.number() })
      .transform((asked) => [asked.channel_id, asked.author_id, asked.nonce, asked.now] as const),
    ...maybeText,
  },
  authored: {
    rpc: 'Authored',
    request: (channelIds, author, since, limit) => ({ channel_ids: channelIds, author_id: author, since, limit }),
    args: z
      .object({ channel_ids: ids, author_id: id, since: id, limit: limitTo(10_000) })
      .transform((asked) => [asked.channel_ids, asked.author_id, asked.since, asked.limit] as const),
    answer: (found) => ({ messages: found.map(({ channelId, id }) => ({ channel_id: channelId, id })) }),
    value: (answer) =>
      listOf<WirePlace>(answer, 'messages').map(({ channel_id, id }) => ({ channelId: channel_id, id })),
  },
};
