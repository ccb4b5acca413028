/** What others see of a user: his sessions combined. Told to his guilds when it changes; never stored. */
import type { Command, UserPresence } from '../protocol/commands.ts';
import { type Decision, done, type Tell, type Turn } from '../protocol/decision.ts';
import type { SessionPresence } from '../protocol/envelope.ts';
import type { OwnerKey } from '../protocol/ids.ts';
import { OFFLINE, together } from '../protocol/presences.ts';
import { BOUNDS } from './bounds.ts';
import { memberships, type UserState } from './user-state.ts';

type SessionPresenceCommand = Extract<Command, { kind: 'sessionPresence' }>;

/** Who is invisible is offline for others. */
function seenAs({ status, activities, client }: SessionPresence): UserPresence {
  if (status === 'invisible' || status === 'offline') return OFFLINE;
  return { status, activities, client_status: { [client]: status } };
}

/** Sessions in the order in which they spoke: of equally present ones the last gives the activities. */
export function combine(sessions: Iterable<SessionPresence>): UserPresence {
  let all = OFFLINE;
  for (const session of sessions) all = together(all, seenAs(session));
  return all;
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
