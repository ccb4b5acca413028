/** One real gateway alone: its owners and the other workers are the test. Time stands still until it is moved. */
import type { Directory } from '../../../src/actor/directory.ts';
import { type Load, NO_LOAD } from '../../../src/actor/pressure.ts';
import { seededRandom } from '../../../src/base/random.ts';
import type { Connection } from '../../../src/gateway/connection.ts';
import { Gateway } from '../../../src/gateway/gateway.ts';
import type { GatewayLimits } from '../../../src/gateway/limits.ts';
import type { Socket } from '../../../src/gateway/socket.ts';
import type { Command } from '../../../src/protocol/commands.ts';
import type { AnswerEntry, Body, InterestTell, Relay, RelayEntry } from '../../../src/protocol/envelope.ts';
import { ALL_EVENTS, seqOf } from '../../../src/protocol/envelope.ts';
import type { OwnerKey, SessionId, WorkerId } from '../../../src/protocol/ids.ts';
import type { Answer, RateClaim } from '../../../src/protocol/links.ts';
import type { ResidenceMessage } from '../../../src/protocol/residence.ts';
import type { UserSnapshot } from '../../../src/protocol/snapshots.ts';
import { publicUser } from '../../support/tiny-rules.ts';
import { tinyAuthenticate } from '../../support/tiny-town.ts';
import { GATEWAY_LIMITS } from '../../support/tiny-worker.ts';
import { FakeClock } from '../actor/fake-clock.ts';

export const USER = '1000000000000000002';
export const ME: OwnerKey = `u:${USER}`;
export const GUILD: OwnerKey = 'g:1100000000000000001';
export const SELF: WorkerId = '0.1';
export const TOKEN = `person.${USER}`;

export const body = (t: string, d: object = {}): Body => ({ t, d: JSON.stringify(d), cls: 0, full: null });

interface Heard {
  readonly op: number;
  readonly t: string | null;
  readonly s: number | null;
  readonly d: Record<string, unknown>;
}

/** What the client has got, and how much it leaves lying. */
export class FakeSocket implements Socket {
  readonly frames: Heard[] = [];
  readonly topics = new Set<string>();
  pending = 0;
  code: number | null = null;

  send(text: string): number {
    this.frames.push(JSON.parse(text) as Heard);
    return text.length;
  }
  buffered = (): number => this.pending;
  subscribe = (topic: string): void => void this.topics.add(topic);
  unsubscribe = (topic: string): void => void this.topics.delete(topic);
  cork = (write: () => void): void => write();
  close(code: number): void {
    this.code = code;
  }
  terminate = (): void => {};

  /** Names of the dispatches so far. */
  get heard(): string[] {
    return this.frames.flatMap(({ t }) => t ?? []);
  }
  get ops(): number[] {
    return this.frames.map(({ op }) => op);
  }
}

export interface Visit {
  readonly socket: FakeSocket;
  readonly connection: Connection;
}

export class OneGateway {
  readonly clock = new FakeClock();
  readonly told: (readonly [OwnerKey, InterestTell])[] = [];
  readonly sent: (readonly [WorkerId, ResidenceMessage])[] = [];
  readonly asked: OwnerKey[] = [];
  readonly others: WorkerId[] = ['1.1', '2.1'];
  readonly gateway: Gateway;
  readonly #sockets: FakeSocket[] = [];
  readonly #counts = new Map<OwnerKey, number>();

  /** How the owner of a bot counts one more session of it. */
  starts: (claim: RateClaim | null) => Promise<Answer> = async () => ({ reply: { ok: null }, rate: null });

  /** What was logged. */
  readonly lines: (readonly [string, object])[] = [];

  /** What owners were told. */
  readonly tells: (readonly [OwnerKey, Command])[] = [];

  constructor(limits: Partial<GatewayLimits> = {}, load: Load = NO_LOAD) {
    this.gateway = new Gateway({
      self: SELF,
      directory: this.#directory(),
      clock: this.clock,
      random: seededRandom(1),
      authenticate: tinyAuthenticate,
      publishTopic: (topic, frame) => {
        for (const socket of this.#sockets) if (socket.topics.has(topic)) socket.send(frame);
      },
      limits: { ...GATEWAY_LIMITS, ...limits },
      load,
      countsStarts: true,
      log: (...line) => void this.lines.push(line),
    });
  }

  connect(): Visit {
    const socket = new FakeSocket();
    this.#sockets.push(socket);
    return { socket, connection: this.gateway.opened(socket, { ip: '127.0.0.1', version: 10, url: 'ws://here' }) };
  }

  async say({ connection }: Visit, op: number, d: unknown): Promise<void> {
    this.gateway.message(connection, JSON.stringify({ op, d }));
    await this.clock.settle();
  }

  /** A person who has said who he is; his user actor has answered with these guilds, each of row 1. */
  async identify(guilds: readonly OwnerKey[] = [], visit = this.connect()): Promise<Visit & { session: SessionId }> {
    await this.say(visit, 2, { token: TOKEN, properties: {} });
    const session = visit.connection.session ?? '';
    await this.greet(session, guilds);
    return { ...visit, session };
  }

  /** His user actor answers. */
  async greet(session: SessionId, guilds: readonly OwnerKey[] = []): Promise<void> {
    const snapshot: UserSnapshot = {
      user: publicUser(USER),
      email: null,
      locale: 'en-US',
      bio: '',
      application: null,
      dms: [],
    };
    const create = body('INTERNAL_USER', snapshot);
    await this.answer(ME, session, { create, guilds: guilds.map((guild) => [guild, seqOf(1, 1)]) });
  }

  /** A person in one guild, READY. */
  async atHome(): Promise<Visit & { session: SessionId }> {
    const visit = await this.identify([GUILD]);
    await this.answer(GUILD, visit.session, { create: body('GUILD_CREATE', { id: GUILD.slice(2) }) });
    return visit;
  }

  /** The owner answers the latest ask of this session. */
  async answer(owner: OwnerKey, session: SessionId, answer: Partial<AnswerEntry> = {}): Promise<void> {
    const { ask, hop } = this.asks(owner, session).at(-1) ?? { ask: -1, hop: 0 };
    const rest = { mask: ALL_EVENTS, missed: [], create: null, guilds: null, topics: [owner], voice: null };
    await this.relay(owner, { kind: 'answer', ask, session, hop, ...rest, ...answer });
  }

  /** The next entry of this owner's link. */
  async relay(owner: OwnerKey, entry: RelayEntry, over: Partial<Relay> = {}): Promise<void> {
    const n = over.n ?? (this.#counts.get(owner) ?? 0) + 1;
    this.#counts.set(owner, n);
    this.gateway.deliver({ what: 'relay', relay: { owner, epoch: 1, n, seq: seqOf(1, 1 + n), entry, ...over } }, SELF);
    await this.clock.settle();
  }

  async residence(message: ResidenceMessage): Promise<void> {
    this.gateway.residence(message);
    await this.clock.settle();
  }

  asks(owner: OwnerKey, session: SessionId) {
    return this.told.flatMap(([to, tell]) =>
      to === owner && tell.kind === 'attach' && tell.ask.session === session ? [tell.ask] : [],
    );
  }

  forgets(session: SessionId): (readonly [OwnerKey, number])[] {
    return this.told.flatMap(([to, tell]) =>
      tell.kind === 'forget' && tell.session === session ? [[to, tell.hop] as const] : [],
    );
  }

  /** Residence messages of this kind that were sent, with their hearers. */
  said<R extends ResidenceMessage['r']>(r: R) {
    return this.sent.flatMap(([to, message]) =>
      message.r === r ? [{ to, message: message as Extract<ResidenceMessage, { r: R }> }] : [],
    );
  }

  #directory(): Directory {
    return {
      self: SELF,
      ask: (to) => {
        this.asked.push(to);
        return new Promise(() => {});
      },
      read: (_to, _question, { rate }) => this.starts(rate),
      tell: (to, command) => void this.tells.push([to, command]),
      interest: (to, tell) => void this.told.push([to, tell]),
      residence: (to, message) => {
        if (to === SELF) this.gateway.residence(message);
        else this.sent.push([to, message]);
      },
      control: async () => {},
      workers: () => [SELF, ...this.others],
    };
  }
}
