/** What the reads of one worker share: the cache, the queries it makes for all workers, the users it knows. */
import type { Clock } from '../base/clock.ts';
import type { Snowflake } from '../protocol/ids.ts';
import type { CoalescerLimits } from '../store/coalescer.ts';
import type { MessagesPort, SingleReads } from '../store/ports.ts';
import { KnownUsers } from './known-users.ts';
import { ReadCache } from './read-cache.ts';
import { SharedReads } from './shared-reads.ts';

/** The numbers of `src/limits.ts` that shared reads keep to. */
export interface ReadLimits {
  readonly flights: number;
  readonly flightsPerChannel: number;
  readonly flightsWaiting: number;
  readonly flightsWaitingPerChannel: number;
  readonly flightMs: number;
  readonly queries: number;
  readonly queriesPerChannel: number;
  readonly gatheredKeys: number;
}

export interface Reads {
  readonly cache: ReadCache;
  readonly shared: SharedReads;
  readonly users: KnownUsers;
  /** Said to every worker: a user has changed. */
  forgetUser(id: Snowflake): void;
}

export interface ReadParts {
  readonly store: Pick<MessagesPort, 'pageText' | 'pins' | 'reactors'>;
  /** Gathers what is asked for in one turn. */
  readonly singles: SingleReads;
  readonly clock: Clock;
  readonly limits: ReadLimits;
  /** Of this worker's cache; 0: none. */
  readonly cacheBytes: number;
}

export function openReads({ store, singles, clock, limits, cacheBytes }: ReadParts): Reads {
  const cache = new ReadCache(clock, cacheBytes);
  const asked = askedLimits(limits);
  const queries = { ...asked, running: limits.queries, runningPerLane: limits.queriesPerChannel };
  // Gathered, they are few queries.
  const gathered = { ...asked, runningPerLane: limits.gatheredKeys };
  const shared = new SharedReads({ store, singles, cache, clock, limits: { queries, gathered } });
  const users = new KnownUsers(singles, cache, clock, gathered);
  return { cache, shared, users, forgetUser: (id) => users.forget(id) };
}

/** Of reads that a worker asks owners for. */
export function askedLimits(limits: ReadLimits): CoalescerLimits {
  return {
    running: limits.flights,
    runningPerLane: limits.flightsPerChannel,
    waiting: limits.flightsWaiting,
    waitingPerLane: limits.flightsWaitingPerChannel,
    deadlineMs: limits.flightMs,
  };
}
