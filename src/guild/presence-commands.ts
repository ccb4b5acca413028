/** What others see of a member now. Known only in memory: its user's actor says it again. */
import type { GuildCommand, UserPresence } from '../protocol/commands.ts';
import { type Decision, done, type Turn } from '../protocol/decision.ts';
import { guildClass, LARGE_PRESENCES } from '../protocol/events.ts';
import { OF_ONE_SESSION, OFFLINE, together } from '../protocol/presences.ts';
import { guildTopic } from '../protocol/topics.ts';
import { BOUNDS } from './bounds.ts';
import { Outcome } from './outcome.ts';
import { presenceJson, withGuild } from './render-member.ts';
import type { GuildState } from './state.ts';

type Of<K extends GuildCommand['kind']> = GuildCommand & { readonly kind: K };

export const isLarge = (state: GuildState): boolean => state.members.size > BOUNDS.largeMembers;

/** In a large guild only bots with the intent hear it (protocol/events.ts): a storm of N sessions must not cost N^2 deliveries. */
export function presence(state: GuildState, command: Of<'presence'>, turn: Turn): Decision {
  const { user, version, presence: next } = command;
  const known = state.presences.get(user);
  // Sessions bring theirs one by one to a load that has forgotten what they are together.
  const isPart = version === OF_ONE_SESSION && known?.version === OF_ONE_SESSION;
  if (!state.members.has(user) || (known !== undefined && known.version >= version && !isPart)) return done();
  const after = { version, presence: isPart ? together(known.presence, next) : next };
  if (after.presence.status === 'offline') state.presences.delete(user);
  else state.presences.set(user, after);
  if (turn.unheard || isSame(known?.presence ?? OFFLINE, after.presence)) return done();
  const outcome = new Outcome(turn);
  const t = 'PRESENCE_UPDATE';
  const d = withGuild(state.guild.id, presenceJson(user, after));
  outcome.event(guildTopic(state.guild.id), t, d, {
    note: null,
    cls: isLarge(state) ? LARGE_PRESENCES : guildClass(t),
  });
  return outcome.done();
}

function isSame(a: UserPresence, b: UserPresence): boolean {
  const isSameClient = JSON.stringify(a.client_status) === JSON.stringify(b.client_status);
  return a.status === b.status && a.activities === b.activities && isSameClient;
}
