/** The HTTP edge over a directory that records what it is asked and answers what a test says. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Directory } from '../../src/actor/directory.ts';
import { type Load, NO_LOAD } from '../../src/actor/pressure.ts';
import type { Clock } from '../../src/base/clock.ts';
import { type Random, seededRandom } from '../../src/base/random.ts';
import type { Account } from '../../src/protocol/accounts.ts';
import type { Command, Question } from '../../src/protocol/commands.ts';
import type { Reply } from '../../src/protocol/decision.ts';
import type { OwnerKey, Snowflake } from '../../src/protocol/ids.ts';
import type { Answer, Control, RateClaim } from '../../src/protocol/links.ts';
import type { ApplicationRecord, PublicUser, UserRecord } from '../../src/protocol/records.ts';
import { Mint } from '../../src/protocol/snowflake.ts';
import { GENEROUS, type RestConfig, type RestDeps, type RestLimits } from '../../src/rest/deps.ts';
import { Files } from '../../src/rest/files.ts';
import { openReads } from '../../src/rest/open-reads.ts';
import { createRest } from '../../src/rest/rest.ts';
import { gatherSingles } from '../../src/store/gathered.ts';
import type { MessagesPort } from '../../src/store/ports.ts';

export const NOW = 1_760_000_000_000;
export const GUILD = '1100000000000000001';
export const CHANNEL = '1100000000000000002';
export const DM = '1100000000000000003';
export const BOT = '1100000000000000010';
export const ANNA = '1100000000000000011';

export interface Asked {
  readonly to: OwnerKey;
  readonly said: Command | Question;
  readonly rate: RateClaim | null;
  readonly commandId: string | null;
}

/** Answers by the name of the command or question. */
export type Replies = Record<string, (said: never, to: OwnerKey) => Reply | Promise<Reply>>;

export class FakeDirectory implements Directory {
  readonly self = '0.1';
  readonly asked: Asked[] = [];
  readonly controls: Control[] = [];
  replies: Replies = {};
  numbers: Answer['rate'] = null;

  ask: Directory['ask'] = (to, command, { rate, commandId }) => {
    this.asked.push({ to, said: command, rate, commandId });
    return this.#answer(command.kind, command, to);
  };

  read: Directory['read'] = (to, question, { rate }) => {
    this.asked.push({ to, said: question, rate, commandId: null });
    return this.#answer(question.ask, question, to);
  };

  async #answer(name: string, said: Command | Question, to: OwnerKey): Promise<Answer> {
    const reply = this.replies[name];
    if (reply === undefined) throw new Error(`the test says nothing about ${name}`);
    return { reply: await reply(said as never, to), rate: this.numbers };
  }

  tell(): void {}
  interest(): void {}
  residence(): void {}
  async control(control: Control): Promise<void> {
    this.controls.push(control);
  }
  workers = () => ['0.1'];

  /** What was said under this name, in order. */
  named<T = Record<string, unknown>>(name: string): T[] {
    const of = this.asked.filter(({ said }) => ('kind' in said ? said.kind : said.ask) === name);
    return of.map(({ said }) => said as unknown as T);
  }
}

export function publicUser(id: Snowflake, username: string, bot = false): PublicUser {
  return {
    id,
    username,
    discriminator: '0',
    global_name: null,
    avatar: null,
    banner: null,
    accent_color: null,
    bot,
    system: false,
    public_flags: 0,
  };
}

export function userRecord(user: PublicUser, more: Partial<UserRecord> = {}): UserRecord {
  return { user, email: null, passwordHash: null, locale: 'en-US', bio: '', botOwner: null, version: 1, ...more };
}

export function applicationRecord(flags = 0): ApplicationRecord {
  return {
    id: BOT,
    name: 'pong',
    icon: null,
    description: '',
    bot_public: true,
    bot_require_code_grant: false,
    verify_key: 'ab'.repeat(32),
    owner: ANNA,
    flags,
  };
}

export const botAccount = (flags = 0): Account => ({
  kind: 'bot',
  record: userRecord(publicUser(BOT, 'pong', true), { botOwner: ANNA }),
  application: applicationRecord(flags),
  tokenHash: 'hash of bot',
});

export const annaAccount = (): Account => ({
  kind: 'person',
  record: userRecord(publicUser(ANNA, 'anna'), { passwordHash: 'hashed correct horse', email: 'anna@example.org' }),
  application: null,
  tokenHash: 'hash of anna',
});

type RestStore = RestDeps['store'] & MessagesPort;

/** Every method that a test does not give fails the test that calls it. */
const emptyStore: Partial<RestStore> = {
  channelOwner: async (id) => (id === CHANNEL ? `g:${GUILD}` : id === DM ? `d:${ANNA}:${BOT}` : null),
  reactionsOf: async () => [],
};

export interface FakeRest {
  readonly directory: FakeDirectory;
  readonly reports: unknown[];
  readonly root: string;
  /** Bytes of the quota. */
  readonly used: BigInt64Array;
  readonly deps: RestDeps;
  call(method: string, path: string, options?: CallOptions): Promise<Response>;
  close(): void;
}

export interface CallOptions {
  readonly body?: unknown;
  readonly raw?: string | FormData | Uint8Array<ArrayBuffer> | ReadableStream;
  readonly headers?: Record<string, string>;
  /** `bot` unless said otherwise; null: none. */
  readonly token?: string | null;
  readonly ip?: string;
}

export interface FakeOptions {
  readonly config?: Partial<RestConfig>;
  readonly limits?: Partial<RestLimits>;
  readonly load?: Load;
  readonly store?: Partial<RestStore>;
  /** Of the cache of reads; none unless said. */
  readonly cacheBytes?: number;
  readonly accounts?: Record<string, Account>;
  /** Tokens that need no read any more. */
  readonly remembered?: readonly string[];
  readonly random?: Random;
  readonly quotaBytes?: number;
  /** Of the files; one of its own unless said. */
  readonly root?: string;
}

const LIMITS: RestLimits = {
  askMs: 10_000,
  bodyBytes: 1024 * 1024,
  bodyMs: 120_000,
  multipartBytes: 8 * 1024 * 1024,
  uploadMs: 900_000,
  fileBytes: 1024 * 1024,
  files: 10,
  uploads: 4,
  requests: 100,
  botStarts: 64,
  botStartsMs: 5000,
  botStartsTotal: 1000,
  botStartsTotalMs: 86_400_000,
  shedMinMs: 1000,
  shedMaxMs: 5000,
  buckets: 1000,
  globalRequests: 500,
  strangerRequests: 50,
  logins: 10,
  loginsOfName: 100,
  loginWindowMs: 60_000,
  registrations: 100,
  registrationWindowMs: 3_600_000,
  channelCache: 100,
  flights: 100,
  flightsPerChannel: 10,
  flightsWaiting: 100,
  flightsWaitingPerChannel: 50,
  flightMs: 8000,
  queries: 20,
  queriesPerChannel: 10,
  gatheredKeys: 100,
};

export function fakeRest(options: FakeOptions = {}): FakeRest {
  const directory = new FakeDirectory();
  const root = options.root ?? mkdtempSync(join(tmpdir(), 'guildhall-rest-'));
  const used = new BigInt64Array(1);
  const reports: unknown[] = [];
  const accounts: Record<string, Account> = { bot: botAccount(), anna: annaAccount(), ...options.accounts };
  const mint = new Mint(1);
  let made = 0;
  const store = { ...emptyStore, ...options.store } as RestStore;
  const clock: Clock = {
    now: () => NOW,
    monotonic: () => 0,
    after: () => ({ cancel: () => {} }),
    defer: (task) => task(),
  };
  const limits = { ...LIMITS, ...options.limits };
  const user = async (id: Snowflake) => (store.users ? ((await store.users([id]))[0] ?? null) : store.user(id));
  const singles = { ...gatherSingles(store, clock, { keys: 100, queries: 2 }), user };
  const reads = openReads({ store, singles, clock, limits, cacheBytes: options.cacheBytes ?? 0 });
  const deps: RestDeps = {
    directory,
    load: options.load ?? NO_LOAD,
    store,
    reads,
    fetchRead: (_owner, read, { signal }) => reads.shared.serve(read, signal),
    authenticate: async (token) => accounts[token] ?? null,
    recall: (token) => (options.remembered?.includes(token) ? (accounts[token] ?? null) : null),
    tokens: {
      make: (user, kind) => {
        const token = `${btoa(user)}.x.${++made}`;
        return { token, record: { hash: `hash ${made}`, user, kind, createdAt: NOW } };
      },
      record: (text, user, kind) => ({ hash: `hash of ${text}`, user, kind, createdAt: NOW }),
    },
    passwords: {
      hash: async (text) => `hashed ${text}`,
      verify: async (text, hash) => hash === `hashed ${text}`,
    },
    clock,
    random: options.random ?? seededRandom(1),
    mint: () => mint.next(NOW),
    config: { publicUrl: null, registration: 'open', rateLimits: GENEROUS, ...options.config },
    limits,
    files: new Files({ directory: root, quotaBytes: options.quotaBytes ?? 16 * 1024 * 1024, used }),
    report: (error) => void reports.push(error),
  };
  const rest = createRest(deps);
  const call: FakeRest['call'] = (method, path, { body, raw, headers = {}, token = 'bot', ip = '192.0.2.1' } = {}) => {
    const init: RequestInit = {
      method,
      headers: { ...headers, ...(token === null ? {} : { authorization: `Bot ${token}` }) },
    };
    if (raw !== undefined) init.body = raw;
    else if (body !== undefined) {
      init.body = JSON.stringify(body);
      init.headers = { 'content-type': 'application/json', ...(init.headers as Record<string, string>) };
    }
    const url = path.startsWith('/cdn') || path === '/health' || path.startsWith('/api') ? path : `/api/v10${path}`;
    return rest.handle(new Request(`http://chat.example:8080${url}`, init), { ip });
  };
  return { directory, reports, root, used, deps, call, close: () => rmSync(root, { recursive: true, force: true }) };
}
