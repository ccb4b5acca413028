/** Where clients find the gateway (docs/events/gateway). */
import { startsInAll } from '../protocol/bot-starts.ts';
import { Fault } from '../protocol/errors.ts';
import { userKey } from '../protocol/ids.ts';
import type { RateNumbers } from '../protocol/links.ts';
import type { Call } from './call.ts';
import { type Outcome, ok } from './respond.ts';
import { type Route, route } from './route.ts';

/** No trailing slash, no query: clients append their own (wire-rules.md rule 9). */
const gatewayUrl = (call: Call): string => call.origin.replace(/^http/, 'ws');

async function getGateway(call: Call): Promise<Outcome> {
  return ok({ url: gatewayUrl(call) });
}

async function getBotGateway(call: Call): Promise<Outcome> {
  // Every library waits five seconds per identify of one bucket, `shard % max_concurrency` (wire-rules.md, fields).
  const { botStarts: max_concurrency } = call.edge.deps.limits;
  const { limit: total, remaining, resetAfterMs: reset_after } = await startsOf(call);
  return ok({
    url: gatewayUrl(call),
    shards: 1,
    session_start_limit: { total, remaining, reset_after, max_concurrency },
  });
}

/** Looked at, not counted. An owner who cannot be asked keeps nobody from connecting. */
async function startsOf({ edge, userId }: Call): Promise<RateNumbers> {
  const { clock, directory, limits } = edge.deps;
  const rate = { ...startsInAll(userId, limits), peek: true } as const;
  const untouched = { limit: rate.limit, remaining: rate.limit, resetAfterMs: 0 };
  if (edge.config.rateLimits === null) return untouched;
  try {
    const answer = await directory.read(
      userKey(userId),
      { ask: 'self' },
      { deadline: clock.now() + limits.askMs, rate },
    );
    return answer.rate ?? untouched;
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return untouched;
  }
}

export const gatewayRoutes: readonly Route[] = [
  route('GET', '/gateway', getGateway, { who: 'anyone', counted: 'here' }),
  route('GET', '/gateway/bot', getBotGateway, { counted: 'here' }),
];
