/** A DM in memory: a small guild with one channel. Owned by its actor; only `decideDm` and what it calls change it. */
import type { OwnerKey, Snowflake } from '../protocol/ids.ts';
import type { DmRecord } from '../protocol/records.ts';
import { MessageCache } from './message-cache.ts';

export interface DmState {
  /** `d:<low>:<high>` of a pair, `d:<channel>` of a group. */
  readonly owner: OwnerKey;
  /** Null: never opened. */
  dm: DmRecord | null;
  readonly messages: MessageCache;
  /** Id of the last change to its messages in this load: the generation of reads. */
  generation: Snowflake | null;
  /** Recipients in whose lists it is for certain. A load begins knowing of none: telling them again is harmless. */
  readonly openFor: Set<Snowflake>;
}

/** Messages of one channel need less room than those of a guild. */
const CACHE = { messages: 200, nonces: 500, channels: 1, held: 2000 };

export const dmState = (owner: OwnerKey, dm: DmRecord | null): DmState => ({
  owner,
  dm,
  messages: new MessageCache(CACHE),
  generation: null,
  openFor: new Set(),
});
