/** The store over gRPC (proto/data.proto): one call per query, shared by all who ask the same at once. It decides nothing. */
import type { EventEmitter } from 'node:events';
import {
  type Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { z } from 'zod';
import type { Clock } from '../base/clock.ts';
import { counter, type Family, gauge, Tally } from '../base/metrics.ts';
import { Fault } from '../protocol/errors.ts';
import type { CoalescerLimits } from '../store/coalescer.ts';
import { type Failure, failure, failureOf } from '../store/grpc/faults.ts';
import { QUERIES, type ReadName } from '../store/grpc/queries.ts';
import { type Fields, RPCS, type Rpc, rpcOf } from '../store/grpc/wire.ts';
import type { Store } from '../store/ports.ts';
import { Access } from './access.ts';
import { Generations } from './generations.ts';
import { streamHistory } from './history.ts';
import { Reads } from './reads.ts';
import { States } from './states.ts';
import { serveWrites } from './write-stream.ts';
import { READ_ONLY, ReadOnly, Writer } from './writer.ts';

export interface DataLimits extends CoalescerLimits {
  /** Calls in hand; one more is refused. */
  readonly calls: number;
  /** Bytes of one request. */
  readonly requestBytes: number;
  /** Channels whose last change is remembered. */
  readonly channels: number;
  /** Streams of one kind at once. */
  readonly streams: number;
  /** From closing to the end of the calls in hand. */
  readonly stopMs: number;
}

export interface DataOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly token: string;
  /** PEM; null: it speaks without TLS. */
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | null;
  /** False: another one writes to the store too. Only reads that wait for their turn are shared then, and writes are refused. */
  readonly isOnlyWriter: boolean;
  readonly limits: DataLimits;
  /** What Metrics answers. */
  readonly printMetrics: () => Promise<string>;
  /** Hears of every error that is nobody's fault but ours. */
  readonly report: (error: unknown) => void;
}

type Unary = ServerUnaryCall<Fields, Buffer>;
type Stream = ServerWritableStream<Fields, Buffer>;
type Duplex = ServerDuplexStream<Fields, Buffer>;
/** `writer`: under the claim that the call has. */
type Handle = (request: Fields, signal: AbortSignal, writer: () => Writer) => Promise<Buffer>;

export class DataServer {
  readonly #server: Server;
  readonly #access: Access;
  readonly #reads: Reads;
  readonly #states: States;
  readonly #writer: Writer;
  readonly #calls = new Tally(CALLS);
  #inHand = 0;
  #histories = 0;
  #writes = 0;
  #port = 0;

  private constructor(readonly options: DataOptions) {
    const { store, clock, limits, isOnlyWriter, token } = options;
    this.#access = new Access(token);
    const generations = isOnlyWriter ? new Generations(limits.channels) : null;
    this.#writer = new Writer(store, generations);
    this.#reads = new Reads(store, generations, clock, limits);
    this.#states = new States(store, clock, limits.streams);
    this.#server = new Server({
      'grpc.max_receive_message_length': limits.requestBytes,
      'grpc.keepalive_time_ms': 10_000,
      'grpc.keepalive_timeout_ms': 5000,
    });
    this.#server.addService(definition(), this.#implementation());
  }

  /** Rejects when the address is taken or there is none like it. */
  static async open(options: DataOptions): Promise<DataServer> {
    const server = new DataServer(options);
    const { host, port, tls } = options;
    const credentials =
      tls === null
        ? ServerCredentials.createInsecure()
        : ServerCredentials.createSsl(null, [{ cert_chain: tls.cert, private_key: tls.key }]);
    const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    server.#port = await new Promise<number>((resolve, reject) => {
      server.#server.bindAsync(address, credentials, (error, bound) =>
        error === null ? resolve(bound) : reject(new Error(`cannot listen on ${address}: ${error.message}`)),
      );
    });
    return server;
  }

  get port(): number {
    return this.#port;
  }

  /** Calls in hand may end; what is left after the time for it is cut. */
  async close(): Promise<void> {
    const { clock, limits } = this.options;
    this.#states.close();
    await new Promise<void>((resolve) => {
      const timer = clock.after(limits.stopMs, () => this.#server.forceShutdown());
      this.#server.tryShutdown(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  measure(): Family[] {
    return [
      counter(
        'guildhall_data_calls_total',
        'Calls of the data service, by outcome.',
        this.#calls.entries,
        'call|status',
      ),
      gauge('guildhall_data_calls_in_hand', 'Calls of the data service under way.', this.#inHand + this.#histories),
      ...this.#reads.coalescer.measure('guildhall_data_reads', 'Reads that the data service was asked for'),
    ];
  }

  // --- calls

  #implementation(): UntypedServiceImplementation {
    const handlers: [string, Handle][] = [
      ...(Object.keys(QUERIES) as ReadName[]).map((name): [string, Handle] => [
        QUERIES[name].rpc,
        (request, signal) => this.#reads.read(name, request, signal),
      ]),
      ['Fence', async (request, _, writer) => rpcOf('Fence').answer.encode({ epoch: await writer().fence(request) })],
      ['Commit', async (request, _, writer) => (await writer().commit(request)) ?? NOTHING],
      ['Release', async (request, _, writer) => writer().release(request) ?? NOTHING],
      ['Metrics', async () => rpcOf('Metrics').answer.encode({ text: await this.options.printMetrics() })],
    ];
    return {
      ...Object.fromEntries(
        handlers.map(([rpc, handle]) => [
          rpc,
          (call: Unary, answer: sendUnaryData<Buffer>) => void this.#serve(rpc, handle, call, answer),
        ]),
      ),
      History: (call: Stream) => void this.#history(call),
      State: (call: Stream) => this.#state(call),
      Write: (call: Duplex) => this.#write(call),
    };
  }

  async #serve(rpc: string, handle: Handle, call: Unary, answer: sendUnaryData<Buffer>): Promise<void> {
    const refusal = this.#refusal(call.metadata, this.#inHand);
    if (refusal !== null) return this.#fail(rpc, refusal, answer);
    this.#inHand += 1;
    try {
      const bytes = await handle(call.request, signalOf(call), () => this.#writerUnder(call.metadata));
      this.#calls.add(`${rpc}|OK`);
      answer(null, bytes);
    } catch (error) {
      this.#fail(rpc, this.#failureOf(error), answer);
    } finally {
      this.#inHand -= 1;
    }
  }

  #fail(rpc: string, said: Failure, answer: (error: Failure) => void): void {
    this.#calls.add(`${rpc}|${status[said.code]}`);
    answer(said);
  }

  #refusal(metadata: Metadata, inHand: number): Failure | null {
    if (!this.#access.allows(metadata)) return failure(status.UNAUTHENTICATED, 'the token is missing or wrong');
    if (inHand < this.options.limits.calls) return null;
    return failureOf(new Fault('overloaded', true, `${inHand} calls are in hand`));
  }

  #streamRefusal(streams: number): Failure | null {
    return streams >= this.options.limits.streams ? TOO_MANY : null;
  }

  #failureOf(error: unknown): Failure {
    if (error instanceof Fault) return failureOf(error);
    if (error instanceof ReadOnly) return failure(status.FAILED_PRECONDITION, error.message);
    if (error instanceof Cancelled) return failure(status.CANCELLED, 'cancelled');
    if (error instanceof z.ZodError) {
      const [issue] = error.issues;
      return failure(status.INVALID_ARGUMENT, `${issue?.path.join('.')}: ${issue?.message}`);
    }
    this.options.report(error);
    return failure(status.INTERNAL, 'a bug of the data service');
  }

  // --- streams

  async #history(call: Stream): Promise<void> {
    const refusal = this.#refusal(call.metadata, this.#inHand) ?? this.#streamRefusal(this.#histories);
    if (refusal !== null) return this.#fail('History', refusal, (said) => end(call, said));
    this.#histories += 1;
    try {
      await streamHistory(this.#reads, call, signalOf(call));
      this.#calls.add('History|OK');
      call.end();
    } catch (error) {
      this.#fail('History', this.#failureOf(error), (said) => end(call, said));
    } finally {
      this.#histories -= 1;
    }
  }

  #state(call: Stream): void {
    const refusal = this.#refusal(call.metadata, 0);
    if (refusal !== null) return this.#fail('State', refusal, (said) => end(call, said));
    const claim = String(call.request.claim);
    const why = this.#claimRefusal(claim) ?? this.#states.add(call, claim);
    if (why === null) return;
    const said = why === 'full' ? TOO_MANY : failure(status.FAILED_PRECONDITION, claimRefusal(why));
    this.#fail('State', said, (error) => end(call, error));
  }

  #write(call: Duplex): void {
    const refusal = this.#refusal(call.metadata, 0) ?? this.#streamRefusal(this.#writes);
    if (refusal !== null) return this.#fail('Write', refusal, (said) => end(call, said));
    this.#calls.add('Write|OK');
    this.#writes += 1;
    call.once('close', () => {
      this.#writes -= 1;
    });
    serveWrites(call, () => this.#writerUnder(call.metadata), this.options);
  }

  /**
   * Asked for each write, as the claim of a call may be lost while that lives: throws Fault when it is not held. Beside a server that writes nobody can
   * hold one, and the writer itself refuses.
   */
  #writerUnder(metadata: Metadata): Writer {
    const claim = metadata.get('claim')[0]?.toString() ?? '';
    if (this.options.isOnlyWriter && !this.#states.holds(claim)) throw new Fault('broken', true, NOT_HELD);
    return this.#writer;
  }

  #claimRefusal(claim: string): 'notOurs' | null {
    return claim !== '' && !this.options.isOnlyWriter ? 'notOurs' : null;
  }
}

/** Ends of calls that are printed as 0 before the first of them: that it was done, and what alerts look for. */
const CALLS = [...RPCS.keys()].flatMap((rpc) =>
  (['OK', 'UNAUTHENTICATED', 'RESOURCE_EXHAUSTED', 'DEADLINE_EXCEEDED', 'UNAVAILABLE', 'INTERNAL'] as const).map(
    (code) => `${rpc}|${code}`,
  ),
);
const NOTHING = Buffer.alloc(0);
const NOT_HELD = 'the claim on what is stored is not held';
const TOO_MANY = failureOf(new Fault('overloaded', true, 'too many streams'));

/** Nobody waits for the answer. */
class Cancelled extends Error {
  override readonly name = 'Cancelled';
}

const claimRefusal = (why: 'notOurs' | { readonly holder: string }): string =>
  why === 'notOurs'
    ? READ_ONLY
    : `what is stored belongs to another Guildhall as long as it runs (it calls from ${why.holder}). Stop it, or give this one a data service of its own.`;

/** Aborted when the caller goes away or his deadline has passed. */
function signalOf(call: Unary | Stream): AbortSignal {
  const controller = new AbortController();
  (call as EventEmitter).on('cancelled', () => controller.abort(new Cancelled()));
  return controller.signal;
}

const end = (call: Stream | Duplex, said: Failure): void => void (call as EventEmitter).emit('error', said);

/** Answers are bytes already: one encoding serves all who asked. */
function definition() {
  const asBytes = (bytes: Buffer): Buffer => bytes;
  const methodOf = ({ name, path, isRequestStream, isStream, request }: Rpc) => [
    name,
    {
      path,
      requestStream: isRequestStream,
      responseStream: isStream,
      requestSerialize: request.encode,
      requestDeserialize: request.decode,
      responseSerialize: asBytes,
      responseDeserialize: asBytes,
    },
  ];
  return Object.fromEntries([...RPCS.values()].map(methodOf));
}
