/** Where clients find the gateway (docs/events/gateway). */
import type { Call } from './call.ts';
import { type Outcome, ok } from './respond.ts';
import { type Route, route } from './route.ts';

/** Every library waits five seconds per identify of one bucket (`shard % max_concurrency`); 16 lets small fleets start at once (wire-rules.md, fields). */
const MAX_CONCURRENCY = 16;
const STARTS = 100_000;

/** No trailing slash, no query: clients append their own (wire-rules.md rule 9). */
const gatewayUrl = (call: Call): string => call.origin.replace(/^http/, 'ws');

async function getGateway(call: Call): Promise<Outcome> {
  return ok({ url: gatewayUrl(call) });
}

async function getBotGateway(call: Call): Promise<Outcome> {
  const session_start_limit = { total: STARTS, remaining: STARTS, reset_after: 0, max_concurrency: MAX_CONCURRENCY };
  return ok({ url: gatewayUrl(call), shards: 1, session_start_limit });
}

export const gatewayRoutes: readonly Route[] = [
  route('GET', '/gateway', getGateway, { who: 'anyone', counted: 'here' }),
  route('GET', '/gateway/bot', getBotGateway, { counted: 'here' }),
];
