/** What the guarded store counts of each query. */
import { counter, type Family, gauge, Histograms, histogram, Tally } from '../base/metrics.ts';
import type { Circuit } from './circuit.ts';

/** Seconds. */
const BOUNDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 8];
/** What a store may answer with, and what the guard says itself. */
const READ_FAULTS = ['timeout', 'unavailable', 'overloaded', 'lost', 'broken', 'bug'];
const FAULTS = { read: READ_FAULTS, write: [...READ_FAULTS, 'full', 'fenced', 'stuck'] };
const WHY_SHED = ['full', 'slow'];
const STATES: readonly Circuit['state'][] = ['closed', 'open', 'half-open'];

export class QueryCounts {
  readonly times = new Histograms(BOUNDS);
  /** By query, so one that waits for a place is in flight too. */
  readonly inFlight = new Tally();
  readonly retried = new Tally();
  /** Ended without an answer because nobody waited for one. */
  readonly left = new Tally();
  /** `query|why`. */
  readonly shed = new Tally();
  /** `query|fault`: what came from the store, or took too long. */
  readonly failed = new Tally();

  /** It may be asked: printed as 0 until it is. What first appears with its first event is no rise to an alert. */
  expect(query: string, kind: 'read' | 'write'): void {
    this.times.of(query);
    this.inFlight.add(query, 0);
    for (const fault of FAULTS[kind]) this.failed.add(`${query}|${fault}`, 0);
    if (kind === 'write') return;
    this.retried.add(query, 0);
    this.left.add(query, 0);
    for (const why of WHY_SHED) this.shed.add(`${query}|${why}`, 0);
  }

  measure(circuit: Circuit['state'], waiting: number): Family[] {
    return [
      histogram('guildhall_query_seconds', 'Queries of the store, from asking to the end.', this.times, 'query'),
      gauge('guildhall_queries_in_flight', 'Queries of the store under way.', this.inFlight.entries, 'query'),
      gauge('guildhall_queries_waiting', 'Queries that wait for a place at the store.', waiting),
      counter('guildhall_queries_retried_total', 'Reads that were asked again.', this.retried.entries, 'query'),
      counter(
        'guildhall_queries_left_total',
        'Reads that everybody left before they ended.',
        this.left.entries,
        'query',
      ),
      counter(
        'guildhall_queries_shed_total',
        'Queries refused before they reached the store.',
        this.shed.entries,
        'query|why',
      ),
      counter('guildhall_queries_failed_total', 'Queries that failed, by fault.', this.failed.entries, 'query|fault'),
      gauge(
        'guildhall_circuit',
        'Workers whose circuit to the store is in this state.',
        STATES.map((each) => [each, each === circuit ? 1 : 0]),
        'state',
      ),
    ];
  }
}
