/** Pinned messages, by the routes of today and by those that older libraries know (docs/resources/message). */
import type { Call } from './call.ts';
import { mayRead } from './messages.ts';
import { readAs } from './read-as.ts';
import { refusedField } from './refused.ts';
import { answerEncoded, noContent, type Outcome, ok } from './respond.ts';
import { type Route, route } from './route.ts';

const NO_PINS = { items: [], has_more: false };

/** Newest first; `before` is a time. */
async function listPins(call: Call): Promise<Outcome | Response> {
  const limit = call.query.integer('limit', 1, 50, 50);
  const before = timeOf(call);
  const { owner, channelId, generation, history } = await mayRead(call);
  if (!history) return ok(NO_PINS);
  const which = { channelId, generation, form: 'items', limit, before } as const;
  const json = await readAs(call, owner, (bare) => ({ what: 'pins', bare, ...which }));
  return json === null ? ok(NO_PINS) : answerEncoded(json);
}

function timeOf(call: Call): number | null {
  const text = call.query.text('before');
  if (text === null) return null;
  const time = Date.parse(text);
  if (!Number.isNaN(time)) return time;
  throw refusedField(['before'], 'DATE_TIME_TYPE_PARSE', `Could not parse ${text.slice(0, 50)}. Should be ISO8601.`);
}

async function deprecatedListPins(call: Call): Promise<Outcome | Response> {
  const { owner, channelId, generation, history } = await mayRead(call);
  if (!history) return ok([]);
  const which = { channelId, generation, form: 'list', limit: Number.MAX_SAFE_INTEGER, before: null } as const;
  const json = await readAs(call, owner, (bare) => ({ what: 'pins', bare, ...which }));
  return json === null ? ok([]) : answerEncoded(json);
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
