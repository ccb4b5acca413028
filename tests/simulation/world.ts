/** One small town in one thread: the real actors and gateways of two or three workers, its folk, clients, and what may happen to them. */

import { drainMicrotasks } from 'bun:jsc';
import { seededRandom } from '../../src/base/random.ts';
import type { Gateway } from '../../src/gateway/gateway.ts';
import { homeOf } from '../../src/gateway/residences.ts';
import type { Command } from '../../src/protocol/commands.ts';
import type { Wished } from '../../src/protocol/events.ts';
import { guildKey, type OwnerKey } from '../../src/protocol/ids.ts';
import { tinyAuthenticate } from '../support/tiny-town.ts';
import { makeTinyWorker, type TinyWorker } from '../support/tiny-worker.ts';
import { Client, type SimSocket, type Town } from './client.ts';
import type { Folk, Ground } from './folk.ts';
import { Net } from './net.ts';
import { type Oracle, Violation } from './oracle.ts';
import { type Action, LONG_AWAY_MS, type Plan, type Step } from './plan.ts';
import { RealFolk } from './real-folk.ts';
import { SimTime } from './sim-clock.ts';
import { simPipes } from './sim-pipes.ts';
import { TinyFolk } from './tiny-folk.ts';

/** What a guild of real folk decides last before it dies. */
const LAST: readonly Action[] = ['see', 'message', 'leave', 'see', 'grant'];
const STATUSES = ['online', 'idle', 'dnd', 'invisible'];
const ABSURD = 2_000_000;
/** Together longer than any ask, pause or deadline but those of sessions. */
const CALM_ROUNDS = 4;
const ROUND_MS = 5000;

/** Open or closed, each of both. */
const wishOf = (n: number): Wished => ({ typing: (n & 1) === 0, activities: (n & 2) === 0 });

export class World implements Town, Ground {
  readonly net: Net;
  readonly oracle: Oracle;
  readonly time: SimTime;
  readonly clients: Client[];
  readonly backpressureBytes: number;
  readonly #folk: Folk;
  readonly #slots: (TinyWorker & { readonly id: string })[] = [];
  readonly #topics = new Map<string, Map<string, Set<SimSocket>>>();
  #commands = 0;
  #lives = 0;
  #sockets = 0;
  /** Per worker: how often it had said op 9 by reason, at the last one. */
  readonly #refusals = new Map<string, Readonly<Record<string, number>>>();

  constructor(readonly plan: Plan) {
    this.net = new Net(plan.seed, plan.slowness);
    this.time = new SimTime(this.net);
    this.backpressureBytes = plan.limits.backpressureBytes ?? 1 << 20;
    this.#folk = plan.isReal ? new RealFolk(this) : new TinyFolk(this);
    this.oracle = this.#folk.oracle;
    for (let slot = 0; slot < plan.workers; slot += 1) this.#start(slot);
    this.clients = Array.from(
      { length: plan.clients },
      (_, i) => new Client(this, i, this.#folk.user(i % plan.users), this.#folk.wishOf(i)),
    );
  }

  /** Members, channels, and everybody connected. */
  async open(): Promise<void> {
    await this.#folk.found();
    for (const client of this.clients) client.connect(this.#worker(client.name));
  }

  async act([action, a, b, c]: Step): Promise<void> {
    if (action === 'step') this.net.step(a);
    else {
      this.net.note(`${action} ${a} ${b} ${c}`);
      this.#act(action, a, b, c);
    }
    this.#turn();
  }

  /** Everything that is under way arrives, and what waits for time has had it: three times in a row nothing comes of it. */
  async settle(): Promise<void> {
    for (let round = 0, calm = 0; calm < CALM_ROUNDS; round += 1) {
      const before = this.net.moved;
      for (let steps = 0; this.net.step(0); steps += 1) {
        if (steps > 50_000) throw new Violation('does not come to rest');
        this.#turn();
      }
      calm = this.net.moved === before ? calm + 1 : 0;
      if (round > 500) throw new Violation('never comes to rest');
      this.time.advance(ROUND_MS);
      drainMicrotasks();
    }
  }

  /** Lets every promise that can go on do so. */
  #turn(): void {
    drainMicrotasks();
    const wrong = this.#folk.wrong();
    if (wrong !== null) throw new Violation(wrong);
  }

  /** Clients come back until all are connected; then the town must be at rest and every client whole. */
  async heal(): Promise<void> {
    for (let round = 0; round < 30; round += 1) {
      await this.#gather(round);
      await this.#probe();
      if (this.clients.every((client) => client.socket !== null)) return this.#atRest();
    }
    throw new Violation('clients do not stay connected');
  }

  close(): void {
    for (const { directory, gateway } of this.#slots) {
      gateway.stop();
      directory.close();
    }
  }

  // --- Ground

  do(key: OwnerKey, command: Command): void {
    this.#commands += 1;
    const { directory } = this.#slots[this.#commands % this.#slots.length]!;
    const options = { commandId: `c${this.#commands}`, deadline: this.time.now + 5000, rate: null };
    // An owner that dies takes the command with it: nobody has heard of it.
    directory.ask(key, command, options).catch(() => {});
  }

  sessionOf = (n: number): string | null => this.clients[n % this.clients.length]?.session ?? null;

  // --- Town

  gatewayOf(worker: string): Gateway | undefined {
    return this.#slots.find(({ id }) => id === worker)?.gateway;
  }

  topicsOf(worker: string): Map<string, Set<SimSocket>> {
    const topics = this.#topics.get(worker) ?? new Map();
    this.#topics.set(worker, topics);
    return topics;
  }

  nextSocket(): number {
    this.#sockets += 1;
    return this.#sockets;
  }

  read = (t: string, d: Record<string, unknown>) => this.#folk.read(t, d);

  whyRefused(worker: string): string | null {
    const now = { ...this.gatewayOf(worker)?.metrics.refused };
    const before = this.#refusals.get(worker) ?? {};
    this.#refusals.set(worker, now);
    const [risen, other] = Object.keys(now).filter((why) => now[why] !== before[why]);
    // One that was owed to a slow socket hides which is which.
    return other === undefined && risen !== undefined && now[risen] === (before[risen] ?? 0) + 1 ? risen : null;
  }

  // --- inside

  #act(action: Action, a: number, b: number, c: number): void {
    const { guilds } = this.#folk;
    const client = this.clients[a % this.clients.length]!;
    const at = this.#worker(b);
    switch (action) {
      case 'voice': {
        const guild = guilds[b % guilds.length]!;
        return client.speak(guild, this.#folk.voiceChannel(guild, c));
      }
      case 'wish':
        return client.wish(c % 3 === 0 ? guilds : [guilds[b % guilds.length]!], wishOf(c >>> 2));
      case 'connect':
        return client.connect(this.gatewayOf(client.socket?.worker ?? '') ? client.socket!.worker : at);
      case 'elsewhere':
        return client.connect(at);
      case 'cut':
        return client.cut();
      case 'beat':
        return client.beat();
      case 'status':
        client.status = STATUSES[b % STATUSES.length]!;
        return client.show();
      case 'wait':
        return this.time.advance(b % 50);
      case 'stale':
        return client.connect(at, Math.max(0, client.s - (c % 6)));
      case 'absurd':
        return client.connect(at, client.s + 1 + (c % 2 === 0 ? c % 1000 : ABSURD));
      case 'expire':
        return this.time.advance(LONG_AWAY_MS);
      case 'fail':
        return this.#folk.store.failOne(b % 2 === 0);
      case 'kill':
        return this.#kill(a % this.#slots.length, b);
      default:
        return this.#folk.act(action, guilds[a % guilds.length]!, b, c);
    }
  }

  /** All are connected; who is away tries one worker after the other. */
  async #gather(first = 0): Promise<void> {
    for (let round = first; round < first + 30; round += 1) {
      await this.settle();
      const away = this.clients.filter((client) => client.socket === null);
      if (away.length === 0) return;
      for (const client of away) client.connect(this.#worker(client.name + round));
    }
    throw new Violation('clients do not stay connected');
  }

  /** Who is subscribed gets one more event of each kind, everywhere. */
  async #probe(): Promise<void> {
    if (this.plan.isLarge) await this.#wish();
    if (this.plan.isReal) await this.#blink();
    for (const guild of this.#folk.guilds) this.#folk.probe(guild);
    await this.settle();
  }

  /** Everybody opens and closes, and hears or not. */
  async #wish(): Promise<void> {
    const { guilds } = this.#folk;
    for (const client of this.clients) client.wish(guilds, wishOf(client.name));
    for (const kind of [2, 3]) {
      await this.settle();
      for (const guild of guilds) this.#folk.act('typing', guild, 1, kind);
    }
    await this.settle();
  }

  /** What guilds were told last of who is online may have been lost: everybody is something else for a while. */
  async #blink(): Promise<void> {
    const isShown = (user: string): boolean =>
      this.clients.some((client) => client.user === user && client.status !== 'invisible');
    for (const client of this.clients) client.show(isShown(client.user) ? 'invisible' : 'online');
    await this.settle();
    for (const client of this.clients) client.show();
  }

  /** Every guild dies with a commit, stored or not, and is loaded again: it tells what it did not get to say, and has back what sessions bring. */
  async #reload(): Promise<void> {
    const { seed } = this.plan;
    for (const [n, guild] of this.#folk.guilds.entries()) {
      this.#folk.store.failOne((seed + n) % 3 > 0, guildKey(guild));
      this.#folk.act(
        LAST[(seed + n) % LAST.length]!,
        guild,
        Math.imul(seed, 31) >>> 2,
        Math.imul(seed + n, 1_000_003) >>> 2,
      );
      this.#folk.probe(guild);
    }
    await this.settle();
    if (this.clients.every(({ socket }) => socket !== null)) this.#atRest();
    else await this.heal();
  }

  #atRest(): void {
    const loads = this.#folk.loads();
    for (const client of this.clients) this.oracle.atRest(client, loads);
    this.oracle.shownAtRest(loads, this.clients);
    const { given, homes, sessions } = this.#measure();
    if (given > 0) throw new Violation(`${given} notes of sessions given away stay for ever`);
    if (homes > sessions) throw new Violation(`${homes} homes of ${sessions} sessions`);
  }

  /** Sessions without a client end: then owners know those that live and no others. Then these end too, and nothing is left. */
  async end(): Promise<void> {
    this.time.advance(LONG_AWAY_MS);
    await this.#gather();
    if (this.plan.isReal) await this.#reload();
    else await this.heal();
    const living = this.clients.filter(({ session }) => this.#of(homeOf(session ?? '')) !== undefined);
    const interest = this.clients.reduce((sum, { user }) => sum + 1 + this.oracle.guildsOf(user), 0);
    this.#expect({ sessions: this.clients.length, homes: living.length, interest });
    for (const client of this.clients) client.cut();
    if (this.plan.isReal) await this.#bury();
    await this.settle();
    this.time.advance(LONG_AWAY_MS);
    await this.settle();
    this.#expect({ sessions: 0, homes: 0, interest: 0, variants: 0 });
    this.oracle.allOver(this.#folk.loads());
  }

  /** A worker dies with what it knew of sessions that end; its guilds are asked for, or nobody would load them again. */
  async #bury(): Promise<void> {
    this.#kill(0, 0);
    await this.settle();
    for (const guild of this.#folk.guilds) this.#folk.probe(guild);
  }

  /** `homes`: of sessions whose first worker lives. `interest`: a session counts once at its user and at each of its guilds. */
  #expect(expected: Readonly<Record<string, number>>): void {
    const found: Readonly<Record<string, number>> = this.#measure();
    for (const [what, count] of Object.entries(expected)) {
      if (found[what] !== count) throw new Violation(`at rest: ${found[what]} ${what}, not ${count}`);
    }
  }

  #measure(): { given: number; homes: number; sessions: number; variants: number; interest: number } {
    const sum = { given: 0, homes: 0, sessions: 0, variants: 0, interest: 0 };
    for (const { gateway, directory } of this.#slots) {
      const { given, homes, sessions, variants } = gateway.measure();
      sum.given += given;
      sum.homes += homes;
      sum.sessions += sessions;
      sum.variants += variants;
      sum.interest += directory.actors.interested;
    }
    return sum;
  }

  #worker(pick: number): string {
    return this.#slots[pick % this.#slots.length]!.id;
  }

  #start(slot: number): void {
    this.#lives += 1;
    const id = `${slot}.${this.#lives}`;
    const worker = makeTinyWorker({
      self: id,
      slots: this.plan.workers,
      clock: this.time.clockOf(id),
      random: seededRandom(this.plan.seed + this.#lives),
      store: this.#folk.store,
      rules: this.#folk.rulesOf(id),
      authenticate: tinyAuthenticate,
      publishTopic: (topic, frame) => {
        for (const socket of [...(this.topicsOf(id).get(topic) ?? [])]) socket.send(frame);
      },
      limits: { ...this.plan.limits, frames: 100_000 },
      directoryLimits: { ringRows: this.plan.ringRows, linkEntries: this.plan.linkEntries },
    });
    this.#slots[slot] = { id, ...worker };
    for (const other of this.#slots) if (other !== undefined && other.id !== id) this.#link(other.id, id);
  }

  #of(id: string): TinyWorker | undefined {
    return this.#slots.find((one) => one?.id === id);
  }

  /** A new worker knows the others from its start; they hear of it from main. */
  #link(older: string, newer: string): void {
    const [a, b] = simPipes(this.net, older, newer);
    this.#of(newer)!.directory.peerUp(older, b);
    this.net.send('main', older, `${newer} is up`, () => this.#of(older)?.directory.peerUp(newer, a));
  }

  /** A worker dies with its owners and sessions; another takes its slot. */
  #kill(slot: number, arriving: number): void {
    const { id } = this.#slots[slot]!;
    this.time.stop(id);
    this.net.kill(id, arriving);
    this.net.kill(`${id}/loop`, 0);
    this.net.kill(`${id}/timers`, 0);
    this.#topics.delete(id);
    for (const { socket } of this.clients) {
      if (socket?.worker === id) this.net.send(id, socket.end, 'died', () => socket.client.lost(socket));
    }
    this.#start(slot);
    for (const other of this.#slots) {
      if (other.id === this.#slots[slot]!.id) continue;
      this.net.send('main', other.id, `${id} died`, () => {
        other.directory.peerDown(id);
        other.gateway.died(id);
      });
    }
  }
}
