/** What guilds tell about memberships. Telling is repeated, hearing is idempotent: the newest row of a guild is right. */
import type { Command } from '../protocol/commands.ts';
import { type Decision, done } from '../protocol/decision.ts';
import type { OwnerKey } from '../protocol/ids.ts';
import type { Write } from '../protocol/writes.ts';
import { tellPresence } from './presence.ts';
import type { UserState } from './user-state.ts';

type Heard = Extract<Command, { kind: 'guildJoined' | 'guildLeft' }>;

/** What remembers this row, if it is news; nothing if it was told already. */
export function hear(state: UserState, teller: OwnerKey, seq: number): Write[] {
  if ((state.heard.get(teller) ?? -1) >= seq) return [];
  state.heard.set(teller, seq);
  return [{ w: 'putHeard', user: state.id, teller, seq }];
}

/** His sessions attach to a guild he joined; what he left, the guild itself takes from them. */
export function heardOfGuild(state: UserState, { kind, guild, seq }: Heard): Decision {
  const writes = hear(state, guild, seq);
  if (writes.length === 0) return done();
  const member = kind === 'guildJoined';
  // The store, which the guild has written under both keys, may have said more than its tells so far.
  if ((state.guilds.get(guild)?.seq ?? -1) <= seq) state.guilds.set(guild, { seq, member });
  if (!member) return { ...done(), writes };
  const tells = state.presence.status === 'offline' ? [] : [tellPresence(state, guild)];
  return { ...done(), writes, rows: [{ kind: 'joined', guild, seq }], tells };
}
