/** What others see of a user: his sessions combined. Told to his guilds when it changes; never stored. */
import type { Command, UserPresence } from '../protocol/commands.ts';
import { type Decision, done, type Tell, type Turn } from '../protocol/decision.ts';
import type { SessionPresence } from '../protocol/envelope.ts';
import type { OwnerKey } from '../protocol/ids.ts';
import { BOUNDS } from './bounds.ts';
import { memberships, OFFLINE, type UserState } from './user-state.ts';

type SessionPresenceCommand = Extract<Command, { kind: 'sessionPresence' }>;

/** The most present first. Who is invisible is offline for others. */
const ORDER = ['online', 'dnd', 'idle', 'offline'] as const;
type Status = (typeof ORDER)[number];

interface Clients {
  desktop?: Status;
  mobile?: Status;
  web?: Status;
}

const seenAs = (presence: SessionPresence): Status => (presence.status === 'invisible' ? 'offline' : presence.status);
const rank = (status: Status): number => ORDER.indexOf(status);

/** Sessions in the order in which they spoke: of equally present ones the last gives the activities. */
export function combine(sessions: Iterable<SessionPresence>): UserPresence {
  let best: Status = 'offline';
  let activities = '[]';
  const clients: Clients = {};
  for (const session of sessions) {
    const status = seenAs(session);
    if (status === 'offline') continue;
    if (rank(status) <= rank(best)) {
      best = status;
      activities = session.activities;
    }
    const known = clients[session.client];
    if (known === undefined || rank(status) < rank(known)) clients[session.client] = status;
  }
  return best === 'offline' ? OFFLINE : { status: best, activities, client_status: inOrder(clients) };
}

/** The order of sessions is not to be seen in the keys: hearers compare texts. */
function inOrder({ desktop, mobile, web }: Clients): Clients {
  return { ...(desktop && { desktop }), ...(mobile && { mobile }), ...(web && { web }) };
}

export function sessionPresence(state: UserState, command: SessionPresenceCommand, turn: Turn): Decision {
  // Also of a session that is known: it moves to the end, as the one that spoke last.
  state.sessions.delete(command.session);
  if (command.presence !== null) state.sessions.set(command.session, command.presence);
  const [oldest] = state.sessions.keys();
  if (state.sessions.size > BOUNDS.sessions && oldest !== undefined) state.sessions.delete(oldest);
  return turn.unheard ? done() : tellAll(state, turn);
}

/** What they are together, if that is news. */
export function tellAll(state: UserState, turn: Turn): Decision {
  const presence = combine(state.sessions.values());
  if (samePresence(presence, state.presence)) return done();
  state.presence = presence;
  // Numbers of rows grow across loads, also when the clock steps back.
  state.presenceVersion = Math.max(state.presenceVersion + 1, turn.seq(0));
  return { ...done(), tells: memberships(state).map(([guild]) => tellPresence(state, guild)) };
}

/** May be lost: the next one carries the whole presence again. */
export function tellPresence(state: UserState, to: OwnerKey): Tell {
  const { id: user, presence, presenceVersion: version } = state;
  return { to, command: { kind: 'presence', user, version, presence }, durable: false };
}

function samePresence(a: UserPresence, b: UserPresence): boolean {
  const [x, y] = [a.client_status, b.client_status];
  const sameClients = x.desktop === y.desktop && x.mobile === y.mobile && x.web === y.web;
  return a.status === b.status && a.activities === b.activities && sameClients;
}
