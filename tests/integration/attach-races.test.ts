/** Sessions that attach while the guild changes under them: in the end each believes what REST says, and none was told too much. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { APIChannel, APIGuildMember, APIRole } from 'discord-api-types/v10';
import { PermissionFlagsBits as P } from 'discord-api-types/v10';
import { seededRandom } from '../../src/base/random.ts';
import { Refused, type RestMethod } from '../support/call-rest.ts';
import { eventually } from '../support/eventually.ts';
import { Picture, type Seen, seenOf } from '../support/picture.ts';
import { type Bot, type Person, type Place, Town, tokenOf } from '../support/town.ts';
import { Trail } from '../support/trail.ts';

const SEEDS = Array.from({ length: 8 }, (_, index) => index + 1);
const ACTS = 40;
const SESSIONS = 8;
const ROLE = 0;
const MEMBER = 1;
const VIEW = P.ViewChannel.toString();

let town: Town;
let owner: Person;
let member: Person;

beforeAll(async () => {
  town = await Town.open({ config: { rateLimits: 'off' } });
  owner = await town.person('owner');
  member = await town.person('member');
});

afterAll(() => town[Symbol.asyncDispose]());

/** One guild in which everything happens at once. */
class Turmoil {
  readonly stored = new Map<string, string[]>();
  readonly sessions: { who: Person | Bot; trail: Trail }[] = [];
  readonly #opening: Promise<void>[] = [];
  readonly #below: (bound: number) => number;
  readonly #hidden: string[] = [];
  readonly #roles: string[] = [];
  #code = '';

  private constructor(
    readonly place: Place,
    readonly bot: Bot,
    readonly moves: boolean,
    seed: number,
  ) {
    const { unit } = seededRandom(seed);
    this.#below = (bound) => Math.floor(unit() * bound);
  }

  static async begin(seed: number, moves: boolean): Promise<Turmoil> {
    const place = await town.guild(owner);
    const turmoil = new Turmoil(place, await town.bot(`bot ${place.id}`, place.id), moves, seed);
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
    for (let act = 0; act < ACTS; act += 1) {
      if (opens.has(act)) this.#open();
      const speech = this.#say(this.#channel());
      const move = this.moves && this.#below(2) === 0 ? this.#move() : null;
      await this.#act();
      await speech;
      await move;
    }
    await Promise.all(this.#opening);
    for (const channel of [this.place.channel, ...this.#hidden]) await this.#say(channel);
  }

  async end(): Promise<void> {
    await Promise.all(this.#opening);
    for (const { trail } of this.sessions) await trail[Symbol.asyncDispose]();
  }

  #open(): void {
    const who = this.#below(2) === 0 ? member : this.bot;
    const base = town.worker(this.#below(2));
    const login = who.kind === 'bot' ? town.run(who, base) : town.visit(who, base);
    this.#opening.push(login.then((client) => void this.sessions.push({ who, trail: new Trail(client) })));
  }

  /** One of the sessions is cut and goes on at any worker. */
  async #move(): Promise<void> {
    const trail = this.sessions[this.#below(this.sessions.length)]?.trail;
    if (trail === undefined) return;
    if (this.#below(2) === 0) await trail.cut();
    await trail.resume(town.worker(this.#below(2)));
  }

  #act(): Promise<unknown> {
    const target = this.#below(2) === 0 ? member.id : this.bot.id;
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
    return town.rest<T>(owner.token, method, path, body, { base: town.worker(this.#below(2)) });
  }

  /** What cannot be done now (a member who has left, a role that is gone) is no mistake. */
  async #try(method: RestMethod, path: string, body?: unknown): Promise<void> {
    await this.#do(method, path, body).catch((error) => {
      if (!(error instanceof Refused) || error.status >= 500) throw error;
    });
  }

  async #say(channel: string): Promise<void> {
    if (channel === '0') return;
    try {
      const { id } = await this.#do<{ id: string }>('POST', `/channels/${channel}/messages`, { content: 'x' });
      const ids = this.stored.get(channel) ?? [];
      this.stored.set(channel, ids);
      ids.push(id);
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
    await this.#do('DELETE', `/channels/${id}`);
  }

  async #makeRole(): Promise<void> {
    const form = { name: 'seer', permissions: this.#below(4) === 0 ? P.Administrator.toString() : '0' };
    const { id } = await this.#do<APIRole>('POST', `/guilds/${this.place.id}/roles`, form);
    this.#roles.push(id);
  }

  async #dropRole(): Promise<void> {
    const [id] = this.#roles.splice(this.#below(this.#roles.length), 1);
    if (id !== undefined) await this.#do('DELETE', `/guilds/${this.place.id}/roles/${id}`);
  }

  #overwrite(channel: string, id: string, type: number): Promise<void> {
    const [allow, deny] = this.#below(2) === 0 ? [VIEW, '0'] : ['0', VIEW];
    return this.#try('PUT', `/channels/${channel}/permissions/${id}`, { type, allow, deny });
  }

  #join(): Promise<unknown> {
    return town.rest(member.token, 'POST', `/invites/${this.#code}`, {}, { base: town.worker(this.#below(2)) });
  }

  async #kick(): Promise<void> {
    await this.#try('DELETE', `/guilds/${this.place.id}/members/${this.bot.id}`);
    await town.bot(this.bot.name, this.place.id);
    await this.#humble();
  }

  async #ban(): Promise<void> {
    await this.#do('PUT', `/guilds/${this.place.id}/bans/${member.id}`, {});
    await this.#do('DELETE', `/guilds/${this.place.id}/bans/${member.id}`);
    await this.#join();
  }

  async #leave(): Promise<void> {
    await town.rest(member.token, 'DELETE', `/users/@me/guilds/${this.place.id}`);
    if (this.#below(2) === 0) await this.#say(this.place.channel);
    await this.#join();
  }

  /** A bot comes with a role that sees everything: it would have nothing to gain or lose. */
  async #humble(): Promise<void> {
    const roles = await this.#do<APIRole[]>('GET', `/guilds/${this.place.id}/roles`);
    for (const { id, name } of roles) {
      if (name === this.bot.name) await this.#do('DELETE', `/guilds/${this.place.id}/roles/${id}`);
    }
  }
}

/** What REST says to that user; null: nothing, he is no member. */
async function truth(who: Person | Bot, place: Place): Promise<Seen | null> {
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

const onlyOf = (who: Person | Bot): string | null => (who.kind === 'bot' ? who.id : null);

/** All that was ever said to the session adds up to the truth. */
async function agrees(trail: Trail, who: Person | Bot, { place, stored }: Turmoil): Promise<void> {
  const wanted = await truth(who, place);
  const picture = await eventually(
    `${who.kind} believes ${JSON.stringify(wanted)}`,
    () => {
      const now = Picture.of(trail.frames);
      const isSame = JSON.stringify(now.guild(place.id, onlyOf(who))) === JSON.stringify(wanted);
      return isSame && now.gaps(stored).length === 0 ? now : null;
    },
    5000,
  ).catch(() => Picture.of(trail.frames));
  expect(picture.guild(place.id, onlyOf(who))).toEqual(wanted);
  expect(picture.problems).toEqual([]);
  expect(picture.gaps(stored)).toEqual([]);
  expect(trail.problems(who.kind === 'bot')).toEqual([]);
  expect(trail.client.open).toBe(true);
}

describe.each([
  ['that stay', false],
  ['that move', true],
] as const)('a guild in turmoil, before sessions %s', (_, moves) => {
  test.each(SEEDS)('ends as the same for every session and for REST (%d)', async (seed) => {
    const turmoil = await Turmoil.begin(seed, moves);
    try {
      await turmoil.run();
      expect(turmoil.sessions.length).toBeGreaterThan(0);
      for (const { trail, who } of turmoil.sessions) await agrees(trail, who, turmoil);
      await town.rest(owner.token, 'DELETE', `/guilds/${turmoil.place.id}`);
      for (const { trail } of turmoil.sessions) {
        await trail.client.dispatch('GUILD_DELETE', { id: turmoil.place.id, unavailable: undefined });
      }
    } finally {
      await turmoil.end();
    }
  });
});

describe('a guild that is deleted while sessions attach', () => {
  test.each([0, 1, 2, 5, 10, 20])('is gone for all of them, %d turns later', async (turns) => {
    const place = await town.guild(owner);
    await town.join(owner, place, member);
    const logins = [0, 1, 0, 1].map((slot) => town.visit(member, town.worker(slot)));
    for (let turn = 0; turn < turns; turn += 1) await new Promise<void>((next) => setImmediate(next));
    await town.rest(owner.token, 'DELETE', `/guilds/${place.id}`);
    for (const login of logins) {
      await using client = await login;
      await eventually('it is gone', () => !Picture.of(client.dispatches).guilds.has(place.id));
      expect(Picture.of(client.dispatches).problems).toEqual([]);
    }
  });
});
