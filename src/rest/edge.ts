import { Tally } from '../base/metrics.ts';
import { AskedReads } from './asked-reads.ts';
import { ChannelOwners } from './channel-owners.ts';
import type { RestConfig, RestDeps } from './deps.ts';
import { LocalBuckets } from './local-buckets.ts';
import { askedLimits } from './open-reads.ts';

/** What the requests of one worker share. */
export class Edge {
  readonly owners: ChannelOwners;
  readonly buckets: LocalBuckets;
  readonly reads: AskedReads;
  /** Answers, by route and class of status. */
  readonly requests = new Tally();
  /** Uploads that stream now. */
  uploads = 0;

  constructor(readonly deps: RestDeps) {
    this.owners = new ChannelOwners(deps.store, deps.clock, deps.limits);
    this.buckets = new LocalBuckets(deps.limits.buckets);
    const { clock, limits, reads, fetchRead } = deps;
    this.reads = new AskedReads(fetchRead, reads.cache, clock, askedLimits(limits));
  }

  get config(): RestConfig {
    return this.deps.config;
  }
}
