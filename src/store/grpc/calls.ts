/** One connection to a data service. It comes back by itself; until then calls fail at once. */
import { Client, type ClientDuplexStream, type ClientReadableStream, Metadata, type ServiceError } from '@grpc/grpc-js';
import type { Clock } from '../../base/clock.ts';
import { Fault } from '../../protocol/errors.ts';
import { channelTo } from './channel.ts';
import { faultOf } from './faults.ts';
import { type Fields, rpcOf } from './wire.ts';

export interface CallLimits {
  /** Calls under way; more fail with Fault `overloaded`. */
  readonly calls: number;
  /** Bytes of one answer. */
  readonly answerBytes: number;
}

export interface Asking {
  readonly rpc: string;
  readonly request: Fields;
  /** The call ends then at the latest, here and there. */
  readonly ms: number;
  /** Aborted: nobody waits for it, here or there. */
  readonly signal?: AbortSignal | null;
}

const KEEPALIVE_MS = 5000;
const RECONNECT_MIN_MS = 100;
const RECONNECT_MAX_MS = 1000;

const asBytes = (bytes: Buffer): Buffer => bytes;

export class Calls {
  readonly #client: Client;
  readonly #inFlight = new Set<Promise<unknown>>();
  #isClosed = false;

  /** `address`: `host:port`. `ca`: of TLS, PEM; null: without. */
  constructor(
    address: string,
    readonly token: string,
    readonly clock: Pick<Clock, 'now'>,
    readonly limits: CallLimits,
    ca: Buffer | null = null,
  ) {
    const channel = channelTo(address, ca);
    this.#client = new Client(address, channel.credentials, {
      ...channel.options,
      'grpc.max_receive_message_length': limits.answerBytes,
      'grpc.keepalive_time_ms': KEEPALIVE_MS,
      'grpc.keepalive_timeout_ms': KEEPALIVE_MS,
      'grpc.keepalive_permit_without_calls': 1,
      'grpc.initial_reconnect_backoff_ms': RECONNECT_MIN_MS,
      'grpc.min_reconnect_backoff_ms': RECONNECT_MIN_MS,
      'grpc.max_reconnect_backoff_ms': RECONNECT_MAX_MS,
      // A commit that may have arrived is never sent again by itself.
      'grpc.enable_retries': 0,
      'grpc.use_local_subchannel_pool': 1,
    });
  }

  /** Rejects with Fault only. */
  ask({ rpc, request, ms, signal = null }: Asking): Promise<Fields> {
    if (this.#isClosed) return Promise.reject(new Fault('unavailable', false, 'the store is closed'));
    if (this.#inFlight.size >= this.limits.calls) {
      return Promise.reject(
        new Fault('overloaded', true, `${this.limits.calls} calls of the data service are in flight`),
      );
    }
    const { path, request: requests, answer } = rpcOf(rpc);
    const { promise, resolve, reject } = Promise.withResolvers<Fields>();
    const heard = (error: ServiceError | null, bytes?: Buffer): void => {
      this.#inFlight.delete(promise);
      signal?.removeEventListener('abort', cancel);
      if (error === null) resolve(bytes === undefined ? {} : answer.decode(bytes));
      else reject(faultOf(error));
    };
    const bytes = requests.encode(request);
    const deadline = this.clock.now() + ms;
    this.#inFlight.add(promise);
    const metadata = this.#metadata(request);
    const cancel = (): void => call.cancel();
    const call = this.#client.makeUnaryRequest(path, asBytes, asBytes, bytes, metadata, { deadline }, heard);
    signal?.addEventListener('abort', cancel, { once: true });
    return promise;
  }

  /** An endless answer: messages as bytes. Its errors are events. */
  watch(rpc: string, request: Fields): ClientReadableStream<Buffer> {
    const { path, request: requests } = rpcOf(rpc);
    return this.#client.makeServerStreamRequest(
      path,
      asBytes,
      asBytes,
      requests.encode(request),
      this.#metadata(request),
    );
  }

  /** Messages as bytes both ways. */
  duplex(rpc: string, claim: string): ClientDuplexStream<Buffer, Buffer> {
    const metadata = this.#metadata({});
    if (claim !== '') metadata.set('claim', claim);
    return this.#client.makeBidiStreamRequest(rpcOf(rpc).path, asBytes, asBytes, metadata);
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled([...this.#inFlight]);
    this.#client.close();
  }

  #metadata({ channel_id }: Fields): Metadata {
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${this.token}`);
    if (typeof channel_id === 'string') metadata.set('routing-key', channel_id);
    return metadata;
  }
}
