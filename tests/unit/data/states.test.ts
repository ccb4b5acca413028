/** Those who are told the state: at each beat, unless they do not read what they were told. */
import { expect, test } from 'bun:test';
import { Writable } from 'node:stream';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { States } from '../../../src/data/states.ts';
import { rpcOf } from '../../../src/store/grpc/wire.ts';
import type { Store } from '../../../src/store/ports.ts';
import { FakeClock } from '../actor/fake-clock.ts';

const SECOND = 1000;

test('who does not read is told no more, and what is when he has read', async () => {
  const clock = new FakeClock();
  const store: { state: Store['state'] } = { state: 'open' };
  const states = new States(store, clock, 10);
  const stream = new Writable({
    objectMode: true,
    write: (_bytes, _encoding, done) => void reads.push(done),
  });
  const reads: (() => void)[] = [];
  expect(states.add(stream as unknown as ServerWritableStream<unknown, Buffer>, '')).toBeNull();
  for (let second = 0; second < 100; second += 1) await clock.advance(SECOND);
  const most = stream.writableHighWaterMark;
  expect(stream.writableLength).toBe(most);
  const last: unknown[] = [];
  store.state = 'full';
  for (let read = 0; read < most; read += 1) {
    reads.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  stream._write = (bytes, _encoding, done) => {
    last.push(rpcOf('State').answer.decode(bytes).state);
    done();
  };
  await clock.advance(SECOND);
  expect([...new Set(last)]).toEqual(['full']);
  states.close();
});
