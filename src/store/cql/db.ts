/** A keyspace, and what this process remembers of it. */
import type { Clock } from '../../base/clock.ts';
import { ChannelIndex } from './channel-index.ts';
import type { Queries } from './cluster.ts';
import { JournalFloors } from './journal-floors.ts';
import { TellIndex } from './tells.ts';

export interface Db {
  readonly clock: Pick<Clock, 'now'>;
  readonly cluster: Queries;
  readonly channels: ChannelIndex;
  readonly tells: TellIndex;
  readonly floors: JournalFloors;
}

export const dbOf = (cluster: Queries, clock: Db['clock']): Db => ({
  ...{ cluster, clock, channels: new ChannelIndex(cluster) },
  ...{ tells: new TellIndex(cluster), floors: new JournalFloors(cluster) },
});
