/** 2,000 cuts at random moments under load, each resumed at any worker: nothing lost, doubled or out of order, or an explicit op 9. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { APIMessage } from 'discord-api-types/v10';
import { seededRandom } from '../../src/base/random.ts';
import { eventually } from '../support/eventually.ts';
import { guildOn } from '../support/placed.ts';
import { BOT_INTENTS, type Frame, RawGateway } from '../support/raw-gateway.ts';
import { type Bot, type Person, type Place, Town } from '../support/town.ts';

const CUTS = 2000;
const SESSIONS = 24;
const SLOTS = [0, 1] as const;
/** Frames that a client reads at most before it is cut again. */
const FRAMES = 12;
/** Messages flow all the time: who waits this long for one will not get it. */
const READ_MS = 30_000;
/** `CUTS_SEED=…` runs the same choices again. */
const SEED = Number(process.env.CUTS_SEED ?? Date.now() % 2 ** 31);

let town: Town;
let owner: Person;
const people: Person[] = [];
let bot: Bot;
const places: Place[] = [];
/** What each channel was told, in order. */
const stored = new Map<string, string[]>();

beforeAll(async () => {
  town = await Town.open({ config: { rateLimits: 'off' } });
  owner = await town.person('owner');
  for (const slot of SLOTS) places.push(await guildOn(town, slot, owner));
  for (let n = 0; n < 4; n += 1) people.push(await town.person('member'));
  for (const place of places) {
    await town.join(owner, place, ...people);
    bot = await town.bot('robot', place.id);
    stored.set(place.channel, [(await town.say(owner, place.channel, 'the first')).id]);
  }
}, 30_000);

afterAll(() => town[Symbol.asyncDispose]());

const before = (a: string, b: string): number => (BigInt(a) < BigInt(b) ? -1 : 1);

/** What one identify began: over all its sockets, up to the op 9 that ended it or to the end. */
class Stay {
  readonly frames: Frame[] = [];
  ended = false;

  /** Channel -> the last message that the snapshot knew. */
  get #snapshot(): Map<string, string | null> {
    const wholes = this.frames.flatMap(({ t, d }) => {
      if (t === 'GUILD_CREATE') return [d];
      return t === 'READY' ? [...(d as { guilds: unknown[] }).guilds] : [];
    }) as { channels?: { id: string; last_message_id?: string | null }[] }[];
    return new Map(wholes.flatMap(({ channels = [] }) => channels.map((it) => [it.id, it.last_message_id ?? null])));
  }

  /** What is wrong with what it heard; empty: nothing. */
  problems(): string[] {
    const numbers = this.frames.map(({ s }) => s ?? 0);
    const problems = numbers.flatMap((s, n) => (s > (numbers[n - 1] ?? 0) ? [] : [`${s} after ${numbers[n - 1]}`]));
    const snapshot = this.#snapshot;
    for (const [channel, ids] of stored) {
      const known = snapshot.get(channel);
      const got = this.frames.flatMap(({ t, d }) => {
        const message = d as APIMessage;
        return t === 'MESSAGE_CREATE' && message.channel_id === channel ? [message.id] : [];
      });
      if (known === undefined) {
        if (!this.ended) problems.push(`no snapshot of ${channel}`);
        continue;
      }
      const from = known === null ? 0 : ids.indexOf(known) + 1;
      const wanted = ids.slice(from, this.ended ? from + got.length : undefined);
      if (got.join() !== wanted.join()) problems.push(`${channel}: ${difference(got, wanted)}`);
    }
    return problems;
  }
}

function difference(got: readonly string[], wanted: readonly string[]): string {
  const lost = wanted.filter((id) => !got.includes(id));
  const doubled = got.filter((id, n) => got.indexOf(id) !== n);
  return `${got.length} of ${wanted.length} heard, lost ${lost}, doubled ${doubled}`;
}

/** One client that is cut again and again, and comes back wherever it likes. */
class Nomad {
  readonly stays: Stay[] = [];
  cuts = 0;
  readonly #unit: () => number;
  #client: RawGateway | null = null;
  #taken = 0;

  constructor(
    readonly who: Person | Bot,
    seed: number,
  ) {
    this.#unit = seededRandom(seed).unit;
  }

  #below(bound: number): number {
    return Math.floor(this.#unit() * bound);
  }

  get #base(): string {
    return town.worker(this.#below(2));
  }

  get #stay(): Stay {
    return this.stays.at(-1) as Stay;
  }

  async enter(): Promise<void> {
    this.#begin(await RawGateway.open(this.#base));
  }

  #begin(client: RawGateway): void {
    const { who } = this;
    this.stays.push(new Stay());
    this.#client = client;
    this.#taken = client.dispatches.length;
    client.send(2, { token: who.token, properties: {}, ...(who.kind === 'bot' ? { intents: BOT_INTENTS } : {}) });
  }

  /** What the socket has brought so far belongs to the stay. */
  #take(): void {
    const { dispatches } = this.#client as RawGateway;
    this.#stay.frames.push(...dispatches.slice(this.#taken));
    this.#taken = dispatches.length;
  }

  /** Reads some frames, is cut in one of three ways, and resumes. */
  async wander(): Promise<void> {
    const client = this.#client as RawGateway;
    await this.#read(client, this.#taken + this.#below(FRAMES));
    const how = this.#below(4);
    if (how < 2) client.terminate();
    if (how === 2) client.close(4000);
    // Else the old socket is still open when the session is resumed.
    if (how < 3) await client.closed;
    this.#take();
    await this.#comeBack();
    if (how === 3) await client[Symbol.asyncDispose]();
    this.cuts += 1;
  }

  /** Until so many dispatches are there, or the socket has ended. */
  async #read(client: RawGateway, count: number): Promise<void> {
    const enough = (): boolean => client.dispatches.length >= count || client.frames.items.some(({ op }) => op === 9);
    if (enough()) return;
    await client.frames.until('frames', enough, { from: client.frames.mark, ms: READ_MS }).catch((error: Error) => {
      if (client.open) throw error;
    });
  }

  async #comeBack(): Promise<void> {
    const { frames } = this.#stay;
    const ready = frames.find(({ t }) => t === 'READY')?.d as { session_id: string } | undefined;
    // Cut before READY: there is nothing to resume.
    if (ready === undefined) {
      this.#stay.ended = true;
      return this.enter();
    }
    const next = await RawGateway.open(this.#base);
    next.send(6, { token: this.who.token, session_id: ready.session_id, seq: frames.at(-1)?.s ?? 0 });
    this.#client = next;
    this.#taken = 0;
    // Half of the time the next cut may come before RESUMED.
    if (this.#below(2) === 0) return;
    await this.settle();
  }

  /** RESUMED, or op 9 and a new stay on the same socket. */
  async settle(): Promise<void> {
    const client = this.#client as RawGateway;
    const answered = ({ op, t }: Frame): boolean => op === 9 || t === 'RESUMED' || t === 'READY';
    const answer = await client.frames.until('RESUMED or op 9', answered, { ms: READ_MS });
    if (answer.op !== 9) return;
    this.#take();
    this.#stay.ended = true;
    this.#begin(client);
  }

  /** It is cut no more: it hears the last message of every channel. */
  async arrive(last: ReadonlyMap<string, string>): Promise<void> {
    await this.settle();
    const client = this.#client as RawGateway;
    const ids = [...last.values()];
    const has = (id: string): boolean =>
      [...this.#stay.frames, ...client.dispatches.slice(this.#taken)].some(({ t, d }) => {
        if (t === 'MESSAGE_CREATE') return (d as APIMessage).id === id;
        return (t === 'READY' || t === 'GUILD_CREATE') && JSON.stringify(d).includes(`"last_message_id":"${id}"`);
      });
    await eventually('the last messages', () => ids.every(has), READ_MS);
    this.#take();
    await client[Symbol.asyncDispose]();
  }
}

/** Messages flow through both workers until `isOver`. */
async function talk({ channel }: Place, isOver: () => boolean): Promise<void> {
  const ids = stored.get(channel) as string[];
  for (let n = 0; !isOver(); n += 1) {
    const draft = { content: `${n}` };
    const path = `/channels/${channel}/messages`;
    const message = await town.rest<APIMessage>(owner.token, 'POST', path, draft, { base: town.worker(n % 2) });
    ids.push(message.id);
    ids.sort(before);
  }
}

test(`2,000 random cuts under load (CUTS_SEED=${SEED})`, async () => {
  const who = (n: number): Person | Bot => (n % 3 === 0 ? bot : (people[n % people.length] as Person));
  const nomads = Array.from({ length: SESSIONS }, (_, n) => new Nomad(who(n), SEED + n));
  const total = (): number => nomads.reduce((sum, { cuts }) => sum + cuts, 0);
  await Promise.all(nomads.map((nomad) => nomad.enter()));
  let failed: Error | null = null;
  const isOver = (): boolean => total() >= CUTS || failed !== null;
  let walking = nomads.length;
  const speech = places.map((place) => talk(place, () => walking === 0));
  const walks = nomads.map(async (nomad) => {
    try {
      while (!isOver()) await nomad.wander();
    } catch (error) {
      failed ??= error as Error;
    }
    walking -= 1;
  });
  await Promise.all([...walks, ...speech]);
  if (failed !== null) throw failed;
  const last = new Map([...stored].map(([channel, ids]) => [channel, ids.at(-1) ?? '']));
  await Promise.all(nomads.map((nomad) => nomad.arrive(last)));
  const stays = nomads.flatMap((nomad) => nomad.stays);
  expect(stays.flatMap((stay) => stay.problems())).toEqual([]);
  // Op 9 is right, and rare: nearly all of them went on.
  expect(stays.length - SESSIONS).toBeLessThan(CUTS / 20);
  expect(total()).toBeGreaterThanOrEqual(CUTS);
}, 90_000);
