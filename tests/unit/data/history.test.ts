/** A long history to a slow reader. */
import { expect, test } from 'bun:test';
import { EventEmitter } from 'node:events';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { realClock } from '../../../src/base/clock.ts';
import { Generations } from '../../../src/data/generations.ts';
import { streamHistory } from '../../../src/data/history.ts';
import { Reads } from '../../../src/data/reads.ts';
import type { Fields } from '../../../src/store/grpc/wire.ts';
import { MemoryStore } from '../../../src/store/memory/store.ts';
import { actor } from '../../conformance/store-cases.ts';
import { messageRecord, mint } from '../../conformance/store-records.ts';
import { SERVER_LIMITS } from '../../support/data-limits.ts';

/** Counts who listens. */
function counted(signal: AbortSignal): { readonly signal: AbortSignal; most: number } {
  const heard = new Set<unknown>();
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  const made = { signal, most: 0 };
  signal.addEventListener = (name: string, listener: EventListener): void => {
    heard.add(listener);
    made.most = Math.max(made.most, heard.size);
    add(name, listener);
  };
  signal.removeEventListener = (name: string, listener: EventListener): void => {
    heard.delete(listener);
    remove(name, listener);
  };
  return made;
}

test('a reader who is waited for at each page leaves nothing behind, and one who goes away ends it', async () => {
  const store = new MemoryStore({ clock: realClock });
  const { commit } = await actor(store);
  const channelId = mint();
  for (let n = 0; n < 40; n += 1) await commit({ w: 'putMessage', message: messageRecord(channelId, mint()) });
  const reads = new Reads(store, new Generations(10), realClock, SERVER_LIMITS);
  let pages = 0;
  const controller = new AbortController();
  const listened = counted(controller.signal);
  const call = Object.assign(new EventEmitter(), {
    request: { channel_id: channelId, page: 1, form: 0 },
    write: () => {
      pages += 1;
      // The last one never reads on: he goes away.
      queueMicrotask(() => (pages === 40 ? controller.abort() : call.emit('drain')));
      return false;
    },
  });
  await streamHistory(reads, call as unknown as ServerWritableStream<Fields, Buffer>, listened.signal);
  expect(pages).toBe(40);
  expect(listened.most).toBe(1);
  expect(call.listenerCount('drain')).toBe(0);
});
