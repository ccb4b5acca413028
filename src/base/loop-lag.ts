/** How late this thread's loop is: a timer that is due says by how much it was not served. */
import type { Clock } from './clock.ts';
import { Histogram } from './metrics.ts';

const EVERY_MS = 200;
/** Seconds. */
const BOUNDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** Watches until the thread ends. */
export function watchLoop(clock: Pick<Clock, 'monotonic' | 'after'>): Histogram {
  const lag = new Histogram(BOUNDS);
  const watch = (): void => {
    const due = clock.monotonic() + EVERY_MS;
    clock.after(EVERY_MS, () => {
      lag.observe(Math.max(0, clock.monotonic() - due) / 1000);
      watch();
    });
  };
  watch();
  return lag;
}
