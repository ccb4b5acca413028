/** How a resource file declares its operations. */
import type { Urgency } from '../protocol/urgency.ts';
import type { Call } from './call.ts';
import type { RateLimits } from './deps.ts';
import type { Outcome } from './respond.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
export type Handler = (call: Call) => Promise<Outcome | Response>;

export interface Route {
  readonly method: Method;
  /** Hono path below `/api/v10`. */
  readonly path: string;
  readonly handle: Handler;
  /** Who may call it at all. */
  readonly who: 'anyone' | 'account' | 'bot' | 'person';
  readonly rate: keyof RateLimits;
  /** `owner`: counted by the owner that the handler asks first. `here`: by this worker, before the handler runs. */
  readonly counted: 'owner' | 'here';
  /** When it is shed. */
  readonly urgency: Urgency;
  /** Of a JSON body; null: the room's own bound. */
  readonly maxBodyBytes: number | null;
}

type Options = Partial<Omit<Route, 'method' | 'path' | 'handle'>>;

export function route(method: Method, path: string, handle: Handler, options: Options = {}): Route {
  const usual = {
    who: 'account',
    rate: 'ordinary',
    counted: 'owner',
    urgency: 'ordinary',
    maxBodyBytes: null,
  } as const;
  return { method, path, handle, ...usual, ...options };
}

const MAJORS = ['channelId', 'guildId', 'applicationId'];

/** Names method, route and major id. Discord's buckets are per major parameter (docs/topics/rate-limits). What is no id makes no bucket of its own. */
export function bucketName({ method, path }: Route, params: Readonly<Record<string, string>>): string {
  const major = MAJORS.map((name) => params[name]).find((value) => value !== undefined) ?? '';
  if (!/^\d{1,20}$/.test(major)) return `${method} ${path}`;
  return `${method} ${path} ${major}`;
}
