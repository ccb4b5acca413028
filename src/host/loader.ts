/** Opens an owner: fences its key at the store, then reads its state, journal and tells. A key that stores nothing opens too: it may be about to be made. */
import type { Behavior } from '../actor/behavior.ts';
import type { Opened } from '../actor/ports.ts';
import { type OwnerKey, ownerId } from '../protocol/ids.ts';
import type { Committer, GuildsPort, JournalPort, MessagesPort, UsersPort } from '../store/ports.ts';
import { loadDm } from './dm-behavior.ts';
import { loadGuildBehavior } from './guild-behavior.ts';
import { loadJournal } from './journal.ts';
import { loadName } from './name-behavior.ts';
import { ProbeBehavior } from './probe-behavior.ts';
import { loadUser } from './user-behavior.ts';
import { wordingOf } from './wording.ts';

export type LoaderStore = Pick<Committer, 'fence'> & GuildsPort & UsersPort & JournalPort & MessagesPort;

export interface LoaderLimits {
  /** Rows of the journal that are told again. */
  readonly journalRows: number;
}

/** Rejects with Fault. `now`: milliseconds since 1970. */
export async function openOwner(
  store: LoaderStore,
  key: OwnerKey,
  limits: LoaderLimits,
  now: () => number,
): Promise<Opened> {
  const epoch = await store.fence(key);
  const [behavior, tells] = await Promise.all([loadBehavior(store, key, now, epoch), store.tells(key)]);
  const wording = wordingOf(key);
  const retold = await loadJournal(store, key, limits.journalRows, behavior, wording);
  return { epoch, behavior, wording, tells, ...retold };
}

function loadBehavior(store: LoaderStore, key: OwnerKey, now: () => number, epoch: number): Promise<Behavior> {
  const id = ownerId(key);
  switch (key[0]) {
    case 'g':
      return loadGuildBehavior(store, id, now, epoch);
    case 'u':
      return loadUser(store, id);
    case 'd':
      return loadDm(store, key, epoch);
    case 'h':
      return Promise.resolve(new ProbeBehavior(key));
    default:
      return loadName(store, id);
  }
}
