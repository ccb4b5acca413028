/** A channel from one time to another as pages, oldest first, at the pace of the reader. */
import type { ServerWritableStream } from '@grpc/grpc-js';
import { z } from 'zod';
import { type Form, id, limitTo, maybeId, RECORD } from '../store/grpc/query.ts';
import type { Fields } from '../store/grpc/wire.ts';
import type { Reads } from './reads.ts';

const MOST = 100;

const historyForm = z.object({
  channel_id: id,
  after: id.default('0'),
  before: maybeId,
  page: limitTo(MOST).transform((page) => (page === 0 ? MOST : page)),
  form: z.number().transform((form): Form => (form === RECORD ? RECORD : 0)),
});

/**
 * Resolves when everything is written or nobody reads any more. Rejects with ZodError, Fault or the signal's reason. One page is read at a time, and
 * none ahead.
 */
export async function streamHistory(
  reads: Pick<Reads, 'history'>,
  call: ServerWritableStream<Fields, Buffer>,
  signal: AbortSignal,
): Promise<void> {
  const { channel_id: channelId, before, page: limit, form, ...asked } = historyForm.parse(call.request);
  for (let { after } = asked; !signal.aborted; ) {
    const { bytes, newest, isLast } = await reads.history({ channelId, after, before, limit }, form, signal);
    if (newest !== null && !call.write(bytes)) await drained(call, signal);
    after = newest ?? after;
    if (isLast) return;
  }
}

/** A long history waits often: what it listened to is let go each time. */
function drained(call: ServerWritableStream<Fields, Buffer>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const go = (): void => {
      call.off('drain', go);
      signal.removeEventListener('abort', go);
      resolve();
    };
    call.on('drain', go);
    signal.addEventListener('abort', go);
  });
}
