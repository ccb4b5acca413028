/** The store as actors see it, with its commits counted and timed. */
import type { Clock } from '../base/clock.ts';
import { counter, type Family, gauge, Histogram, histogram, Tally } from '../base/metrics.ts';
import { FAULT_CODES, Fault } from '../protocol/errors.ts';
import type { ActorStore } from './ports.ts';

/** Seconds. */
const BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 8];
const STATES: readonly ActorStore['state'][] = ['open', 'full', 'broken', 'stuck', 'closed'];

export class MeasuredStore implements ActorStore {
  readonly #times = new Histogram(BOUNDS);
  readonly #failed = new Tally([...FAULT_CODES, 'bug']);
  #writes = 0;
  #atStore = 0;

  constructor(
    readonly inner: ActorStore,
    readonly clock: Pick<Clock, 'monotonic'>,
  ) {}

  get state(): ActorStore['state'] {
    return this.inner.state;
  }

  /** Batches that wait for their commit. None is a load while the store takes none: what needs no store goes on then. */
  get waiting(): number {
    return this.inner.state === 'open' ? this.#atStore : 0;
  }

  async commit(batch: Parameters<ActorStore['commit']>[0]): Promise<void> {
    const started = this.clock.monotonic();
    this.#atStore += 1;
    this.#writes += batch.writes.length;
    try {
      await this.inner.commit(batch);
      this.#times.observe((this.clock.monotonic() - started) / 1000);
    } catch (error) {
      this.#failed.add(error instanceof Fault ? error.code : 'bug');
      throw error;
    } finally {
      this.#atStore -= 1;
    }
  }

  release(...args: Parameters<ActorStore['release']>): void {
    this.inner.release(...args);
  }

  result(...args: Parameters<ActorStore['result']>): Promise<string | null> {
    return this.inner.result(...args);
  }

  measure(): Family[] {
    const { state } = this.inner;
    return [
      histogram(
        'guildhall_commit_seconds',
        'Batches of owners that were stored, from asking to the answer.',
        this.#times,
      ),
      counter(
        'guildhall_commits_failed_total',
        'Batches that were not stored, by fault.',
        this.#failed.entries,
        'fault',
      ),
      counter('guildhall_writes_total', 'Writes of all batches.', this.#writes),
      gauge('guildhall_batches_at_store', 'Batches that wait for their commit.', this.#atStore),
      gauge(
        'guildhall_store_state',
        'Workers to which the store is in this state.',
        STATES.map((each) => [each, each === state ? 1 : 0]),
        'state',
      ),
    ];
  }
}
