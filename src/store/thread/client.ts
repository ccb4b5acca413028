/** The store as a worker sees it: the port interfaces over the ports of the store's threads. */
import type { MessagePort } from 'node:worker_threads';
import { type Clock, realClock } from '../../base/clock.ts';
import { Fault } from '../../protocol/errors.ts';
import type { OwnerKey } from '../../protocol/ids.ts';
import { parseOwn } from '../../protocol/json.ts';
import type { Write } from '../../protocol/writes.ts';
import { unpackPage } from '../page-text.ts';
import { type Batch, type Store, signalIn } from '../ports.ts';
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
  /** The same of a read. Its thread is told then that nobody waits, and counts as busy with it until it has answered, or for `GRACE_MS` more. */
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
/** Longer than a question to a node of a cluster lasts, which cannot be taken back (cql/cluster.ts). */
const GRACE_MS = 7000;
/** Between two looks whether the writer is there. */
const LOOK_MS = 200;

const CLOSED = new Fault('unavailable', false, 'the store is closed');

/** Not asked again by itself: who waits is told at once. */
const stuck = (): Fault => new Fault('stuck', false, 'the writer of the store does not answer');

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
      graceMs: GRACE_MS,
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

  /** Asks the reader that has the least to do. It does what its arguments say, and is told when the signal says that nobody waits. */
  async #text(method: keyof ReadPort, args: readonly unknown[]): Promise<string> {
    const signal = signalIn(args);
    const said = args.filter((each) => each !== undefined && !(each instanceof AbortSignal));
    let chosen: Pipe | null = null;
    for (const reader of this.#readers) {
      if (reader.alive && (chosen === null || reader.inFlight < chosen.inFlight)) chosen = reader;
    }
    if (chosen === null) throw new Fault('unavailable', true, 'no reader of the store is alive');
    return String(await chosen.ask((id) => [id, method, JSON.stringify(said)], signal));
  }

  async #read<Value>(name: keyof ReadPort, args: readonly unknown[]): Promise<Value> {
    return parseOwn<Value>(await this.#text(name, args));
  }

  #reader<Name extends keyof ReadPort>(name: Name): ReadPort[Name] {
    return ((...args: readonly unknown[]) => this.#read(name, args)) as ReadPort[Name];
  }

  readonly page = this.#reader('page');
  pageText = async (...args: Parameters<ReadPort['pageText']>) => unpackPage(await this.#text('pageText', args));
  readonly message = this.#reader('message');
  readonly messages = this.#reader('messages');
  readonly reactionsOf = this.#reader('reactionsOf');
  readonly reactors = this.#reader('reactors');
  readonly pins = this.#reader('pins');
  readonly nonce = this.#reader('nonce');
  readonly authored = this.#reader('authored');

  readonly guild = this.#reader('guild');
  readonly dm = this.#reader('dm');
  readonly channelOwner = this.#reader('channelOwner');
  readonly invite = this.#reader('invite');
  readonly guildsOf = this.#reader('guildsOf');
  readonly dmsOf = this.#reader('dmsOf');

  readonly user = this.#reader('user');
  readonly users = this.#reader('users');
  readonly userByLogin = this.#reader('userByLogin');
  readonly token = this.#reader('token');
  readonly tokensOf = this.#reader('tokensOf');
  readonly application = this.#reader('application');
  readonly applicationsOf = this.#reader('applicationsOf');
  readonly commandsOf = this.#reader('commandsOf');

  readonly rows = this.#reader('rows');
  readonly tells = this.#reader('tells');
  readonly tellers = this.#reader('tellers');
  heardBy = async (...args: Parameters<ReadPort['heardBy']>) =>
    new Map(await this.#read<[OwnerKey, number][]>('heardBy', args));
  result = (...[owner, commandId]: Parameters<ReadPort['result']>) =>
    this.#read<string | null>('result', [owner, commandId, this.#clock.now()]);
}
