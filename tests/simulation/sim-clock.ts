/** Time of a simulated town, and the loop of each of its workers. */
import type { Clock, Timer } from '../../src/base/clock.ts';
import type { Net } from './net.ts';

interface Task {
  readonly at: number;
  readonly run: () => void;
}

export class SimTime {
  now = 1_700_000_000_000;
  readonly #tasks = new Set<Task>();
  readonly #dead = new Set<string>();

  constructor(readonly net: Net) {}

  /** A worker's clock: its turns are messages to itself, and die with it. */
  clockOf(worker: string): Clock {
    return {
      now: () => this.now,
      monotonic: () => this.now,
      after: (ms, run) => this.#after(worker, ms, run),
      defer: (run) => {
        if (!this.#dead.has(worker)) this.net.send(`${worker}/loop`, worker, 'turn', run);
      },
    };
  }

  /** Its loop stands still for ever: else it would go on and load its owners again. */
  stop(worker: string): void {
    this.#dead.add(worker);
  }

  #after(worker: string, ms: number, run: () => void): Timer {
    const task: Task = {
      at: this.now + ms,
      run: () => {
        if (!this.#dead.has(worker)) this.net.send(`${worker}/timers`, worker, 'timer', fire);
      },
    };
    let cancelled = false;
    const fire = (): void => {
      if (!cancelled) run();
    };
    this.#tasks.add(task);
    return {
      cancel: () => {
        cancelled = true;
        this.#tasks.delete(task);
      },
    };
  }

  /** What was due by then is on its way. */
  advance(ms: number): void {
    this.now += ms;
    const due = [...this.#tasks].filter(({ at }) => at <= this.now).sort((a, b) => a.at - b.at);
    for (const task of due) {
      this.#tasks.delete(task);
      task.run();
    }
  }
}
