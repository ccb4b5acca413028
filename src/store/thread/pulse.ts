/** Whether a thread of the store that says something now and then has fallen silent: a disk that hangs fails nothing, it only never answers. */
import type { Clock, Timer } from '../../base/clock.ts';

export interface PulseOptions {
  readonly clock: Clock;
  /** Between two looks. */
  readonly everyMs: number;
  /** Nothing heard for this long is silence. */
  readonly silentMs: number;
}

export class Pulse {
  readonly #options: PulseOptions;
  #heardAt: number;
  #timer: Timer | null = null;
  #wasLate = false;
  #isSilent = false;

  constructor(options: PulseOptions) {
    this.#options = options;
    this.#heardAt = options.clock.monotonic();
    this.#look();
  }

  get isSilent(): boolean {
    return this.#isSilent;
  }

  heard(): void {
    this.#heardAt = this.#options.clock.monotonic();
    this.#isSilent = false;
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Twice late in a row: when this thread itself was late, what was said meanwhile lies in its queue and is heard before the next look. */
  #look(): void {
    const { clock, everyMs, silentMs } = this.#options;
    this.#timer = clock.after(everyMs, () => {
      const isLate = clock.monotonic() - this.#heardAt >= silentMs;
      this.#isSilent = isLate && this.#wasLate;
      this.#wasLate = isLate;
      this.#look();
    });
  }
}
