/** Bare calls of a data server, as a client of any language makes them: what it sends is what the test says. */
import { once } from 'node:events';
import {
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import { type Fields, rpcOf } from '../../src/store/grpc/wire.ts';

export interface Called {
  readonly answer: Promise<Fields>;
  cancel(): void;
}

export interface CallOptions {
  /** Null: none is sent. */
  readonly authorization?: string | null;
  /** Under which it writes. */
  readonly claim?: string;
  readonly ms?: number;
}

const asBytes = (bytes: Buffer): Buffer => bytes;

export class DataCaller implements Disposable {
  readonly #client: Client;

  constructor(
    port: number,
    readonly token: string,
  ) {
    this.#client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
      'grpc.use_local_subchannel_pool': 1,
    });
  }

  /** Its answer rejects with grpc's own error. */
  call(name: string, request: Fields, options: CallOptions = {}): Called {
    const { path, request: requests, answer } = rpcOf(name);
    const { promise, resolve, reject } = Promise.withResolvers<Fields>();
    const heard = (error: ServiceError | null, bytes?: Buffer): void => {
      if (error === null) resolve(answer.decode(bytes ?? Buffer.alloc(0)));
      else reject(error);
    };
    const deadline = Date.now() + (options.ms ?? 10_000);
    const metadata = this.#metadata(options);
    const call = this.#client.makeUnaryRequest(
      path,
      asBytes,
      asBytes,
      requests.encode(request),
      metadata,
      { deadline },
      heard,
    );
    promise.catch(() => {});
    return { answer: promise, cancel: () => call.cancel() };
  }

  /** The code a call fails with; 0: it did not. */
  async codeOf(name: string, request: Fields, options: CallOptions = {}): Promise<number> {
    return this.call(name, request, options).answer.then(
      () => 0,
      (error: ServiceError) => error.code,
    );
  }

  stream(name: string, request: Fields, options: CallOptions = {}): ClientReadableStream<Fields> {
    const { path, request: requests, answer } = rpcOf(name);
    const metadata = this.#metadata(options);
    return this.#client.makeServerStreamRequest(path, asBytes, answer.decode, requests.encode(request), metadata);
  }

  /** Messages both ways. */
  duplex(name: string, options: CallOptions = {}): ClientDuplexStream<Fields, Fields> {
    const { path, request, answer } = rpcOf(name);
    return this.#client.makeBidiStreamRequest(path, request.encode, answer.decode, this.#metadata(options));
  }

  /** Until it is cancelled. Resolves when it is held. */
  async claim(name: string): Promise<ClientReadableStream<Fields>> {
    const held = this.stream('State', { claim: name });
    await once(held, 'data');
    held.on('error', () => {});
    return held;
  }

  #metadata({ authorization = `Bearer ${this.token}`, claim }: CallOptions): Metadata {
    const metadata = new Metadata();
    if (authorization !== null) metadata.set('authorization', authorization);
    if (claim !== undefined) metadata.set('claim', claim);
    return metadata;
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}
