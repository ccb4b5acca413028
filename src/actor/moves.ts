/** One row as each worker hears it: what names sessions names each worker only its own. */
import type { RelayEntry } from '../protocol/envelope.ts';
import type { SessionId, Snowflake, WorkerId } from '../protocol/ids.ts';
import type { Interest, Interested } from './interest.ts';

export type Hearing = readonly (readonly [WorkerId, RelayEntry])[];

/** Sessions of these users, by worker. */
function split(interested: Iterable<Interested>): Map<WorkerId, SessionId[]> {
  const lists = new Map<WorkerId, SessionId[]>();
  for (const { worker, session } of interested) {
    const list = lists.get(worker);
    if (list === undefined) lists.set(worker, [session]);
    else list.push(session);
  }
  return lists;
}

function* sessionsOf(interest: Interest, users: Iterable<Snowflake>): Iterable<Interested> {
  for (const user of users) yield* interest.ofUser(user);
}

/** The topic of one session goes to its worker alone; any other to every worker with a session here. */
export function hearEvent(interest: Interest, topic: string, entry: RelayEntry): Hearing {
  if (!topic.startsWith('s:')) return interest.workers().map((worker) => [worker, entry]);
  const owed = interest.get(topic.slice(2));
  return owed === undefined ? [] : [[owed.worker, entry]];
}

/** Every worker hears of a move, also with empty lists: who sees the channel follows its topic's new name. */
export function hearMoves(
  interest: Interest,
  move: Omit<Extract<RelayEntry, { kind: 'moves' }>, 'gained' | 'lost'>,
  gained: Iterable<Snowflake>,
  lost: Iterable<Snowflake>,
): Hearing {
  const gainers = split(sessionsOf(interest, gained));
  const losers = split(sessionsOf(interest, lost));
  return interest
    .workers()
    .map((worker) => [worker, { ...move, gained: gainers.get(worker) ?? [], lost: losers.get(worker) ?? [] }]);
}

/** One entry per worker names all sessions of the user there: half of a row is never heard. */
export function hearLeave(interest: Interest, user: Snowflake): Hearing {
  return [...split(interest.ofUser(user))].map(([worker, sessions]) => [worker, { kind: 'leave', sessions }]);
}
