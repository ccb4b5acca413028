/** The coalescer beside a naive one, over random orders of asking, leaving, ending, failing, forgetting and waiting. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { Fault } from '../../../src/protocol/errors.ts';
import { Coalescer } from '../../../src/store/coalescer.ts';
import { FakeClock } from '../actor/fake-clock.ts';

const DEADLINE_MS = 100;

/** Every ask in order, and what became of each: nothing is merged by cleverness, everything is looked up. */
interface NaiveRead {
  readonly key: string;
  readonly began: number;
  readonly asks: Set<number>;
  state: 'joinable' | 'forgotten' | 'over';
}

class Naive {
  readonly reads: NaiveRead[] = [];
  readonly said = new Map<number, string>();

  ask(ask: number, key: string, now: number): boolean {
    const joined = this.reads.find((read) => read.key === key && read.state === 'joinable');
    joined?.asks.add(ask);
    if (joined === undefined) this.reads.push({ key, began: now, asks: new Set([ask]), state: 'joinable' });
    return joined === undefined;
  }

  end(read: number, said: string): void {
    const one = this.reads[read];
    if (one === undefined || one.state === 'over') return;
    one.state = 'over';
    for (const ask of one.asks) this.said.set(ask, said);
  }

  leave(ask: number): void {
    const read = this.reads.find(({ asks, state }) => state !== 'over' && asks.has(ask));
    if (read === undefined) return;
    read.asks.delete(ask);
    this.said.set(ask, 'left');
    if (read.asks.size === 0) read.state = 'over';
  }

  forget(key: string): void {
    for (const read of this.reads) if (read.key === key && read.state === 'joinable') read.state = 'forgotten';
  }

  pass(now: number): void {
    for (const [nth, read] of this.reads.entries()) if (now - read.began >= DEADLINE_MS) this.end(nth, 'timeout');
  }
}

const key = fc.constantFrom('a', 'b', 'c');
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ act: fc.constant('ask' as const), key, throws: fc.constantFrom(false, false, false, true) }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constantFrom('succeed' as const, 'fail' as const), nth: fc.nat(12) }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constant('leave' as const), nth: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('forget' as const), key }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 80 }) }) },
);
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

class Trial {
  readonly clock = new FakeClock();
  readonly naive = new Naive();
  readonly limits = { running: 50, runningPerLane: 50, waiting: 50, waitingPerLane: 50, deadlineMs: DEADLINE_MS };
  readonly coalescer = new Coalescer<string>(this.clock, this.limits);
  readonly reads: ReturnType<typeof Promise.withResolvers<string>>[] = [];
  readonly asks: AbortController[] = [];
  readonly said = new Map<number, string>();
  readonly began = this.clock.now();

  run(one: Step): void | Promise<void> {
    if (one.act === 'ask') return this.#ask(one.key, one.throws);
    if (one.act === 'forget') {
      this.coalescer.forget(one.key);
      this.naive.forget(one.key);
    } else if (one.act === 'leave') {
      this.asks[one.nth]?.abort('left');
      this.naive.leave(one.nth);
    } else if (one.act === 'wait') return this.#wait(one.ms);
    else if (one.act === 'succeed') {
      this.reads[one.nth]?.resolve(`read ${one.nth}`);
      this.naive.end(one.nth, `read ${one.nth}`);
    } else {
      this.reads[one.nth]?.reject(new Error(`broken ${one.nth}`));
      this.naive.end(one.nth, `broken ${one.nth}`);
    }
  }

  #ask(name: string, throws: boolean): void {
    const ask = this.asks.length;
    const own = new AbortController();
    this.asks.push(own);
    const nth = this.reads.length;
    const isNew = this.naive.ask(ask, name, this.clock.now());
    if (isNew && throws) this.naive.end(nth, `thrown ${nth}`);
    const start = (): Promise<string> => {
      const read = Promise.withResolvers<string>();
      read.promise.catch(() => {});
      this.reads.push(read);
      if (throws) throw new Error(`thrown ${nth}`);
      return read.promise;
    };
    this.coalescer.share(name, start, { signal: own.signal }).then(
      (value) => this.said.set(ask, value),
      (error) =>
        this.said.set(ask, error instanceof Fault ? error.code : error instanceof Error ? error.message : error),
    );
  }

  async #wait(ms: number): Promise<void> {
    await this.clock.advance(ms);
    this.naive.pass(this.clock.now());
  }

  async check(): Promise<void> {
    await this.clock.settle();
    expect([...this.said].sort(([a], [b]) => a - b)).toEqual([...this.naive.said].sort(([a], [b]) => a - b));
    expect(this.reads.length).toBe(this.naive.reads.length);
    expect(this.coalescer.size).toBe(this.naive.reads.filter(({ state }) => state === 'joinable').length);
  }
}

test('every ask hears what the naive one says, in every order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const trial = new Trial();
      for (const one of steps) {
        await trial.run(one);
        await trial.check();
      }
      // Everything ends by itself, and nothing stays behind.
      await trial.run({ act: 'wait', ms: DEADLINE_MS });
      for (const read of trial.reads) read.resolve('late');
      await trial.check();
      expect([trial.said.size, trial.coalescer.size, trial.coalescer.running, trial.clock.timers]).toEqual([
        trial.asks.length,
        0,
        0,
        0,
      ]);
    }),
    { numRuns: 200 },
  );
});
