/** One or more workers on real sockets and real time, over tiny rules; each worker has a port of its own. */
import { GatewayIntentBits as I } from 'discord-api-types/v10';
import type { Pipe } from '../../src/actor/pipe.ts';
import { realClock } from '../../src/base/clock.ts';
import { realRandom } from '../../src/base/random.ts';
import type { GatewayLimits } from '../../src/gateway/limits.ts';
import { Server } from '../../src/gateway/server.bun.ts';
import type { Listener } from '../../src/gateway/server-ports.ts';
import type { Account } from '../../src/protocol/accounts.ts';
import { guildKey, type Snowflake } from '../../src/protocol/ids.ts';
import type { LinkMessage } from '../../src/protocol/links.ts';
import { publicUser, type TinyCommand, type TinyEvent, tiny } from './tiny-rules.ts';
import { TinyStore } from './tiny-store.ts';
import { GATEWAY_LIMITS, makeTinyWorker, type TinyWorker } from './tiny-worker.ts';

export const BOT = '1000000000000000001';
export const PERSON = '1000000000000000002';
export const OTHER = '1000000000000000003';
export const GUILD = '1100000000000000001';
export const CHANNEL = '1200000000000000001';
export const BOT_INTENTS = I.Guilds | I.GuildMessages | I.MessageContent;

const PRIVILEGED_FLAGS = (1 << 14) | (1 << 18);

export const account = (id: Snowflake, kind: Account['kind']): Account => ({
  kind,
  record: {
    user: publicUser(id, kind === 'bot'),
    email: null,
    passwordHash: null,
    locale: 'en-US',
    bio: '',
    botOwner: null,
    version: 1,
  },
  application:
    kind === 'bot'
      ? {
          id,
          name: 'bot',
          icon: null,
          description: '',
          bot_public: true,
          bot_require_code_grant: false,
          verify_key: '',
          owner: id,
          flags: PRIVILEGED_FLAGS,
        }
      : null,
  tokenHash: `hash of ${kind} ${id}`,
});

/** Tokens are `bot.<id>` and `person.<id>`. */
export async function tinyAuthenticate(token: string): Promise<Account | null> {
  const [kind, id] = token.split('.');
  return (kind === 'bot' || kind === 'person') && id !== undefined && /^\d+$/.test(id) ? account(id, kind) : null;
}

export class TinyTown implements AsyncDisposable {
  readonly store: TinyStore;
  readonly workers: TinyWorker[] = [];
  readonly #listeners: Listener[] = [];
  #commands = 0;

  constructor(options: { readonly workers?: number; readonly limits?: Partial<GatewayLimits> } = {}) {
    const slots = options.workers ?? 1;
    this.store = new TinyStore({ committed: () => {} }, new Set([BOT]));
    for (let slot = 0; slot < slots; slot += 1) {
      const server = new Server();
      const worker = makeTinyWorker({
        self: `${slot}.1`,
        slots,
        clock: realClock,
        random: realRandom,
        store: this.store,
        authenticate: tinyAuthenticate,
        publishTopic: server.publishTopic,
        limits: options.limits ?? {},
      });
      this.workers.push(worker);
      server.serve(worker.gateway);
      this.#listeners.push(
        server.listen({
          port: 0,
          hostname: '127.0.0.1',
          reusePort: false,
          publicUrl: null,
          fetch: () => new Response('not a socket', { status: 404 }),
          limits: { ...GATEWAY_LIMITS, ...options.limits },
          maxRequestBytes: 1024,
          idleSeconds: 30,
          clientOf: (peer) => peer,
        }),
      );
    }
    for (const [i, one] of this.workers.entries()) {
      for (const two of this.workers.slice(i + 1)) {
        const [a, b] = pipes();
        one.directory.peerUp(two.directory.self, a);
        two.directory.peerUp(one.directory.self, b);
      }
    }
  }

  url(worker = 0): string {
    return `http://127.0.0.1:${this.#listeners[worker]?.port}`;
  }

  async do(command: TinyCommand, guild: Snowflake = GUILD): Promise<void> {
    this.#commands += 1;
    const options = { commandId: `c${this.#commands}`, deadline: Date.now() + 5000, rate: null };
    await this.workers[0]!.directory.ask(guildKey(guild), tiny(command), options);
  }

  emit(t: string, event: Partial<TinyEvent> = {}): Promise<void> {
    const emit = { t, cls: I.GuildMessages, channel: null, session: null, stored: true, ...event };
    return this.do({ kind: 'tinyEmit', emit });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { gateway } of this.workers) gateway.stop();
    for (const listener of this.#listeners) await listener.stop(true);
    for (const { directory } of this.workers) directory.close();
  }
}

/** Two ends in one thread; a batch arrives in a later turn of the loop. */
export function pipes(): [Pipe, Pipe] {
  const ends = [end(), end()] as const;
  const [a, b] = ends;
  a.other = b;
  b.other = a;
  return [a, b];
}

interface End extends Pipe {
  other: End | null;
  hear: (batch: readonly LinkMessage[]) => void;
  taken: () => void;
  closed: () => void;
}

function end(): End {
  const self: End = {
    other: null,
    hear: () => {},
    taken: () => {},
    closed: () => {},
    post: (batch) =>
      void setImmediate(() => {
        self.other?.hear(batch);
        self.taken();
      }),
    onBatch: (hear) => {
      self.hear = hear;
    },
    onTaken: (taken) => {
      self.taken = taken;
    },
    onClose: (closed) => {
      self.closed = closed;
    },
    close: () => {
      const { other } = self;
      self.other = null;
      other?.closed();
    },
  };
  return self;
}
