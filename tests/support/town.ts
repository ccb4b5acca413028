/** A real server with people, guilds and bots in it, on a data directory of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { APIChannel, APIGuild, APIMessage } from 'discord-api-types/v10';
import type { Clock } from '../../src/base/clock.ts';
import { type Config, readConfig } from '../../src/config.ts';
import type { Seeded } from '../../src/rest/seed.ts';
import { type Running, startServer } from '../../src/supervise.ts';
import { callRest, type RestMethod, type RestOptions } from './call-rest.ts';
import { BOT_INTENTS, RawGateway } from './raw-gateway.ts';

export interface Person {
  readonly kind: 'person';
  readonly id: string;
  readonly name: string;
  readonly token: string;
}

export interface Bot {
  readonly kind: 'bot';
  readonly id: string;
  readonly name: string;
  /** Without prefix. */
  readonly token: string;
}

export interface Place {
  readonly id: string;
  readonly name: string;
  /** The first text channel. */
  readonly channel: string;
}

export interface TownOptions {
  readonly workers?: number;
  /** Keeps this directory when the town closes (a restart); absent: a new one that goes with the town. */
  readonly dataDir?: string;
  readonly config?: Partial<Config>;
  /** What each worker runs. */
  readonly workerProgram?: URL;
  /** What the writer thread of the store runs. */
  readonly writerProgram?: URL;
  /** The main thread's. */
  readonly clock?: Clock;
}

/** Text channels (docs/resources/channel). */
const GUILD_TEXT = 0;

/** What serves a town: this process or another one. */
export type Served = Pick<Running, 'port' | 'ownPorts' | 'dataDir' | 'adminSocket' | 'stop' | 'killWorker'> &
  Partial<Pick<Running, 'limitStore' | 'dataAddress'>>;

export class Town implements AsyncDisposable {
  readonly #server: Served;
  readonly #removes: string | null;
  #people = 0;

  private constructor(server: Served, removes: string | null) {
    this.#server = server;
    this.#removes = removes;
  }

  static async open(options: TownOptions = {}): Promise<Town> {
    const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'guildhall-town-')));
    const flags = { port: '0', host: '127.0.0.1', 'data-dir': dataDir, workers: String(options.workers ?? 2) };
    const config = { ...readConfig(flags, {}), ...(await storeOfThisRun(dataDir)), ...options.config };
    const { workerProgram, writerProgram, clock } = options;
    const listeners = { ownListeners: true, publicListener: true };
    const programs = { ...(workerProgram && { workerProgram }), ...(writerProgram && { writerProgram }) };
    const server = await startServer(config, { ...listeners, ...programs }, clock);
    return new Town(server, options.dataDir === undefined ? dataDir : null);
  }

  /** A server that runs already; it stops with the town. */
  static of(server: Served): Town {
    return new Town(server, null);
  }

  get port(): number {
    return this.#server.port ?? 0;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Where the store is served over gRPC. */
  get dataAddress(): string {
    return this.#server.dataAddress ?? '';
  }

  get dataDir(): string {
    return this.#server.dataDir;
  }

  /** The address of one worker alone. */
  worker(slot: number): string {
    const port = this.#server.ownPorts[slot];
    if (port === undefined) throw new RangeError(`no worker ${slot}`);
    return `http://127.0.0.1:${port}`;
  }

  /** Only of a server in this process. */
  limitStore(bytes: number): void {
    if (this.#server.limitStore === undefined) throw new Error('this server runs elsewhere');
    this.#server.limitStore(bytes);
  }

  killWorker(slot: number): Promise<void> {
    return this.#server.killWorker(slot);
  }

  /** `token`: of a person as it is, of a bot with `Bot ` in front, null without. Refuses any answer that its schema does not know. */
  rest<T = unknown>(
    token: string | null,
    method: RestMethod,
    path: string,
    body?: unknown,
    options: RestOptions = {},
  ): Promise<T> {
    return callRest<T>(options.base ?? this.url, token, method, path, body, options);
  }

  /** Registers somebody. */
  async person(name = 'person'): Promise<Person> {
    this.#people += 1;
    const username = `${name}_${this.#people}`;
    const body = { username, password: `a long password ${this.#people}` };
    const { token, user_id: id } = await this.rest<{ token: string; user_id: string }>(
      null,
      'POST',
      '/auth/register',
      body,
    );
    return { kind: 'person', id, name: username, token };
  }

  async guild(owner: Person, name = 'guild'): Promise<Place> {
    const guild = await this.rest<APIGuild>(owner.token, 'POST', '/guilds', { name });
    const channels = await this.rest<APIChannel[]>(owner.token, 'GET', `/guilds/${guild.id}/channels`);
    const channel = channels.find(({ type }) => type === GUILD_TEXT);
    if (channel === undefined) throw new Error('a new guild has no text channel');
    return { id: guild.id, name: guild.name, channel: channel.id };
  }

  /** Goes in by an invite of the owner. */
  async join(owner: Person, place: Place, ...people: readonly Person[]): Promise<void> {
    const { code } = await this.rest<{ code: string }>(owner.token, 'POST', `/channels/${place.channel}/invites`, {});
    for (const { token } of people) await this.rest(token, 'POST', `/invites/${code}`, {});
  }

  /** Makes a bot and adds it to the guild: what `guildhall bot add NAME --guild GUILD` does. */
  async bot(name: string, guild: string): Promise<Bot> {
    const body = { name, guild, ownerPassword: 'correct horse' };
    const { bot, token } = await this.#admin<{ bot: { id: string }; token: string }>('/admin/bots', body);
    return { kind: 'bot', id: bot.id, name, token };
  }

  /** A guild of so many people who have no password; the first owns it. */
  async crowd(size: number, name = 'crowd'): Promise<{ readonly place: Place; readonly people: readonly Person[] }> {
    const names = Array.from({ length: size }, (_, n) => `${name}${n}`);
    const members = names.slice(1).map((user) => ({ user }));
    const guild = { name, owner: names[0], channels: [{ name: 'lobby' }], members };
    const seed = { users: names.map((one) => ({ name: one })), guilds: [guild] };
    const { users, guilds } = await this.#admin<Seeded>('/admin/seed', seed);
    const [id = '', channel = ''] = [guilds[name]?.id, guilds[name]?.channels.lobby];
    const people = Object.entries(users).map(([one, known]) => ({ kind: 'person', name: one, ...known }) as const);
    return { place: { id, name, channel }, people };
  }

  async #admin<T>(path: string, body: object): Promise<T> {
    const response = await fetch(`http://guildhall${path}`, {
      method: 'POST',
      unix: this.#server.adminSocket,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  }

  say(who: Person | Bot, channel: string, content: string, more: object = {}): Promise<APIMessage> {
    return this.rest<APIMessage>(tokenOf(who), 'POST', `/channels/${channel}/messages`, { content, ...more });
  }

  /** All messages of a channel, the oldest first, as its pages say. */
  async history({ token }: Person, channel: string): Promise<APIMessage[]> {
    const all: APIMessage[] = [];
    for (let before = ''; ; ) {
      const page = await this.rest<APIMessage[]>(token, 'GET', `/channels/${channel}/messages?limit=100${before}`);
      all.push(...page);
      if (page.length < 100) return all.reverse();
      before = `&before=${page.at(-1)?.id}`;
    }
  }

  /** A session of a person, ready. */
  visit(person: Person, base = this.url): Promise<RawGateway> {
    return RawGateway.login(base, { token: person.token });
  }

  /** A session of a bot, ready. */
  run(bot: Bot, base = this.url, intents = BOT_INTENTS): Promise<RawGateway> {
    return RawGateway.login(base, { token: bot.token, intents });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop();
    if (this.#removes !== null) await rm(this.#removes, { recursive: true, force: true });
  }
}

/** GUILDHALL_TEST_STORE=cql: the same tests on Cassandra. The others do not load what speaks to it. */
async function storeOfThisRun(dataDir: string): Promise<Partial<Config>> {
  if (process.env.GUILDHALL_TEST_STORE !== 'cql') return {};
  return (await import('./cluster-town.ts')).keyspaceOf(dataDir);
}

/** As the Authorization header wants it. */
export const tokenOf = (who: Person | Bot): string => (who.kind === 'bot' ? `Bot ${who.token}` : who.token);
