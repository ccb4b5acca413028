/** The store as a client of a data service: the port interfaces over gRPC. */
import type { Clock } from '../../base/clock.ts';
import { Fault } from '../../protocol/errors.ts';
import type { OwnerKey } from '../../protocol/ids.ts';
import { textOfPage } from '../page-text.ts';
import { type Batch, type Store, signalIn } from '../ports.ts';
import type { ReadPort } from '../subjects.ts';
import { type CallLimits, Calls } from './calls.ts';
import { QUERIES, type ReadName } from './queries.ts';
import type { Query } from './query.ts';
import { StateWatch } from './state-watch.ts';
import { whyUnreached } from './unreached.ts';
import { WriteStream } from './write-stream.ts';

export interface GrpcLimits extends CallLimits {
  /** Milliseconds until a commit or a fence fails with Fault `timeout`; whether it was stored is unknown until the next fence. */
  readonly commitMs: number;
  readonly readMs: number;
  /** Without a word of the service for so long the store is `stuck`. */
  readonly silentMs: number;
  /** The first word must come by then. */
  readonly connectMs: number;
}

export interface GrpcOptions {
  /** `host:port`. */
  readonly address: string;
  readonly token: string;
  /** Who has signed the certificate of the service, PEM; absent or null: it is called without TLS. */
  readonly ca?: Buffer | null;
  /** Names the server that owns what is stored; empty: it only reads, and keeps nobody out. */
  readonly claim: string;
  readonly clock: Clock;
  readonly limits: GrpcLimits;
}

/** Between two tries to hear the state. */
const PAUSE_MS = 250;

/** Rejects with Fault: nobody answers at the address, or this client is refused. */
export async function connectGrpc(options: GrpcOptions): Promise<Store> {
  const { address, token, claim, clock, limits } = options;
  const calls = new Calls(address, token, clock, limits, options.ca);
  const watch = new StateWatch(calls, { clock, claim, silentMs: limits.silentMs, pauseMs: PAUSE_MS });
  const late = Promise.withResolvers<never>();
  const timer = clock.after(limits.connectMs, () => {
    late.reject(new Fault('unavailable', true, whyUnreached(address, options.ca != null, watch.trouble)));
  });
  try {
    await Promise.race([watch.first, late.promise]);
  } catch (error) {
    watch.stop();
    await calls.close();
    throw error;
  } finally {
    timer.cancel();
  }
  return new GrpcStore(
    calls,
    watch,
    new WriteStream(calls, { clock, claim, deadlineMs: limits.commitMs, maxInFlight: limits.calls }),
    limits,
  );
}

class GrpcStore implements Store {
  constructor(
    readonly calls: Calls,
    readonly watch: StateWatch,
    readonly writes: WriteStream,
    readonly limits: GrpcLimits,
  ) {}

  get state(): Store['state'] {
    return this.watch.state;
  }

  /** Also while it is full: what is loaded is read. */
  async fence(owner: OwnerKey): Promise<number> {
    refuseUnlessThere(this.state);
    return this.writes.ask({ fence: { owner } });
  }

  release(owner: OwnerKey, epoch: number): void {
    this.writes.tell({ release: { owner, epoch } });
  }

  async commit({ owner, epoch, writes }: Batch): Promise<void> {
    refuseUnlessThere(this.state);
    if (this.state === 'full') throw new Fault('full', true, 'the store is full');
    await this.writes.ask({ commit: { owner, epoch, writes: writes.map((write) => JSON.stringify(write)) } });
  }

  /** Waits for what is in flight. */
  async close(): Promise<void> {
    this.watch.stop();
    await this.writes.close();
    await this.calls.close();
  }

  readonly page = this.#read('page');
  pageText = async (...args: Parameters<ReadPort['pageText']>) => textOfPage(await this.page(...args));
  readonly message = this.#read('message');
  readonly messages = this.#read('messages');
  readonly reactionsOf = this.#read('reactionsOf');
  readonly reactors = this.#read('reactors');
  readonly pins = this.#read('pins');
  readonly nonce = this.#read('nonce');
  readonly authored = this.#read('authored');
  readonly guild = this.#read('guild');
  readonly dm = this.#read('dm');
  readonly channelOwner = this.#read('channelOwner');
  readonly invite = this.#read('invite');
  readonly user = this.#read('user');
  readonly users = this.#read('users');
  readonly userByLogin = this.#read('userByLogin');
  readonly guildsOf = this.#read('guildsOf');
  readonly dmsOf = this.#read('dmsOf');
  readonly heardBy = this.#read('heardBy');
  readonly token = this.#read('token');
  readonly tokensOf = this.#read('tokensOf');
  readonly application = this.#read('application');
  readonly applicationsOf = this.#read('applicationsOf');
  readonly commandsOf = this.#read('commandsOf');
  readonly rows = this.#read('rows');
  readonly tells = this.#read('tells');
  readonly tellers = this.#read('tellers');
  readonly result = this.#read('result');

  #read<Name extends ReadName>(name: Name): ReadPort[Name] {
    const query = QUERIES[name] as unknown as Query<readonly unknown[], unknown>;
    const read = async (...args: readonly unknown[]): Promise<unknown> => {
      const [signal, ms] = [signalIn(args), this.limits.readMs];
      signal?.throwIfAborted();
      return query.value(await this.calls.ask({ rpc: query.rpc, request: query.request(...args), ms, signal }));
    };
    return read as unknown as ReadPort[Name];
  }
}

/** The service may be there and belong to another server by now: its owners are not to be taken over. */
function refuseUnlessThere(state: Store['state']): void {
  if (state === 'closed') throw new Fault('unavailable', false, 'the store is closed');
  if (state === 'stuck') throw new Fault('stuck', false, 'the data service does not answer');
  if (state === 'broken') throw new Fault('broken', true, 'the data service does not accept writes');
}
