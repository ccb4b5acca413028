/** How late this thread's loop is: a timer that is due says by how much it was not served. */
import type { Clock } from './clock.ts';
import { Histogram } from './metrics.ts';

const EVERY_MS = 100;
/** Seconds. */
const BOUNDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** Watches until the thread ends. `observed` hears of each lateness, milliseconds. */
export function watchLoop(clock: Pick<Clock, 'monotonic' | 'after'>, observed: (lagMs: number) => void): Histogram {
  const lag = new Histogram(BOUNDS);
  const watch = (): void => {
    const due = clock.monotonic() + EVERY_MS;
    clock.after(EVERY_MS, () => {
      const lateMs = Math.max(0, clock.monotonic() - due);
      lag.observe(lateMs / 1000);
      observed(lateMs);
      watch();
    });
  };
  watch();
  return lag;
}
