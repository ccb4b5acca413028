/**
 * A worker as others would build it, to be held beside ours. `BENCH_WORKER=no-turns`: one channel may have as many queries under way as it likes.
 * `BENCH_WORKER=alone`: besides, nobody shares a read. Otherwise it is ours.
 */
import { workerData } from 'node:worker_threads';
import { LIMITS } from '../src/limits.ts';
import { Coalescer, type ShareOptions, type Start } from '../src/store/coalescer.ts';

const kind = process.env.BENCH_WORKER;
const ENDLESS = 1_000_000;

if (kind === 'alone') {
  const { share } = Coalescer.prototype;
  let asked = 0;
  Coalescer.prototype.share = function <Value>(
    this: Coalescer<Value>,
    key: string,
    start: Start<Value>,
    options?: ShareOptions,
  ): Promise<Value> {
    asked += 1;
    return share.call(this, `${key} ${asked}`, start as Start<unknown>, options) as Promise<Value>;
  };
}
if (kind === 'alone' || kind === 'no-turns') {
  const bounds = { flights: ENDLESS, flightsPerChannel: ENDLESS, queries: ENDLESS, queriesPerChannel: ENDLESS };
  Object.assign(LIMITS, bounds);
}
if (workerData !== null) await import('../src/worker.ts');
