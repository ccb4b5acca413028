/** The HTTP edge: routes, authentication, rate limits and the shape of every answer. Knows no resource by itself. */
import { Hono } from 'hono';
import { counter, type Family, gauge } from '../base/metrics.ts';
import type { Account } from '../protocol/accounts.ts';
import { Fault, refuse } from '../protocol/errors.ts';
import type { RateClaim, RateNumbers } from '../protocol/links.ts';
import { Call } from './call.ts';
import { serveCdn } from './cdn.ts';
import { countHere, Overrun } from './count-here.ts';
import type { Rate, RestDeps } from './deps.ts';
import { Edge } from './edge.ts';
import { networkOf } from './network-of.ts';
import { refused } from './refused.ts';
import { answer, answerError, answerPreflight, answerRefusal, noContent, setCors, setRateHeaders } from './respond.ts';
import { bucketName, type Method, type Route } from './route.ts';
import { ABSENT, ROUTES } from './routes.ts';

export interface Rest {
  /** Never rejects. `ip`: the address of the peer, as the server trusts it. */
  handle(request: Request, info: RequestInfo): Promise<Response>;
  /** What this room has counted. */
  measure(): Family[];
}

export interface RequestInfo {
  readonly ip: string;
}

interface Environment {
  readonly Bindings: { readonly ip: string };
}

const METHODS: readonly Method[] = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
/** Classes of answers that are printed as 0 before the first of them. */
const STATUSES = ['2xx', '4xx', '5xx'];
const API = /^\/api(\/v(9|10))?(?=\/)/;

/** Without a limit headers still say something that no client ever waits for. */
const UNLIMITED: Rate = { limit: 1_000_000, windowMs: 1000 };

export function createRest(deps: RestDeps): Rest {
  const edge = new Edge(deps);
  const app = new Hono<Environment>({ getPath: (request) => routeOf(request) });
  const absent = (): Response => counted(edge, 'none', answerRefusal(refuse('notFound')));
  for (const path of ABSENT) app.all(path, absent);
  for (const each of ROUTES) {
    for (const status of STATUSES) edge.requests.add(`${each.method} ${each.path}|${status}`, 0);
    app.on(each.method, each.path, (c) =>
      run(edge, each, c.req.raw, c.req.param() as Record<string, string>, c.env.ip),
    );
  }
  app.notFound((c) => {
    const path = routeOf(c.req.raw);
    const known = METHODS.some((method) => app.router.match(method, path)[0].length > 0);
    return known ? counted(edge, 'none', answerRefusal(refuse('methodNotAllowed'))) : absent();
  });
  app.onError((error) => counted(edge, 'none', answerError(error, deps.report)));
  let inHand = 0;
  const respond = async (request: Request, info: RequestInfo): Promise<Response> => {
    if (inHand >= deps.limits.requests) return counted(edge, 'none', answerRefusal(refuse('overloaded')));
    inHand++;
    try {
      return await dispatch(edge, app, request, info);
    } catch (error) {
      return counted(edge, 'none', answerError(error, deps.report));
    } finally {
      inHand--;
    }
  };
  // A browser's client must be able to read every answer, the refusals too.
  const handle = async (request: Request, info: RequestInfo): Promise<Response> => {
    const response = await respond(request, info);
    setCors(response.headers);
    return response;
  };
  return { handle, measure: () => families(edge, inHand) };
}

function families({ requests, reads, deps, uploads }: Edge, inHand: number): Family[] {
  return [
    counter(
      'guildhall_http_requests_total',
      'Answers, by route and class of status.',
      requests.entries,
      'route|status',
    ),
    gauge('guildhall_http_requests_in_hand', 'Requests that wait for their answer.', inHand),
    gauge('guildhall_uploads', 'Uploads that stream.', uploads),
    ...reads.measure(),
    ...deps.reads.shared.measure(),
    ...deps.reads.users.measure(),
  ];
}

/** Of all answers that no route gave, the route is `none`. */
function counted(edge: Edge, route: string, response: Response): Response {
  edge.requests.add(`${route}|${Math.floor(response.status / 100)}xx`);
  return response;
}

/** Below the version. Some URL libraries write `@me` with an escape. */
const routeOf = (request: Request): string => pathOf(request).replace(API, '').replaceAll('%40me', '@me');

/** A request's own url is normal already: cutting it is a tenth of parsing it. Without a Host (HTTP/1.0) it is the path alone. */
function pathOf({ url }: Request): string {
  const start = url.startsWith('/') ? 0 : url.indexOf('/', url.indexOf('//') + 2);
  const end = url.indexOf('?', start);
  return end === -1 ? url.slice(start) : url.slice(start, end);
}

async function dispatch(edge: Edge, app: Hono<Environment>, request: Request, info: RequestInfo): Promise<Response> {
  if (request.method === 'OPTIONS') return counted(edge, 'preflight', answerPreflight());
  const path = pathOf(request);
  if (API.test(path)) return app.fetch(request, { ip: info.ip });
  return counted(edge, 'files', (await serveCdn(edge.deps.files, request, path)) ?? answerRefusal(refuse('notFound')));
}

async function run(
  edge: Edge,
  each: Route,
  request: Request,
  params: Readonly<Record<string, string>>,
  ip: string,
): Promise<Response> {
  const { deps } = edge;
  const bucket = bucketName(each, params);
  const rate = deps.config.rateLimits?.[each.rate] ?? UNLIMITED;
  let call: Call | null = null;
  let local: RateNumbers | null = null;
  let response: Response;
  try {
    const isShed = refuseIfOverloaded(edge, each, rate);
    const account = isShed ? null : await whoCalls(edge, each, request, ip);
    const user = account?.record.user.id ?? ip;
    local = each.counted === 'here' && !isShed ? countHere(edge, `${bucket} ${user}`, rate) : null;
    const limited = deps.config.rateLimits !== null && each.counted === 'owner' && account !== null;
    const claim: RateClaim | null = limited ? { bucket, user, ...rate } : null;
    const maxBodyBytes = each.maxBodyBytes ?? deps.limits.bodyBytes;
    call = new Call({ edge, request, params, ip, account, claim, maxBodyBytes });
    const outcome = isShed ? noContent : await each.handle(call);
    response = outcome instanceof Response ? outcome : answer(outcome);
  } catch (error) {
    const overrun = overrunOf(error, edge, rate);
    local = overrun?.numbers ?? local;
    response = overrun ? answerRefusal(overrun.refusal, overrun.scope) : answerError(error, deps.report);
  }
  const numbers = call?.rate ?? local ?? { limit: rate.limit, remaining: rate.limit - 1, resetAfterMs: rate.windowMs };
  setRateHeaders(response.headers, { bucket, numbers }, deps.clock.now());
  return counted(edge, `${each.method} ${each.path}`, response);
}

/** An owner that has too much to do is heard as a worker that has: when it will have less, neither knows. Null: it is something else. */
function overrunOf(error: unknown, { deps }: Edge, rate: Rate): Overrun | null {
  if (error instanceof Overrun) return error;
  return error instanceof Fault && error.code === 'shed' ? shedNow(deps, rate) : null;
}

/** Spread, or they would all come back at once. */
function shedNow({ limits, random }: RestDeps, { limit }: Rate): Overrun {
  const { shedMinMs, shedMaxMs } = limits;
  const resetAfterMs = Math.round(shedMinMs + random.unit() * (shedMaxMs - shedMinMs));
  return new Overrun({ limit, remaining: 0, resetAfterMs }, 'shared');
}

/** Before anything is looked up: what is refused costs nothing. True: it may be left undone, and nobody need hear of it. */
function refuseIfOverloaded({ deps }: Edge, { urgency }: Route, rate: Rate): boolean {
  if (!deps.load.sheds(urgency)) return false;
  if (urgency === 'typing') return true;
  throw shedNow(deps, rate);
}

/** 401 only for a token that is missing or wrong (wire-rules.md rule 14). An address that guesses tokens is slowed down before it costs a read. */
async function whoCalls(edge: Edge, each: Route, request: Request, ip: string): Promise<Account | null> {
  const { limits } = edge.deps;
  const strangers = { limit: limits.strangerRequests, windowMs: 1000 };
  if (each.who === 'anyone') {
    countHere(edge, `address ${networkOf(ip)}`, strangers, 'global');
    return null;
  }
  const token = tokenOf(request);
  const account = token === null ? null : await knownAccount(edge, token, ip, strangers);
  if (account === null) throw refused('unauthorized');
  countHere(edge, `token ${account.record.user.id}`, { limit: limits.globalRequests, windowMs: 1000 }, 'global');
  if (each.who === 'bot' && account.kind !== 'bot') throw refused('botsOnly');
  if (each.who === 'person' && account.kind !== 'person') throw refused('botsForbidden');
  return account;
}

async function knownAccount(edge: Edge, token: string, ip: string, strangers: Rate): Promise<Account | null> {
  const { deps } = edge;
  // Behind one proxy all have one address: who guesses there locks nobody out who is known.
  const known = deps.recall(token);
  if (known !== null) return known;
  const wrong = `wrong token ${networkOf(ip)}`;
  if (deps.config.rateLimits !== null && edge.buckets.isFull(wrong, strangers, deps.clock.now())) {
    throw new Overrun({ limit: strangers.limit, remaining: -1, resetAfterMs: strangers.windowMs }, 'global');
  }
  const account = await deps.authenticate(token);
  if (account === null) edge.buckets.hit(wrong, strangers, deps.clock.now());
  return account;
}

/** `Bot x`, `Bearer x`, or the token alone as people's clients send it. */
function tokenOf(request: Request): string | null {
  const header = request.headers.get('authorization')?.trim();
  if (!header) return null;
  const token = header.replace(/^(Bot|Bearer)\s+/i, '');
  return token.length > 0 && token.length <= 512 && !/\s/.test(token) ? token : null;
}
