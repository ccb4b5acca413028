/** The only place that knows real time. */

export interface Timer {
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since 1970; may step back. */
  now(): number;
  /** Milliseconds of a clock that never steps back. */
  monotonic(): number;
  /** Runs `task` once after `ms`. Does not keep the process alive. */
  after(ms: number, task: () => void): Timer;
  /** Runs `task` at the end of this turn of the loop, before IO: what happens in one turn is one batch. */
  defer(task: () => void): void;
}

export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, task) {
    const timer = setTimeout(task, ms);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
  defer: (task) => void setImmediate(task),
};
