/**
 * People and a bot that write at a steady rate in several guilds of both workers, whatever became of what they sent before, and sessions at both workers
 * that hear all of it. What is told to come again (429) is sent again, as every library does; anything else that is not done is kept in `refused`.
 */
import { join } from 'node:path';
import type { APIChannel, APIMessage } from 'discord-api-types/v10';
import { answerOf, type RestMethod } from './call-rest.ts';
import { eventually } from './eventually.ts';
import { LineClient } from './line-client.ts';
import { guildOn } from './placed.ts';
import type { RawGateway } from './raw-gateway.ts';
import type { Person, Place, Town } from './town.ts';

const SLOTS = [0, 1];
const GUILDS_PER_SLOT = 2;
const LIBRARY = join(import.meta.dir, '..', 'clients', 'scripts', 'discordjs.mjs');
/** What the bot writes of all that is written. */
const BOT_EVERY = 8;

interface Sent {
  readonly method: RestMethod;
  readonly path: string;
  readonly body?: object;
}

export class SteadyChat implements AsyncDisposable {
  /** Channel -> ids, in the order of the answers. */
  readonly acknowledged = new Map<string, string[]>();
  /** Status, body and request of what was neither done nor told to come again. */
  readonly refused: string[] = [];
  /** Requests that have no answer yet. */
  readonly #waiting = new Set<Promise<void>>();
  readonly #timer: Timer;
  #turn = 0;

  private constructor(
    readonly town: Town,
    readonly owner: Person,
    readonly channels: readonly string[],
    readonly sessions: readonly RawGateway[],
    readonly library: LineClient,
    everyMs: number,
  ) {
    for (const channel of channels) this.acknowledged.set(channel, []);
    this.#timer = setInterval(() => this.#next(), everyMs);
  }

  /** A town with two workers. Two of three requests write a message. */
  static async begin(town: Town, everyMs: number): Promise<SteadyChat> {
    const [owner, guest] = [await town.person('owner'), await town.person('guest')];
    const places: Place[] = [];
    for (const slot of SLOTS) {
      for (let n = 0; n < GUILDS_PER_SLOT; n += 1) places.push(await guildOn(town, slot, owner));
    }
    const channels: string[] = [];
    for (const place of places) {
      await town.join(owner, place, guest);
      const form = { name: 'second', type: 0 };
      const second = await town.rest<APIChannel>(owner.token, 'POST', `/guilds/${place.id}/channels`, form);
      channels.push(place.channel, second.id);
    }
    const library = await libraryOf(town, places);
    const sessions = [...(await sessionsOf(town, owner)), ...(await sessionsOf(town, guest))];
    return new SteadyChat(town, owner, channels, sessions, library, everyMs);
  }

  get written(): number {
    return [...this.acknowledged.values()].reduce((sum, ids) => sum + ids.length, 0);
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  async more(count: number, ms: number): Promise<void> {
    const before = this.written;
    await eventually(`${count} more are written`, () => this.written > before + count, ms);
  }

  /** No more is sent, and all that was sent is answered. */
  async end(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#waiting);
  }

  /** Per channel: what was acknowledged and is not there, or is there out of order. Empty: all is well. */
  async lost(): Promise<string[]> {
    const wrong: string[] = [];
    for (const [channel, ids] of this.acknowledged) {
      const stored = (await this.town.history(this.owner, channel)).map(({ id }) => id);
      const there = new Set(stored);
      wrong.push(...ids.filter((id) => !there.has(id)).map((id) => `${channel}: ${id} is lost`));
      if (stored.join() !== [...there].sort(byId).join()) wrong.push(`${channel}: not in order, or not once`);
    }
    return wrong;
  }

  /** Each session has heard all that was acknowledged, and everything once and in order. The library of the bot too. Empty: all is well. */
  async unheard(ms: number): Promise<string[]> {
    const heard: (() => Iterable<readonly [string, string]>)[] = this.sessions.map(
      (session) => () =>
        session.all<APIMessage>('MESSAGE_CREATE').map(({ channel_id, id }): [string, string] => [channel_id, id]),
    );
    heard.push(() => this.library.all('message').map(({ channel, id }): [string, string] => [`${channel}`, `${id}`]));
    const wrong: string[] = [];
    for (const [n, what] of heard.entries()) {
      const missing = (): number => {
        const all = new Set([...what()].map(([, id]) => id));
        return [...this.acknowledged.values()].flat().filter((id) => !all.has(id)).length;
      };
      await eventually('it has heard all', () => missing() === 0, ms).catch(() => {
        wrong.push(`session ${n} misses ${missing()}`);
      });
      for (const channel of this.channels) {
        const ids = [...what()].flatMap(([at, id]) => (at === channel ? [id] : []));
        if (ids.join() !== [...new Set(ids)].sort(byId).join()) wrong.push(`session ${n}: not in order, or not once`);
      }
    }
    return wrong;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    await this.library[Symbol.asyncDispose]();
    for (const session of this.sessions) await session[Symbol.asyncDispose]();
  }

  #next(): void {
    this.#turn += 1;
    const turn = this.#turn;
    const channel = this.channels[turn % this.channels.length] ?? '';
    const sent = (turn % BOT_EVERY === 0 ? this.#sayAsBot(channel, turn) : this.#ask(channel, turn)).finally(() =>
      this.#waiting.delete(sent),
    );
    this.#waiting.add(sent);
  }

  async #sayAsBot(channel: string, turn: number): Promise<void> {
    try {
      const id = await this.library.ask<string>('send', { channel, content: `bot ${turn}` }, 60_000);
      this.acknowledged.get(channel)?.push(id);
    } catch (error) {
      this.refused.push(`the bot: ${String(error).slice(0, 300)}`);
    }
  }

  async #ask(channel: string, turn: number): Promise<void> {
    const path = `/channels/${channel}/messages`;
    const last = this.acknowledged.get(channel)?.at(-1);
    const sent: Sent[] = [
      { method: 'POST', path, body: { content: `turn ${turn}` } },
      { method: 'POST', path, body: { content: `turn ${turn}, said twice` } },
      last === undefined || turn % 2 === 0
        ? { method: 'GET', path: `${path}?limit=20` }
        : { method: 'PATCH', path: `${path}/${last}`, body: { content: `edited in turn ${turn}` } },
    ];
    const { method, path: at, body } = sent[turn % 3]!;
    for (;;) {
      const answer = await answerOf(this.town.url, this.owner.token, method, at, body);
      if (answer.status === 429) {
        await Bun.sleep(Number(answer.headers.get('retry-after')) * 1000);
        continue;
      }
      if (answer.status >= 300) this.refused.push(`${answer.status} ${answer.text} to ${method} ${at}`);
      else if (method === 'POST') this.acknowledged.get(channel)?.push((answer.body as APIMessage).id);
      return;
    }
  }
}

/** Two sessions of one person, one at each worker. */
async function sessionsOf(town: Town, person: Person): Promise<RawGateway[]> {
  const found = new Map<string, RawGateway>();
  while (found.size < SLOTS.length) {
    const session = await town.visit(person);
    const [slot = ''] = session.ready.session_id.split('.');
    if (found.has(slot)) await session[Symbol.asyncDispose]();
    else found.set(slot, session);
  }
  return [...found.values()];
}

/** One bot in all guilds. */
async function libraryOf(town: Town, places: readonly Place[]): Promise<LineClient> {
  let token = '';
  for (const place of places) token = (await town.bot('steady', place.id)).token;
  const client = LineClient.start('node', [LIBRARY], { GUILDHALL_URL: town.url, GUILDHALL_TOKEN: token });
  await client.until('ready', () => true, { ms: 60_000 });
  return client;
}

const byId = (a: string, b: string): number => (BigInt(a) < BigInt(b) ? -1 : 1);
