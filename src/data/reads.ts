/** Reads of the service: equal ones that are under way are one query of the store, and its answer is encoded once for all. */
import type { Clock } from '../base/clock.ts';
import type { Snowflake } from '../protocol/ids.ts';
import { Coalescer, type CoalescerLimits } from '../store/coalescer.ts';
import { messages } from '../store/grpc/message-queries.ts';
import { QUERIES, type ReadName } from '../store/grpc/queries.ts';
import { FIELDS, type Form, type Query, RECORD } from '../store/grpc/query.ts';
import { type Fields, rpcOf } from '../store/grpc/wire.ts';
import type { MessagePage, Store } from '../store/ports.ts';
import type { Generations } from './generations.ts';

type AnyQuery = Query<readonly unknown[], unknown>;
type Ask = (...args: readonly unknown[]) => Promise<unknown>;

/** Reads of one channel's messages: what is written elsewhere does not change them. */
const OF_MESSAGES: ReadonlySet<ReadName> = new Set<ReadName>([
  ...(['page', 'message', 'messages', 'reactionsOf', 'reactors', 'pins', 'nonce'] as const),
]);
/** It reads the messages of many channels. */
const ALONE: ReadonlySet<ReadName> = new Set<ReadName>(['authored']);

/** A page of a history, oldest first. */
export interface HistoryPage {
  readonly bytes: Buffer;
  /** The newest message of it; null: there is none. */
  readonly newest: Snowflake | null;
  /** Nothing comes after it. */
  readonly isLast: boolean;
}

type Answer = Buffer | HistoryPage;

export class Reads {
  readonly coalescer: Coalescer<Answer>;

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
    const start = async (left: AbortSignal): Promise<Buffer> =>
      answer.encode(query.answer(await (this.store[name] as Ask)(...args, left), form));
    // Reads of messages leave room for other channels; of the others none waits for another one.
    return this.#share(generation, asked, channel ?? asked, start, signal);
  }

  /** One page of a history, which takes its turn among the reads of its channel. Rejects with Fault, or with the signal's reason. */
  history(query: Omit<MessagePage, 'around'>, form: Form, signal: AbortSignal): Promise<HistoryPage> {
    const { channelId, limit } = query;
    const start = async (left: AbortSignal): Promise<HistoryPage> => {
      const found = await this.store.page({ ...query, around: null }, left);
      // A page is newest first.
      const bytes = rpcOf('History').answer.encode(messages.many.answer(found.toReversed(), form));
      return { bytes, newest: found[0]?.message.id ?? null, isLast: found.length < limit };
    };
    const asked = `History ${form} ${JSON.stringify(query)}`;
    return this.#share(this.#generation('page', channelId), asked, channelId, start, signal);
  }

  /** What is asked says which kind of answer it has. */
  #share<Value extends Answer>(
    generation: number | null,
    asked: string,
    partition: string,
    start: (left: AbortSignal) => Promise<Value>,
    signal: AbortSignal,
  ): Promise<Value> {
    const key = `${generation} ${asked}`;
    const begin = (left: AbortSignal): Promise<Value> => {
      // It may miss what is written from now on.
      if (generation === null) this.coalescer.forget(key);
      return start(left);
    };
    return this.coalescer.share(key, begin, { signal, partition }) as Promise<Value>;
  }

  /** Null: nobody counts what changes it. */
  #generation(name: ReadName, channel: string | null): number | null {
    return ALONE.has(name) ? null : (this.generations?.of(channel) ?? null);
  }
}
