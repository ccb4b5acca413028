/** Where clients find the gateway (docs/events/gateway). */
import type { Call } from './call.ts';
import { type Outcome, ok } from './respond.ts';
import { type Route, route } from './route.ts';

const STARTS = 100_000;

/** No trailing slash, no query: clients append their own (wire-rules.md rule 9). */
const gatewayUrl = (call: Call): string => call.origin.replace(/^http/, 'ws');

async function getGateway(call: Call): Promise<Outcome> {
  return ok({ url: gatewayUrl(call) });
}

async function getBotGateway(call: Call): Promise<Outcome> {
  // Every library waits five seconds per identify of one bucket, `shard % max_concurrency` (wire-rules.md, fields).
  const { botStarts: max_concurrency } = call.edge.deps.limits;
  const session_start_limit = { total: STARTS, remaining: STARTS, reset_after: 0, max_concurrency };
  return ok({ url: gatewayUrl(call), shards: 1, session_start_limit });
}

export const gatewayRoutes: readonly Route[] = [
  route('GET', '/gateway', getGateway, { who: 'anyone', counted: 'here' }),
  route('GET', '/gateway/bot', getBotGateway, { counted: 'here' }),
];
