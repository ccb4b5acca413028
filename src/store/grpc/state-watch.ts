/** What state the store behind a data service is in, heard from a stream that is opened again whenever it ends. */
import { type ClientReadableStream, type ServiceError, status } from '@grpc/grpc-js';
import type { Clock, Timer } from '../../base/clock.ts';
import type { Fault } from '../../protocol/errors.ts';
import type { Store } from '../ports.ts';
import { Pulse } from '../thread/pulse.ts';
import type { Calls } from './calls.ts';
import { faultOf } from './faults.ts';
import { rpcOf } from './wire.ts';

export interface WatchOptions {
  readonly clock: Clock;
  /** Milliseconds without a word after which the store is `stuck`; the service says one each second. */
  readonly silentMs: number;
  /** Between two tries to reach it. */
  readonly pauseMs: number;
  /** Names the server that owns what is stored; empty: nobody is kept out. */
  readonly claim: string;
}

/** Between two looks whether the service is there. */
const LOOK_MS = 200;

const STATES: ReadonlySet<string> = new Set<Store['state']>(['open', 'full', 'broken', 'stuck', 'closed']);

/** No later try would end otherwise. */
const isFinal = ({ code }: ServiceError): boolean =>
  code === status.UNAUTHENTICATED || code === status.FAILED_PRECONDITION || code === status.UNIMPLEMENTED;

export class StateWatch {
  /** Nobody has answered yet, or the service is gone: nothing can be written. */
  #state: Store['state'] = 'broken';
  readonly #pulse: Pulse;
  /** Resolves at the first word. Rejects when the service refuses this client. */
  readonly first: Promise<void>;
  readonly #met = Promise.withResolvers<void>();
  #stream: ClientReadableStream<Buffer> | null = null;
  #retry: Timer | null = null;
  /** Why it was not reached, the last time. */
  trouble = 'it is silent';

  constructor(
    readonly calls: Pick<Calls, 'watch'>,
    readonly options: WatchOptions,
  ) {
    this.first = this.#met.promise;
    this.first.catch(() => {});
    const { clock, silentMs } = options;
    this.#pulse = new Pulse({ clock, silentMs, everyMs: LOOK_MS });
    this.#open();
  }

  get state(): Store['state'] {
    return this.#state === 'open' && this.#pulse.isSilent ? 'stuck' : this.#state;
  }

  stop(): void {
    this.#state = 'closed';
    this.#pulse.stop();
    this.#retry?.cancel();
    this.#stream?.cancel();
    this.#stream = null;
  }

  #open(): void {
    const { answer } = rpcOf('State');
    const stream = this.calls.watch('State', { claim: this.options.claim });
    this.#stream = stream;
    stream.on('data', (bytes: Buffer) => {
      if (this.#stream === stream) this.#heard(String(answer.decode(bytes).state));
    });
    stream.on('error', (error: ServiceError) => {
      this.trouble = error.details;
      this.#ended(stream, isFinal(error) ? faultOf(error) : null);
    });
    stream.on('end', () => this.#ended(stream, null));
  }

  #heard(state: string): void {
    this.#state = STATES.has(state) ? (state as Store['state']) : 'broken';
    this.#pulse.heard();
    this.#met.resolve();
  }

  #ended(stream: ClientReadableStream<Buffer>, refusal: Fault | null): void {
    if (this.#stream !== stream) return;
    this.#stream = null;
    this.#state = 'broken';
    if (refusal !== null) this.#met.reject(refusal);
    // Another claim may be given up, a token may be mended: it is tried again in any case.
    this.#retry = this.options.clock.after(this.options.pauseMs, () => this.#open());
  }
}
