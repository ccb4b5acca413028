/** Reactions of a message (docs/resources/message). */
import type { OwnerKey, Snowflake } from '../protocol/ids.ts';
import type { Call } from './call.ts';
import { decodeBody } from './encode-messages.ts';
import { mayRead } from './messages.ts';
import { readShared } from './read-as.ts';
import { refused } from './refused.ts';
import { noContent, type Outcome, ok } from './respond.ts';
import { type Route, route } from './route.ts';
import { wireUser } from './wire-users.ts';

interface Target {
  readonly owner: OwnerKey;
  readonly channelId: Snowflake;
  readonly messageId: Snowflake;
}

async function target(call: Call): Promise<Target> {
  const [channelId, messageId] = [call.id('channelId'), call.id('messageId')];
  return { channelId, messageId, owner: await call.edge.owners.of(channelId) };
}

/** The text of a unicode emoji or `name:id`; some clients put `a:` in front of those that move. */
const emojiOf = (call: Call): string => call.param('emoji').replace(/^a:(?=\w+:\d+$)/, '');

async function addMyMessageReaction(call: Call): Promise<Outcome> {
  const { owner, ...where } = await target(call);
  await call.ask(owner, { kind: 'addReaction', by: call.by, ...where, emoji: emojiOf(call) });
  return noContent;
}

async function deleteMyMessageReaction(call: Call): Promise<Outcome> {
  const { owner, ...where } = await target(call);
  await call.ask(owner, { kind: 'removeReaction', by: call.by, ...where, emoji: emojiOf(call), userId: call.userId });
  return noContent;
}

async function deleteUserMessageReaction(call: Call): Promise<Outcome> {
  const { owner, ...where } = await target(call);
  const userId = call.id('userId');
  await call.ask(owner, { kind: 'removeReaction', by: call.by, ...where, emoji: emojiOf(call), userId });
  return noContent;
}

async function deleteAllMessageReactions(call: Call): Promise<Outcome> {
  const { owner, ...where } = await target(call);
  await call.ask(owner, { kind: 'clearReactions', by: call.by, ...where, emoji: null });
  return noContent;
}

async function deleteAllMessageReactionsByEmoji(call: Call): Promise<Outcome> {
  const { owner, ...where } = await target(call);
  await call.ask(owner, { kind: 'clearReactions', by: call.by, ...where, emoji: emojiOf(call) });
  return noContent;
}

/** `type=1` asks for burst reactions, of which there are none. */
async function listMessageReactionsByEmoji(call: Call): Promise<Outcome> {
  const messageId = call.id('messageId');
  const limit = call.query.integer('limit', 1, 100, 25);
  const after = call.query.snowflake('after');
  const { owner, channelId, generation, history } = await mayRead(call);
  if (!history) throw refused('missingAccess');
  const of = { channelId, generation, id: messageId };
  const message = await readShared(call, owner, { what: 'message', bare: false, ...of });
  if (message.json === null) throw refused('unknownMessage');
  if (call.query.text('type') === '1') return ok([]);
  const reactors = await readShared(call, owner, { what: 'reactors', ...of, emoji: emojiOf(call), after, limit });
  const ids = reactors.json === null ? [] : decodeBody<readonly Snowflake[]>(reactors.json);
  return ok((await call.edge.deps.reads.users.many(ids)).map(wireUser));
}

const MESSAGE = '/channels/:channelId/messages/:messageId/reactions';

export const reactionRoutes: readonly Route[] = [
  route('PUT', `${MESSAGE}/:emoji/@me`, addMyMessageReaction, { rate: 'reactions' }),
  route('DELETE', `${MESSAGE}/:emoji/@me`, deleteMyMessageReaction, { rate: 'reactions' }),
  route('DELETE', `${MESSAGE}/:emoji/:userId`, deleteUserMessageReaction, { rate: 'reactions' }),
  route('GET', `${MESSAGE}/:emoji`, listMessageReactionsByEmoji),
  route('DELETE', `${MESSAGE}/:emoji`, deleteAllMessageReactionsByEmoji),
  route('DELETE', MESSAGE, deleteAllMessageReactions),
];
