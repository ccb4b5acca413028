/** The store as a worker sees it: the port interfaces over the ports of the store's threads. */
import type { MessagePort } from 'node:worker_threads';
import { type Clock, realClock } from '../../base/clock.ts';
import { Fault } from '../../protocol/errors.ts';
import type { OwnerKey, Snowflake } from '../../protocol/ids.ts';
import { parseOwn } from '../../protocol/json.ts';
import type { Write } from '../../protocol/writes.ts';
import type { AskedReactions, Batch, MessagePage, Store } from '../ports.ts';
import type { ReadPort } from '../subjects.ts';
import { Pipe } from './pipe.ts';
import { Pulse } from './pulse.ts';

/** One worker's ports; they are transferred to it. */
export interface StorePorts {
  readonly writer: MessagePort;
  /** One to each reader thread. */
  readonly readers: readonly MessagePort[];
}

export interface ConnectOptions {
  readonly clock?: Clock;
  /** Milliseconds until a commit or a fence fails with Fault `timeout`; whether it was stored is then unknown until the next fence. */
  readonly commitDeadlineMs?: number;
  readonly readDeadlineMs?: number;
  /** Milliseconds without a sign of the writer after which the store is `stuck`; it gives one every `BEAT_MS`. */
  readonly stuckMs?: number;
  /** In flight from this worker; more fail with Fault `overloaded`. */
  readonly maxCommits?: number;
  readonly maxReadsPerReader?: number;
}

/** A batch as its writer takes it: flat, because arrays of plain values cross threads fastest. */
export type EncodeBatch = (owner: OwnerKey, writes: readonly Write[]) => readonly (string | number)[];

const STUCK_MS = 2000;
/** Between two looks whether the writer is there. */
const LOOK_MS = 200;

const CLOSED = new Fault('unavailable', false, 'the store is closed');

/** Not asked again by itself: who waits is told at once. */
const stuck = (): Fault => new Fault('stuck', false, 'the writer of the store does not answer');

type Value<Method extends keyof ReadPort> = Awaited<ReturnType<ReadPort[Method]>>;

export class ThreadStore implements Store {
  readonly #encode: EncodeBatch;
  readonly #clock: Clock;
  readonly #writer: Pipe;
  readonly #readers: readonly Pipe[];
  readonly #pulse: Pulse;
  #state: Store['state'] = 'open';

  constructor(ports: StorePorts, encode: EncodeBatch, options: ConnectOptions = {}) {
    this.#encode = encode;
    const clock = options.clock ?? realClock;
    this.#clock = clock;
    this.#pulse = new Pulse({ clock, everyMs: LOOK_MS, silentMs: options.stuckMs ?? STUCK_MS });
    this.#writer = new Pipe(ports.writer, {
      clock,
      deadlineMs: options.commitDeadlineMs ?? 15_000,
      maxInFlight: options.maxCommits ?? 20_000,
      onState: (state) => this.#enter(state as Store['state']),
    });
    const reading = {
      clock,
      deadlineMs: options.readDeadlineMs ?? 5_000,
      maxInFlight: options.maxReadsPerReader ?? 2_000,
    };
    this.#readers = ports.readers.map((port) => new Pipe(port, reading));
  }

  get state(): Store['state'] {
    if (!this.#writer.alive || this.#state === 'closed') return 'closed';
    return this.#pulse.isSilent ? 'stuck' : this.#state;
  }

  async fence(owner: OwnerKey): Promise<number> {
    if (this.state === 'stuck') throw stuck();
    return Number(await this.#writer.ask((id) => ['fence', id, owner]));
  }

  release(owner: OwnerKey, epoch: number): void {
    this.#writer.tell(['release', owner, epoch]);
  }

  async commit(batch: Batch): Promise<void> {
    if (this.#state === 'closed') throw CLOSED;
    if (this.state === 'stuck') throw stuck();
    if (this.#state === 'full') throw new Fault('full', true, 'the store is full');
    if (this.#state === 'broken') throw new Fault('broken', true, 'the store does not accept writes');
    const ops = this.#encode(batch.owner, batch.writes);
    await this.#writer.ask((id) => ['commit', id, batch.owner, batch.epoch, ops.length, ...ops]);
  }

  /** Waits for what is in flight. */
  async close(): Promise<void> {
    this.#state = 'closed';
    this.#pulse.stop();
    const pipes = [this.#writer, ...this.#readers];
    await Promise.all(pipes.map((pipe) => pipe.drained()));
    for (const pipe of pipes) pipe.end(CLOSED);
  }

  #enter(state: Store['state']): void {
    this.#pulse.heard();
    if (this.#state !== 'closed') this.#state = state;
  }

  /** Asks the reader that has the least to do. */
  async #text(method: keyof ReadPort, args: readonly unknown[], signal: AbortSignal | null = null): Promise<string> {
    let chosen: Pipe | null = null;
    for (const reader of this.#readers) {
      if (reader.alive && (chosen === null || reader.inFlight < chosen.inFlight)) chosen = reader;
    }
    if (chosen === null) throw new Fault('unavailable', true, 'no reader of the store is alive');
    return String(await chosen.ask((id) => [id, method, JSON.stringify(args)], signal));
  }

  /** Ends when nobody waits for it. */
  async #readFor<Method extends keyof ReadPort>(
    signal: AbortSignal | undefined,
    method: Method,
    ...args: readonly unknown[]
  ): Promise<Value<Method>> {
    return parseOwn<Value<Method>>(await this.#text(method, args, signal));
  }

  async #read<Method extends keyof ReadPort>(method: Method, ...args: readonly unknown[]): Promise<Value<Method>> {
    return parseOwn<Value<Method>>(await this.#text(method, args));
  }

  async #readMap<Key, Item>(method: keyof ReadPort, ...args: readonly unknown[]): Promise<ReadonlyMap<Key, Item>> {
    return new Map(parseOwn<[Key, Item][]>(await this.#text(method, args)));
  }

  page = (query: MessagePage, left?: AbortSignal) => this.#readFor(left, 'page', query);
  message = (channelId: Snowflake, id: Snowflake, left?: AbortSignal) => this.#readFor(left, 'message', channelId, id);
  messages = (channelId: Snowflake, ids: readonly Snowflake[], left?: AbortSignal) =>
    this.#readFor(left, 'messages', channelId, ids);
  reactionsOf = (channelId: Snowflake, asked: readonly AskedReactions[], left?: AbortSignal) =>
    this.#readFor(left, 'reactionsOf', channelId, asked);
  reactors = (
    channelId: Snowflake,
    id: Snowflake,
    emoji: string,
    after: Snowflake | null,
    limit: number,
    left?: AbortSignal,
  ) => this.#readFor(left, 'reactors', channelId, id, emoji, after, limit);
  pins = (channelId: Snowflake, left?: AbortSignal) => this.#readFor(left, 'pins', channelId);
  nonce = (channelId: Snowflake, author: Snowflake, nonce: string, now: number) =>
    this.#read('nonce', channelId, author, nonce, now);
  authored = (channelIds: readonly Snowflake[], author: Snowflake, since: Snowflake, limit: number) =>
    this.#read('authored', channelIds, author, since, limit);

  guild = (id: Snowflake) => this.#read('guild', id);
  dm = (owner: OwnerKey) => this.#read('dm', owner);
  channelOwner = (channelId: Snowflake) => this.#read('channelOwner', channelId);
  invite = (code: string) => this.#read('invite', code);
  guildsOf = (user: Snowflake) => this.#read('guildsOf', user);
  dmsOf = (user: Snowflake) => this.#read('dmsOf', user);

  user = (id: Snowflake, left?: AbortSignal) => this.#readFor(left, 'user', id);
  users = (ids: readonly Snowflake[], left?: AbortSignal) => this.#readFor(left, 'users', ids);
  userByLogin = (login: string) => this.#read('userByLogin', login);
  heardBy = (user: Snowflake) => this.#readMap<OwnerKey, number>('heardBy', user);
  token = (hash: string) => this.#read('token', hash);
  tokensOf = (user: Snowflake) => this.#read('tokensOf', user);
  application = (id: Snowflake) => this.#read('application', id);
  applicationsOf = (owner: Snowflake) => this.#read('applicationsOf', owner);
  commandsOf = (application: Snowflake) => this.#read('commandsOf', application);

  rows = (owner: OwnerKey, limit: number) => this.#read('rows', owner, limit);
  tells = (owner: OwnerKey) => this.#read('tells', owner);
  tellers = (after: OwnerKey | null, limit: number) => this.#read('tellers', after, limit);
  result = (owner: OwnerKey, commandId: string) => this.#read('result', owner, commandId, this.#clock.now());
}
