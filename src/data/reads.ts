/** Reads of the service: equal ones that are under way are one query of the store, and its answer is encoded once for all. */

import type { Clock } from '../base/clock.ts';
import { Coalescer, type CoalescerLimits } from '../store/coalescer.ts';
import { QUERIES, type ReadName } from '../store/grpc/queries.ts';
import type { Form, Query } from '../store/grpc/query.ts';
import { type Fields, rpcOf } from '../store/grpc/wire.ts';
import type { Store } from '../store/ports.ts';
import type { Generations } from './generations.ts';

type AnyQuery = Query<readonly unknown[], unknown>;

export class Reads {
  readonly coalescer: Coalescer<Buffer>;

  /** `generations` null: somebody else writes too, so no read may join another one. */
  constructor(
    readonly store: Store,
    readonly generations: Generations | null,
    clock: Pick<Clock, 'after'>,
    limits: CoalescerLimits,
  ) {
    this.coalescer = new Coalescer(clock, limits);
  }

  /** The encoded answer. Throws ZodError when the request is none; rejects with Fault, or with the signal's reason. */
  read(name: ReadName, request: Fields, signal: AbortSignal): Promise<Buffer> {
    const query = QUERIES[name] as unknown as AnyQuery;
    const { answer } = rpcOf(query.rpc);
    const args = query.args.parse(request);
    const form: Form = request.form === 1 ? 1 : 0;
    const ask = this.store[name] as (...args: readonly unknown[]) => Promise<unknown>;
    const start = async (): Promise<Buffer> => answer.encode(query.answer(await ask(...args), form));
    const channel = typeof request.channel_id === 'string' ? request.channel_id : null;
    return this.coalescer.share(this.#keyOf(query.rpc, request, channel), start, { signal, partition: channel ?? '' });
  }

  #alone = 0;

  #keyOf(rpc: string, request: Fields, channel: string | null): string {
    this.#alone += 1;
    const generation = this.generations === null ? `alone ${this.#alone}` : this.generations.of(channel);
    return `${rpc} ${generation} ${JSON.stringify(request)}`;
  }
}
