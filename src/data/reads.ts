/** Reads of the service: equal ones that are under way are one query of the store, and its answer is encoded once for all. */
import type { Clock } from '../base/clock.ts';
import { Coalescer, type CoalescerLimits } from '../store/coalescer.ts';
import { QUERIES, type ReadName } from '../store/grpc/queries.ts';
import { FIELDS, type Query, RECORD } from '../store/grpc/query.ts';
import { type Fields, rpcOf } from '../store/grpc/wire.ts';
import type { Store } from '../store/ports.ts';
import type { Generations } from './generations.ts';

type AnyQuery = Query<readonly unknown[], unknown>;
type Ask = (...args: readonly unknown[]) => Promise<unknown>;

/** Reads of one channel's messages: what is written elsewhere does not change them. */
const OF_MESSAGES: ReadonlySet<ReadName> = new Set<ReadName>([
  ...(['page', 'message', 'messages', 'reactionsOf', 'reactors', 'pins', 'nonce'] as const),
]);
/** It reads the messages of many channels. */
const ALONE: ReadonlySet<ReadName> = new Set<ReadName>(['authored']);

export class Reads {
  readonly coalescer: Coalescer<Buffer>;

  /** `generations` null: somebody else writes too, so a read may join only one that has not begun. */
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
    const form = request.form === RECORD ? RECORD : FIELDS;
    const channel = OF_MESSAGES.has(name) ? String(request.channel_id) : null;
    const generation = this.#generation(name, channel);
    const asked = `${name} ${JSON.stringify(request)}`;
    const key = `${generation} ${asked}`;
    const start = async (left: AbortSignal): Promise<Buffer> => {
      // It may miss what is written from now on.
      if (generation === null) this.coalescer.forget(key);
      return answer.encode(query.answer(await (this.store[name] as Ask)(...args, left), form));
    };
    // Reads of messages leave room for other channels; of the others none waits for another one.
    return this.coalescer.share(key, start, { signal, partition: channel ?? asked });
  }

  /** Null: nobody counts what changes it. */
  #generation(name: ReadName, channel: string | null): number | null {
    return ALONE.has(name) ? null : (this.generations?.of(channel) ?? null);
  }
}
