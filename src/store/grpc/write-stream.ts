/** Writes over one ordered stream: what is asked in one turn of the loop is one message. Every ask ends. A stream that broke is opened again by the next ask. */
import type { ClientDuplexStream, ServiceError } from '@grpc/grpc-js';
import type { Clock, Timer } from '../../base/clock.ts';
import { Fault } from '../../protocol/errors.ts';
import type { Calls } from './calls.ts';
import { codeOf, faultOf } from './faults.ts';
import { listOf } from './query.ts';
import { type Fields, rpcOf } from './wire.ts';

export interface WriteStreamOptions {
  readonly clock: Clock;
  /** What is asked is done as long as this claim is held; empty: never. */
  readonly claim: string;
  /** Milliseconds until an ask that is not answered fails with Fault `timeout`. */
  readonly deadlineMs: number;
  /** Asks in flight; more fail with Fault `overloaded`. */
  readonly maxInFlight: number;
}

interface Pending {
  readonly promise: Promise<number>;
  readonly resolve: (epoch: number) => void;
  readonly reject: (fault: Fault) => void;
  /** Of the clock that never steps back. */
  readonly deadline: number;
}

interface Done {
  readonly id: number;
  readonly epoch: number;
  readonly fault?: string;
  readonly details: string;
  readonly retryable: boolean;
}

/** Characters of one message; a single batch may be larger. */
const MESSAGE_SIZE = 1 << 20;

export class WriteStream {
  /** In the order of their deadlines, which is that of asking. */
  readonly #pending = new Map<number, Pending>();
  #stream: ClientDuplexStream<Buffer, Buffer> | null = null;
  #out: Fields[] = [];
  #nextId = 1;
  #timer: Timer | null = null;
  #isClosed = false;

  constructor(
    readonly calls: Pick<Calls, 'duplex'>,
    readonly options: WriteStreamOptions,
  ) {}

  /** `op`: one of `commit`, `fence`, `release`. The epoch of a fence, else 0. */
  ask(op: Fields): Promise<number> {
    const { clock, deadlineMs, maxInFlight } = this.options;
    if (this.#isClosed) return Promise.reject(new Fault('unavailable', false, 'the store is closed'));
    if (this.#pending.size >= maxInFlight) {
      return Promise.reject(new Fault('overloaded', true, `${maxInFlight} writes are in flight`));
    }
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#pending.set(id, { promise, resolve, reject, deadline: clock.monotonic() + deadlineMs });
    this.#post({ id, ...op });
    if (this.#timer === null) this.#arm(deadlineMs);
    return promise;
  }

  /** Nobody hears what became of it. */
  tell(op: Fields): void {
    if (!this.#isClosed) this.#post({ id: 0, ...op });
  }

  /** Waits for what is in flight; deadlines see to it that it ends. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#flush();
    while (this.#pending.size > 0) await Promise.allSettled([...this.#pending.values()].map(({ promise }) => promise));
    this.#timer?.cancel();
    this.#stream?.end();
  }

  #post(op: Fields): void {
    if (this.#out.length === 0) this.options.clock.defer(() => this.#flush());
    this.#out.push(op);
  }

  #flush(): void {
    const ops = this.#out;
    this.#out = [];
    if (ops.length === 0) return;
    this.#stream ??= this.#open();
    const { request } = rpcOf('Write');
    for (let from = 0; from < ops.length; ) {
      let to = from;
      for (let size = 0; to < ops.length && size < MESSAGE_SIZE; to += 1) size += sizeOf(ops[to] ?? {});
      this.#stream.write(request.encode({ ops: ops.slice(from, to) }));
      from = to;
    }
  }

  #open(): ClientDuplexStream<Buffer, Buffer> {
    const { answer } = rpcOf('Write');
    const stream = this.calls.duplex('Write', this.options.claim);
    stream.on('data', (bytes: Buffer) => {
      for (const done of listOf<Done>(answer.decode(bytes), 'done')) this.#hear(done);
    });
    stream.on('error', (error: ServiceError) => this.#broke(stream, faultOf(error)));
    stream.on('end', () =>
      this.#broke(stream, new Fault('unavailable', true, 'the data service has ended the stream')),
    );
    return stream;
  }

  #hear({ id, epoch, fault, details, retryable }: Done): void {
    // An answer after its deadline finds nobody.
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (fault === undefined) pending?.resolve(epoch);
    else pending?.reject(new Fault(codeOf(fault), retryable, details));
  }

  /** What it had may be done or not. */
  #broke(stream: ClientDuplexStream<Buffer, Buffer>, fault: Fault): void {
    if (this.#stream !== stream) return;
    this.#stream = null;
    for (const { reject } of this.#pending.values()) reject(fault);
    this.#pending.clear();
  }

  #arm(ms: number): void {
    const { clock, deadlineMs } = this.options;
    this.#timer = clock.after(ms, () => {
      this.#timer = null;
      const now = clock.monotonic();
      for (const [id, { deadline, reject }] of this.#pending) {
        if (deadline > now) {
          this.#arm(deadline - now);
          return;
        }
        this.#pending.delete(id);
        reject(new Fault('timeout', true, `the data service did not answer within ${deadlineMs} ms`));
      }
    });
  }
}

function sizeOf({ commit }: Fields): number {
  const { writes = [] } = (commit ?? {}) as { readonly writes?: readonly string[] };
  return writes.reduce((size, write) => size + write.length, 100);
}
