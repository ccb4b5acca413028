/** Pinned messages, by the routes of today and by those that older libraries know (docs/resources/message). */
import type { Call } from './call.ts';
import { asSeen, mayRead } from './messages.ts';
import { refusedField } from './refused.ts';
import { noContent, type Outcome, ok } from './respond.ts';
import { type Route, route } from './route.ts';

/** Newest first; `before` is a time. */
async function listPins(call: Call): Promise<Outcome> {
  const limit = call.query.integer('limit', 1, 50, 50);
  const before = timeOf(call);
  const { owner, channelId, history } = await mayRead(call);
  if (!history) return ok({ items: [], has_more: false });
  const pins = (await call.edge.deps.store.pins(channelId)).filter(({ pinnedAt }) => Date.parse(pinnedAt) < before);
  const shown = pins.slice(0, limit);
  const messages = await asSeen(
    call,
    owner,
    channelId,
    shown.map(({ message }) => message),
  );
  const items = shown.map(({ pinnedAt }, index) => ({ pinned_at: pinnedAt, message: messages[index] }));
  return ok({ items, has_more: pins.length > limit });
}

function timeOf(call: Call): number {
  const text = call.query.text('before');
  if (text === null) return Number.POSITIVE_INFINITY;
  const time = Date.parse(text);
  if (!Number.isNaN(time)) return time;
  throw refusedField(['before'], 'DATE_TIME_TYPE_PARSE', `Could not parse ${text.slice(0, 50)}. Should be ISO8601.`);
}

async function deprecatedListPins(call: Call): Promise<Outcome> {
  const { owner, channelId, history } = await mayRead(call);
  if (!history) return ok([]);
  const pins = await call.edge.deps.store.pins(channelId);
  return ok(
    await asSeen(
      call,
      owner,
      channelId,
      pins.map(({ message }) => message),
    ),
  );
}

async function change(call: Call, kind: 'pin' | 'unpin'): Promise<Outcome> {
  const [channelId, messageId] = [call.id('channelId'), call.id('messageId')];
  await call.ask(await call.edge.owners.of(channelId), { kind, by: call.by, channelId, messageId });
  return noContent;
}

const createPin = (call: Call): Promise<Outcome> => change(call, 'pin');
const deletePin = (call: Call): Promise<Outcome> => change(call, 'unpin');

export const pinRoutes: readonly Route[] = [
  route('GET', '/channels/:channelId/messages/pins', listPins),
  route('PUT', '/channels/:channelId/messages/pins/:messageId', createPin),
  route('DELETE', '/channels/:channelId/messages/pins/:messageId', deletePin),
  route('GET', '/channels/:channelId/pins', deprecatedListPins),
  route('PUT', '/channels/:channelId/pins/:messageId', createPin),
  route('DELETE', '/channels/:channelId/pins/:messageId', deletePin),
];
