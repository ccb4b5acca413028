/** What an operator's programs ask over HTTP, before the API is asked: /metrics and /health; and what a person finds who opens the address in a browser. */
import type { Config } from './config.ts';
import type { Health } from './health.ts';

export interface WatchOptions {
  readonly metrics: Config['metrics'];
  readonly printMetrics: () => Promise<string>;
  readonly checkHealth: () => Promise<Health>;
}

const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
const PATH = /^https?:\/\/[^/]+\/(metrics|health|)(?:\?(.*))?$/;
const LOOPBACK = /^(?:127\.|::1$|::ffff:127\.)/;
/** A proxy on this machine asks for others. */
const PROXIED = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'];

/** Null: not asked for. Never rejects. `ip`: the address of the peer. */
export function watch(request: Request, ip: string, options: WatchOptions): Promise<Response> | Response | null {
  const [, path, query = ''] = PATH.exec(request.url) ?? [];
  if (path === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) return null;
  if (path === '') return greet();
  if (path === 'health') return isLiveOnly(query) ? json(200, { status: 'ok' }) : answerHealth(options);
  return mayRead(request, ip, options.metrics) ? answerMetrics(options) : null;
}

function mayRead({ headers }: Request, ip: string, metrics: Config['metrics']): boolean {
  if (metrics !== 'local') return metrics === 'on';
  return LOOPBACK.test(ip) && !PROXIED.some((name) => headers.has(name));
}

/** Of the version only the command line tells. */
const GREETING = `Guildhall, a chat server that speaks Discord's protocol.

The API lies below /api/v10; /api/v10/gateway says where the gateway is. /health says how it is.

A bot or a client is pointed here by this address; the README of Guildhall says how.
`;

const greet = (): Response => new Response(GREETING, { headers: { 'content-type': 'text/plain; charset=utf-8' } });

async function answerMetrics({ printMetrics }: WatchOptions): Promise<Response> {
  try {
    return new Response(await printMetrics(), {
      headers: { 'content-type': METRICS_TYPE, 'cache-control': 'no-store' },
    });
  } catch {
    return json(503, { status: 'overloaded' });
  }
}

/** `?live=1`: this worker answers, and nothing more is asked. */
const isLiveOnly = (query: string): boolean => new URLSearchParams(query).get('live') === '1';

async function answerHealth({ checkHealth }: WatchOptions): Promise<Response> {
  const health = await checkHealth();
  return json(health.status === 'ok' ? 200 : 503, health);
}

function json(status: number, body: unknown): Response {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  return new Response(JSON.stringify(body), { status, headers });
}
