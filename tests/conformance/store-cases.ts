/** What a case of the store's suite gets. */
import { guildKey, type OwnerKey } from '../../src/protocol/ids.ts';
import type { Write } from '../../src/protocol/writes.ts';
import type { Store } from '../../src/store/ports.ts';
import { mint } from './store-records.ts';

export interface Opened {
  readonly store: Store;
  /** Moves the clock that the store sees. */
  readonly setNow: (now: number) => void;
  readonly close: () => Promise<void>;
}

export interface Case {
  readonly title: string;
  readonly run: (opened: Opened) => Promise<void>;
}

/** An owner that has been taken over, and its batches. */
export interface Actor {
  readonly owner: OwnerKey;
  readonly epoch: number;
  commit(...writes: Write[]): Promise<void>;
}

export async function actor(store: Store, owner: OwnerKey = guildKey(mint())): Promise<Actor> {
  const epoch = await store.fence(owner);
  return { owner, epoch, commit: (...writes) => store.commit({ owner, epoch, writes }) };
}
