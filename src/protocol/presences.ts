/** What others see of a user with several sessions. */
import type { UserPresence } from './commands.ts';

/** The most present first. */
const ORDER: readonly string[] = ['online', 'dnd', 'idle', 'offline'] satisfies UserPresence['status'][];
const CLIENTS = ['desktop', 'mobile', 'web'] as const;

/** The version of a presence of one session alone, as attach brings it to a guild: whatever the user's own actor says of all of them counts more. */
export const OF_ONE_SESSION = 0;

export const OFFLINE: UserPresence = { status: 'offline', activities: '[]', client_status: {} };

const rank = (status: string): number => ORDER.indexOf(status);

/** Of two equally present ones `later`, which spoke last, gives the activities. */
export function together(before: UserPresence, later: UserPresence): UserPresence {
  if (later.status === 'offline') return before;
  if (before.status === 'offline') return later;
  const { status, activities } = rank(later.status) <= rank(before.status) ? later : before;
  return { status, activities, client_status: onEach(before.client_status, later.client_status) };
}

/** The more present of two. */
const better = (x: string | undefined, y: string | undefined): string | undefined =>
  x === undefined || (y !== undefined && rank(y) < rank(x)) ? y : x;

/** Always in one order of keys: hearers compare texts. */
function onEach(a: UserPresence['client_status'], b: UserPresence['client_status']): UserPresence['client_status'] {
  const all: Partial<Record<(typeof CLIENTS)[number], string>> = {};
  for (const client of CLIENTS) {
    const best = better(a[client], b[client]);
    if (best !== undefined) all[client] = best;
  }
  return all;
}
