/** Messages of a channel (docs/resources/message). */
import { Fault } from '../protocol/errors.ts';
import type { OwnerKey, Snowflake } from '../protocol/ids.ts';
import type { Edited, MayRead } from '../protocol/reads.ts';
import type { StoredMessage } from '../protocol/records.ts';
import type { Call } from './call.ts';
import { draftOf, patchOf, type Uploaded } from './message-draft.ts';
import { readerOf, visible, type WireMessage } from './message-wire.ts';
import { readAs } from './read-as.ts';
import { refused } from './refused.ts';
import { answerEncoded, noContent, type Outcome, ok } from './respond.ts';
import { type Route, route } from './route.ts';
import { bulkDelete } from './schemas.ts';
import { removeFiles } from './tidy-up.ts';
import { withForm } from './uploads.ts';

const READ_MESSAGE_HISTORY = 1n << 16n;
const NO_MESSAGES = new TextEncoder().encode('[]');

/** The owner's word that this reader may read, and the generation that reads of the channel are shared under. */
export async function mayRead(call: Call): Promise<{
  readonly owner: OwnerKey;
  readonly channelId: Snowflake;
  readonly generation: string | null;
  readonly history: boolean;
}> {
  const channelId = call.id('channelId');
  const owner = await call.edge.owners.of(channelId);
  const said = await call.read<MayRead>(owner, { ask: 'mayRead', by: call.userId, channelId });
  const history = (BigInt(said.permissions) & READ_MESSAGE_HISTORY) !== 0n;
  return { owner, channelId, generation: said.generation, history };
}

async function listMessages(call: Call): Promise<Outcome | Response> {
  const { query } = call;
  const limit = query.integer('limit', 1, 100, 50);
  const [around, before, after] = [query.snowflake('around'), query.snowflake('before'), query.snowflake('after')];
  const { owner, channelId, generation, history } = await mayRead(call);
  if (!history) return ok([]);
  const page = { limit, around, before: around ? null : before, after: around || before ? null : after };
  const json = await readAs(call, owner, (bare) => ({ what: 'page', channelId, generation, bare, ...page }));
  return answerEncoded(json ?? NO_MESSAGES);
}

async function getMessage(call: Call): Promise<Response> {
  const id = call.id('messageId');
  const { owner, channelId, generation, history } = await mayRead(call);
  if (!history) throw refused('missingAccess');
  const json = await readAs(call, owner, (bare) => ({ what: 'message', channelId, generation, bare, id }));
  if (json === null) throw refused('unknownMessage');
  return answerEncoded(json);
}

async function createMessage(call: Call): Promise<Outcome> {
  const channelId = call.id('channelId');
  const owner = await call.edge.owners.of(channelId);
  return withForm(call, owner, channelId, async (body, uploaded) => {
    const draft = draftOf(body, uploaded, call.account.kind === 'person');
    const message = await call.ask<StoredMessage>(owner, { kind: 'createMessage', by: call.by, channelId, draft });
    await removeFiles(call, [{ channelId, ids: unshown(message, uploaded) }]);
    return ok(visible(message, readerOf(call.account, owner)));
  });
}

/** Said twice with one nonce, it is one message, with the files of the first time. */
const unshown = ({ attachments }: StoredMessage, uploaded: readonly Uploaded[]): Snowflake[] =>
  uploaded.map(({ attachment }) => attachment.id).filter((id) => !attachments.some((shown) => shown.id === id));

async function updateMessage(call: Call): Promise<Outcome> {
  const [channelId, messageId] = [call.id('channelId'), call.id('messageId')];
  const owner = await call.edge.owners.of(channelId);
  return withForm(call, owner, channelId, async (body, uploaded) => {
    const patch = patchOf(body, uploaded);
    const edit = { kind: 'editMessage', by: call.by, channelId, messageId, patch } as const;
    const { message, gone } = await call.ask<Edited<StoredMessage>>(owner, edit);
    await removeFiles(call, [{ channelId, ids: gone }]);
    return ok(visible(message, readerOf(call.account, owner)));
  });
}

async function deleteMessage(call: Call): Promise<Outcome> {
  const [channelId, messageId] = [call.id('channelId'), call.id('messageId')];
  const owner = await call.edge.owners.of(channelId);
  const gone = await call.ask<readonly Snowflake[]>(owner, {
    kind: 'deleteMessage',
    by: call.by,
    channelId,
    messageId,
  });
  return withoutFiles(call, channelId, gone);
}

async function bulkDeleteMessages(call: Call): Promise<Outcome> {
  const channelId = call.id('channelId');
  const { messages } = await call.body(bulkDelete);
  const ids = [...new Set(messages)];
  if (messages.length < 2 || messages.length > 100) throw refused('bulkDeleteCount');
  const owner = await call.edge.owners.of(channelId);
  const gone = await call.ask<readonly Snowflake[]>(owner, { kind: 'bulkDelete', by: call.by, channelId, ids });
  return withoutFiles(call, channelId, gone);
}

async function withoutFiles(call: Call, channelId: Snowflake, attachments: readonly Snowflake[]): Promise<Outcome> {
  await removeFiles(call, [{ channelId, ids: attachments }]);
  return noContent;
}

async function crosspostMessage(call: Call): Promise<Outcome> {
  const [channelId, messageId] = [call.id('channelId'), call.id('messageId')];
  const owner = await call.edge.owners.of(channelId);
  const message = await call.ask<WireMessage>(owner, { kind: 'crosspost', by: call.by, channelId, messageId });
  return ok(visible(message, readerOf(call.account, owner)));
}

async function triggerTypingIndicator(call: Call): Promise<Outcome> {
  const channelId = call.id('channelId');
  try {
    await call.ask(await call.edge.owners.of(channelId), { kind: 'typing', by: call.by, channelId });
  } catch (error) {
    // It may be left undone, and nobody need hear of it.
    if (!(error instanceof Fault && error.code === 'shed')) throw error;
  }
  return noContent;
}

export const messageRoutes: readonly Route[] = [
  route('GET', '/channels/:channelId/messages', listMessages),
  route('POST', '/channels/:channelId/messages', createMessage, { rate: 'messages', urgency: 'message' }),
  route('POST', '/channels/:channelId/messages/bulk-delete', bulkDeleteMessages),
  route('GET', '/channels/:channelId/messages/:messageId', getMessage),
  route('PATCH', '/channels/:channelId/messages/:messageId', updateMessage),
  route('DELETE', '/channels/:channelId/messages/:messageId', deleteMessage),
  route('POST', '/channels/:channelId/messages/:messageId/crosspost', crosspostMessage),
  route('POST', '/channels/:channelId/typing', triggerTypingIndicator, { urgency: 'typing' }),
];
