/**
 * Writes as a stream: begun in the order they come, answered when they are done, the answers of one turn of the loop in one message. Who does not read
 * his answers is not read either.
 */
import type { ServerDuplexStream } from '@grpc/grpc-js';
import { z } from 'zod';
import type { Clock } from '../base/clock.ts';
import { Fault } from '../protocol/errors.ts';
import { sentenceOf } from '../store/grpc/faults.ts';
import { listOf } from '../store/grpc/query.ts';
import { type Fields, rpcOf } from '../store/grpc/wire.ts';
import { ReadOnly, type Writer } from './writer.ts';

export interface WriteStreamOptions {
  readonly clock: Pick<Clock, 'defer'>;
  readonly limits: {
    /** Writes of one stream that wait for their answer; one more is refused. */
    readonly calls: number;
  };
  readonly report: (error: unknown) => void;
}

/** Answers of one message: no client's bound of a message is reached. */
const MOST = 1000;
/** Bytes of answers that wait for a client who does not read; beyond, nothing more is read of him. */
const MOST_UNREAD = 1 << 20;

interface Op {
  readonly id: number;
  readonly commit?: Fields;
  readonly fence?: Fields;
  readonly release?: Fields;
}

/** `writer` is asked before each write and throws Fault: the claim under which they are made may be lost while the stream lives. */
export function serveWrites(
  call: ServerDuplexStream<Fields, Buffer>,
  writer: () => Writer,
  { clock, limits, report }: WriteStreamOptions,
): void {
  const { answer } = rpcOf('Write');
  let isOpen = true;
  let hasEnded = false;
  let inHand = 0;
  let done: Fields[] = [];
  let unread = 0;
  const write = (bytes: Buffer): void => {
    unread += bytes.length;
    if (unread > MOST_UNREAD) call.pause();
    call.write(bytes, () => {
      unread -= bytes.length;
      if (unread <= MOST_UNREAD) call.resume();
    });
  };
  const flush = (): void => {
    if (isOpen && done.length > 0) write(answer.encode({ done }));
    done = [];
    if (isOpen && hasEnded && inHand === 0) call.end();
  };
  const say = (each: Fields): void => {
    if (done.length === 0) clock.defer(flush);
    done.push(each);
    if (done.length >= MOST) flush();
  };
  const take = async (op: Op): Promise<void> => {
    if (inHand >= limits.calls)
      return say({ id: op.id, ...failed(new Fault('overloaded', true, 'too many writes wait'), report) });
    inHand += 1;
    try {
      const epoch = await perform(writer(), op);
      if (op.release === undefined) say({ id: op.id, epoch });
    } catch (error) {
      if (op.release === undefined) say({ id: op.id, ...failed(error, report) });
    } finally {
      inHand -= 1;
    }
  };
  call.on('data', (request: Fields) => {
    for (const op of listOf<Op>(request, 'ops')) void take(op);
  });
  call.on('cancelled', () => {
    isOpen = false;
  });
  call.on('end', () => {
    hasEnded = true;
    clock.defer(flush);
  });
}

/** The epoch of a fence, else 0. */
async function perform(writer: Writer, { commit, fence, release }: Op): Promise<number> {
  if (fence !== undefined) return writer.fence(fence);
  if (commit !== undefined) await writer.commit(commit);
  if (release !== undefined) writer.release(release);
  return 0;
}

function failed(error: unknown, report: (error: unknown) => void): Fields {
  if (error instanceof Fault) return { fault: error.code, details: sentenceOf(error), retryable: error.retryable };
  if (error instanceof ReadOnly) return { fault: 'broken', details: error.message, retryable: false };
  if (error instanceof z.ZodError) {
    const [issue] = error.issues;
    return { fault: 'broken', details: `${issue?.path.join('.')}: ${issue?.message}`, retryable: false };
  }
  report(error);
  return { fault: 'broken', details: 'a bug of the data service', retryable: false };
}
