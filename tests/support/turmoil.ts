/** A guild in which everything happens at once: roles, overwrites, channels, members come and go while sessions open. Seeded. */
import { type APIChannel, type APIGuildMember, type APIRole, PermissionFlagsBits as P } from 'discord-api-types/v10';
import { seededRandom } from '../../src/base/random.ts';
import { Refused, type RestMethod } from './call-rest.ts';
import { eventually } from './eventually.ts';
import { type Seen, seenOf } from './picture.ts';
import type { RawGateway } from './raw-gateway.ts';
import { type Bot, type Person, type Place, type Town, tokenOf } from './town.ts';
import { Trail } from './trail.ts';

const ACTS = 40;
const SESSIONS = 8;
const ROLE = 0;
const MEMBER = 1;
const VIEW = P.ViewChannel.toString();

/** A town with two workers. */
export interface Scene {
  readonly town: Town;
  readonly owner: Person;
  readonly member: Person;
}

/** What happens to sessions: nothing, they are cut and resume at any worker, or a worker dies. */
export type Weather = 'still' | 'moves' | 'kills';

/** One guild in which everything happens at once. */
export class Turmoil {
  readonly stored = new Map<string, string[]>();
  readonly sessions: { who: Person | Bot; trail: Trail }[] = [];
  readonly #opening: Promise<void>[] = [];
  readonly #below: (bound: number) => number;
  readonly #hidden: string[] = [];
  readonly #roles: string[] = [];
  #code = '';
  #said = 0;

  private constructor(
    readonly scene: Scene,
    readonly place: Place,
    readonly bot: Bot,
    readonly weather: Weather,
    seed: number,
  ) {
    const { unit } = seededRandom(seed);
    this.#below = (bound) => Math.floor(unit() * bound);
  }

  static async begin(scene: Scene, weather: Weather, seed: number): Promise<Turmoil> {
    const { town, owner } = scene;
    const place = await town.guild(owner);
    const turmoil = new Turmoil(scene, place, await town.bot(`bot ${place.id}`, place.id), weather, seed);
    await turmoil.#humble();
    const path = `/channels/${place.channel}/invites`;
    turmoil.#code = (await turmoil.#do<{ code: string }>('POST', path, {})).code;
    await turmoil.#join();
    await turmoil.#makeRole();
    await turmoil.#makeHidden();
    return turmoil;
  }

  /** Acts follow each other; sessions open meanwhile, and messages are written beside them. */
  async run(): Promise<void> {
    const opens = new Set(Array.from({ length: SESSIONS }, () => this.#below(ACTS)));
    const killAt = this.weather === 'kills' ? 10 + this.#below(20) : -1;
    let killed: Promise<void> | null = null;
    for (let act = 0; act < ACTS; act += 1) {
      if (opens.has(act)) this.#open();
      const speech = this.#say(this.#channel());
      const move = this.weather === 'moves' && this.#below(2) === 0 ? this.#move() : null;
      await this.#act();
      await speech;
      await move;
      if (act === killAt) killed = this.scene.town.killWorker(this.#below(2));
    }
    await killed;
    await Promise.all(this.#opening);
    for (const channel of [this.place.channel, ...this.#hidden]) await this.#say(channel);
  }

  async end(): Promise<void> {
    await Promise.all(this.#opening);
    for (const { trail } of this.sessions) await trail[Symbol.asyncDispose]();
  }

  #open(): void {
    const who = this.#below(2) === 0 ? this.scene.member : this.bot;
    const open = (): Promise<RawGateway> => {
      const base = this.scene.town.worker(this.#below(2));
      return who.kind === 'bot' ? this.scene.town.run(who, base) : this.scene.town.visit(who, base);
    };
    const login = this.weather === 'kills' ? patiently(open) : open();
    this.#opening.push(login.then((client) => void this.sessions.push({ who, trail: new Trail(client) })));
  }

  /** One of the sessions is cut and goes on at any worker. */
  async #move(): Promise<void> {
    const trail = this.sessions[this.#below(this.sessions.length)]?.trail;
    if (trail === undefined) return;
    if (this.#below(2) === 0) await trail.cut();
    await trail.resume(this.scene.town.worker(this.#below(2)));
  }

  #act(): Promise<unknown> {
    const target = this.#below(2) === 0 ? this.scene.member.id : this.bot.id;
    const guild = `/guilds/${this.place.id}`;
    const role = this.#one(this.#roles);
    const hidden = this.#one(this.#hidden);
    const acts: (() => Promise<unknown>)[] = [
      () => this.#try('PUT', `${guild}/members/${target}/roles/${role}`),
      () => this.#try('PUT', `${guild}/members/${target}/roles/${role}`),
      () => this.#try('DELETE', `${guild}/members/${target}/roles/${role}`),
      () => this.#overwrite(hidden, target, MEMBER),
      () => this.#overwrite(hidden, role, ROLE),
      () => this.#try('DELETE', `/channels/${hidden}/permissions/${target}`),
      () => this.#overwrite(hidden, this.place.id, ROLE),
      () => this.#try('PATCH', `/channels/${hidden}`, { name: `renamed-${this.#below(1000)}` }),
      () => this.#try('PATCH', guild, { name: `guild ${this.#below(1000)}` }),
      () => this.#makeHidden(),
      () => this.#makeRole(),
      () => this.#dropRole(),
      () => this.#dropHidden(),
      () => this.#kick(),
      () => this.#ban(),
      () => this.#leave(),
    ];
    return acts[this.#below(acts.length)]?.() ?? Promise.resolve();
  }

  // --- what happens

  #one(list: readonly string[]): string {
    return list[this.#below(list.length)] ?? '0';
  }

  #channel(): string {
    return this.#below(3) === 0 ? this.place.channel : this.#one(this.#hidden);
  }

  #do<T>(method: RestMethod, path: string, body?: unknown): Promise<T> {
    return this.#ask<T>(this.scene.owner, method, path, body);
  }

  /** While a worker is dead its port refuses, and what its owners have may be refused with 503. */
  #ask<T>({ token }: Person, method: RestMethod, path: string, body?: unknown): Promise<T> {
    const ask = () =>
      this.scene.town.rest<T>(token, method, path, body, { base: this.scene.town.worker(this.#below(2)) });
    return this.weather === 'kills' ? patiently(ask) : ask();
  }

  /** What cannot be done now (a member who has left, a role that is gone) is no mistake. */
  async #try(method: RestMethod, path: string, body?: unknown): Promise<void> {
    await this.#do(method, path, body).catch(unlessFault);
  }

  async #say(channel: string): Promise<void> {
    if (channel === '0') return;
    // Asked again after a worker's death it is the same message.
    this.#said += 1;
    const draft = { content: 'x', nonce: `${this.#said}` };
    try {
      const { id } = await this.#do<{ id: string }>('POST', `/channels/${channel}/messages`, draft);
      const ids = this.stored.get(channel) ?? [];
      this.stored.set(channel, ids);
      ids.push(id);
      ids.sort();
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 404) throw error;
    }
  }

  async #makeHidden(): Promise<void> {
    if (this.#hidden.length > 4) return;
    const permission_overwrites = [{ id: this.place.id, type: ROLE, allow: '0', deny: VIEW }];
    const form = { name: 'hidden', type: 0, permission_overwrites };
    const { id } = await this.#do<APIChannel>('POST', `/guilds/${this.place.id}/channels`, form);
    this.#hidden.push(id);
  }

  async #dropHidden(): Promise<void> {
    if (this.#hidden.length < 2) return;
    const [id] = this.#hidden.splice(this.#below(this.#hidden.length), 1);
    await this.#try('DELETE', `/channels/${id}`);
  }

  async #makeRole(): Promise<void> {
    const form = { name: 'seer', permissions: this.#below(4) === 0 ? P.Administrator.toString() : '0' };
    const { id } = await this.#do<APIRole>('POST', `/guilds/${this.place.id}/roles`, form);
    this.#roles.push(id);
  }

  async #dropRole(): Promise<void> {
    const [id] = this.#roles.splice(this.#below(this.#roles.length), 1);
    if (id !== undefined) await this.#try('DELETE', `/guilds/${this.place.id}/roles/${id}`);
  }

  #overwrite(channel: string, id: string, type: number): Promise<void> {
    const [allow, deny] = this.#below(2) === 0 ? [VIEW, '0'] : ['0', VIEW];
    return this.#try('PUT', `/channels/${channel}/permissions/${id}`, { type, allow, deny });
  }

  #join(): Promise<unknown> {
    return this.#ask(this.scene.member, 'POST', `/invites/${this.#code}`, {});
  }

  async #kick(): Promise<void> {
    await this.#try('DELETE', `/guilds/${this.place.id}/members/${this.bot.id}`);
    await patiently(() => this.scene.town.bot(this.bot.name, this.place.id));
    await this.#humble();
  }

  async #ban(): Promise<void> {
    await this.#do('PUT', `/guilds/${this.place.id}/bans/${this.scene.member.id}`, {});
    await this.#try('DELETE', `/guilds/${this.place.id}/bans/${this.scene.member.id}`);
    await this.#join();
  }

  async #leave(): Promise<void> {
    await this.#ask(this.scene.member, 'DELETE', `/users/@me/guilds/${this.place.id}`).catch(unlessFault);
    if (this.#below(2) === 0) await this.#say(this.place.channel);
    await this.#join();
  }

  /** A bot comes with a role that sees everything: it would have nothing to gain or lose. */
  async #humble(): Promise<void> {
    const roles = await this.#do<APIRole[]>('GET', `/guilds/${this.place.id}/roles`);
    for (const { id, name } of roles) {
      if (name === this.bot.name) await this.#try('DELETE', `/guilds/${this.place.id}/roles/${id}`);
    }
  }
}

/** What REST says to that user; null: nothing, he is no member. */
export async function truth({ town, owner }: Scene, who: Person | Bot, place: Place): Promise<Seen | null> {
  const token = tokenOf(who);
  const guilds = await town.rest<{ id: string; name: string }[]>(token, 'GET', '/users/@me/guilds');
  const guild = guilds.find(({ id }) => id === place.id);
  if (guild === undefined) return null;
  const path = `/guilds/${place.id}`;
  const channels = await town.rest<APIChannel[]>(token, 'GET', `${path}/channels`);
  const roles = await town.rest<APIRole[]>(owner.token, 'GET', `${path}/roles`);
  const members = await town.rest<APIGuildMember[]>(owner.token, 'GET', `${path}/members?limit=1000`);
  return seenOf({ name: guild.name, channels: channels as never, roles, members }, onlyOf(who));
}

export const onlyOf = (who: Person | Bot): string | null => (who.kind === 'bot' ? who.id : null);

/** A refusal is an outcome: what was asked twice was done the first time. */
function unlessFault(error: unknown): void {
  if (!(error instanceof Refused) || error.status >= 500) throw error;
}

/** Again until it is answered by what is not a fault of the world. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  const settled = await eventually('an answer', async () => {
    const [answer] = await Promise.allSettled([ask()]);
    if (answer.status === 'fulfilled') return answer;
    return answer.reason instanceof Refused && answer.reason.status < 500 ? answer : null;
  });
  if (settled.status === 'rejected') throw settled.reason;
  return settled.value;
}
