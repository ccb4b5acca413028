import { Tally } from '../base/metrics.ts';
import type { MessageWithReactions } from '../protocol/records.ts';
import { Coalescer } from '../store/coalescer.ts';
import { ChannelOwners } from './channel-owners.ts';
import type { RestConfig, RestDeps } from './deps.ts';
import { LocalBuckets } from './local-buckets.ts';

/** What the requests of one worker share. */
export class Edge {
  readonly owners: ChannelOwners;
  readonly buckets: LocalBuckets;
  readonly reads: Coalescer<readonly MessageWithReactions[]>;
  /** Answers, by route and class of status. */
  readonly requests = new Tally();
  /** Uploads that stream now. */
  uploads = 0;

  constructor(readonly deps: RestDeps) {
    this.owners = new ChannelOwners(deps.store, deps.limits.channelCache);
    this.buckets = new LocalBuckets(deps.limits.buckets);
    const { flights, flightsPerChannel, flightsWaiting, flightsWaitingPerChannel, flightMs } = deps.limits;
    this.reads = new Coalescer(deps.clock, {
      running: flights,
      runningPerLane: flightsPerChannel,
      waiting: flightsWaiting,
      waitingPerLane: flightsWaitingPerChannel,
      deadlineMs: flightMs,
    });
  }

  get config(): RestConfig {
    return this.deps.config;
  }
}
