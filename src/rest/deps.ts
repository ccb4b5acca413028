/** What the HTTP edge is given by the composition root. */
import type { Directory } from '../actor/directory.ts';
import type { Load } from '../actor/pressure.ts';
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { Account, Authenticate } from '../protocol/accounts.ts';
import type { StartLimits } from '../protocol/bot-starts.ts';
import type { Snowflake } from '../protocol/ids.ts';
import type { TokenRecord } from '../protocol/records.ts';
import type { GuildsPort, MessagesPort, UsersPort } from '../store/ports.ts';
import type { FetchRead } from './asked-reads.ts';
import type { Files } from './files.ts';
import type { ReadLimits, Reads } from './open-reads.ts';

/** Makes tokens of the form `base64(user id).x.y` (wire-rules.md rule 11). The text is shown once; only the record is stored. */
export interface Tokens {
  make(user: Snowflake, kind: TokenRecord['kind']): { readonly token: string; readonly record: TokenRecord };
  /** What is stored of a token whose text was chosen elsewhere (a seed). */
  record(text: string, user: Snowflake, kind: TokenRecord['kind']): TokenRecord;
}

/** Bounded: rejects with Fault `overloaded` when too many wait, and with `lost` for whoever leaves (`signal`) before his turn. */
export interface Passwords {
  hash(text: string): Promise<string>;
  /** Null: nobody's; takes as long as a wrong password. */
  verify(text: string, stored: string | null, signal?: AbortSignal): Promise<boolean>;
}

/** So many requests in so many milliseconds. */
export interface Rate {
  readonly limit: number;
  readonly windowMs: number;
}

export interface RateLimits {
  readonly ordinary: Rate;
  /** POST /channels/{id}/messages */
  readonly messages: Rate;
  readonly reactions: Rate;
}

export const GENEROUS: RateLimits = {
  ordinary: { limit: 100, windowMs: 1000 },
  messages: { limit: 100, windowMs: 1000 },
  reactions: { limit: 100, windowMs: 1000 },
};

/** `on`: generous. A number: so many requests a second on every route. */
export function rateLimitsOf(setting: 'on' | 'off' | number): RateLimits | null {
  if (typeof setting === 'string') return setting === 'on' ? GENEROUS : null;
  const rate = { limit: setting, windowMs: 1000 };
  return { ordinary: rate, messages: rate, reactions: rate };
}

export interface RestConfig {
  /** `https://chat.example`, without a trailing slash; null: the Host of each request says it. */
  readonly publicUrl: string | null;
  /** `invite`: who registers names an invite that works. */
  readonly registration: 'open' | 'invite' | 'closed';
  /** Null: nobody is limited. */
  readonly rateLimits: RateLimits | null;
}

/** The numbers of `src/limits.ts` that this room keeps to. */
export interface RestLimits extends ReadLimits, StartLimits {
  readonly askMs: number;
  readonly bodyBytes: number;
  readonly bodyMs: number;
  readonly multipartBytes: number;
  readonly uploadMs: number;
  readonly fileBytes: number;
  readonly files: number;
  readonly uploads: number;
  readonly requests: number;
  readonly shedMinMs: number;
  readonly shedMaxMs: number;
  readonly buckets: number;
  readonly globalRequests: number;
  readonly strangerRequests: number;
  readonly logins: number;
  readonly loginsOfName: number;
  readonly loginWindowMs: number;
  readonly registrations: number;
  readonly registrationWindowMs: number;
  readonly channelCache: number;
}

export interface RestDeps {
  readonly directory: Directory;
  readonly load: Load;
  readonly store: GuildsPort & UsersPort & Pick<MessagesPort, 'page'>;
  readonly reads: Reads;
  /** Asks the worker of a channel's owner for a shared read. */
  readonly fetchRead: FetchRead;
  readonly authenticate: Authenticate;
  /** The account of a token that this worker remembers, without a read. */
  readonly recall: (token: string) => Account | null;
  readonly tokens: Tokens;
  readonly passwords: Passwords;
  readonly clock: Clock;
  readonly random: Random;
  readonly mint: () => Snowflake;
  readonly config: RestConfig;
  readonly limits: RestLimits;
  readonly files: Files;
  /** Hears of every error that became a 500: a bug, or a fault with its cause. */
  readonly report: (error: unknown) => void;
}
