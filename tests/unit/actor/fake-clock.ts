/** Time that stands still until a test moves it. Deferred tasks run when told, so a "turn of the loop" is a call. */
import type { Clock, Timer } from '../../../src/base/clock.ts';

export class FakeClock implements Clock {
  #now = 1_700_000_000_000;
  readonly #timers = new Set<{ at: number; task: () => void }>();
  #deferred: (() => void)[] = [];

  now = (): number => this.#now;
  monotonic = (): number => this.#now;

  after = (ms: number, task: () => void): Timer => {
    const timer = { at: this.#now + ms, task };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  };

  defer = (task: () => void): void => void this.#deferred.push(task);

  get timers(): number {
    return this.#timers.size;
  }

  /** Runs turns and the promises between them until nothing moves without time. */
  async settle(): Promise<void> {
    for (let calm = 0; calm < 32; ) {
      const tasks = this.#deferred.splice(0);
      for (const task of tasks) task();
      calm = tasks.length > 0 ? 0 : calm + 1;
      await new Promise<void>((resolve) => queueMicrotask(() => queueMicrotask(resolve)));
    }
  }

  /** Time passes, timers run in their order. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await this.settle();
    for (;;) {
      const next = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.task();
      await this.settle();
    }
    this.#now = end;
  }
}
