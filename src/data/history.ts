/** A channel from one time to another as pages, oldest first, at the pace of the reader. */
import type { ServerWritableStream } from '@grpc/grpc-js';
import { z } from 'zod';
import { messages } from '../store/grpc/message-queries.ts';
import { type Form, id, limitTo, maybeId, RECORD } from '../store/grpc/query.ts';
import { type Fields, rpcOf } from '../store/grpc/wire.ts';
import type { Store } from '../store/ports.ts';

const MOST = 100;

const historyForm = z.object({
  channel_id: id,
  after: id.default('0'),
  before: maybeId,
  page: limitTo(MOST).transform((page) => (page === 0 ? MOST : page)),
  form: z.number().transform((form): Form => (form === RECORD ? RECORD : 0)),
});

/** Resolves when everything is written or nobody reads any more. Rejects with ZodError or Fault. One page is read at a time, and none ahead. */
export async function streamHistory(
  store: Pick<Store, 'page'>,
  call: ServerWritableStream<Fields, Buffer>,
  signal: AbortSignal,
): Promise<void> {
  const { channel_id: channelId, before, page: limit, form, ...asked } = historyForm.parse(call.request);
  const { answer } = rpcOf('History');
  for (let { after } = asked; !signal.aborted; ) {
    const found = await store.page({ channelId, after, before, around: null, limit });
    // A page is newest first.
    const bytes = answer.encode(messages.many.answer(found.toReversed(), form));
    if (signal.aborted) return;
    if (found.length > 0 && !call.write(bytes)) await drained(call, signal);
    after = found[0]?.message.id ?? after;
    if (found.length < limit) return;
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
