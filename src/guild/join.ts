/** Somebody becomes a member, or is one no longer: state, writes and rows, whoever asked for it. */
import type { Snowflake } from '../protocol/ids.ts';
import type { MemberRecord, PublicUser } from '../protocol/records.ts';
import { guildTopic } from '../protocol/topics.ts';
import { newMember } from './guild-commands.ts';
import { forgetOrder } from './member-order.ts';
import { LITERAL, type Outcome, thing } from './outcome.ts';
import { memberEvent, renderUser } from './render-member.ts';
import type { GuildState } from './state.ts';
import { disconnect } from './voice-commands.ts';

/** The row of the join comes first, so that the newcomer gets his own GUILD_MEMBER_ADD after his GUILD_CREATE. */
export function admit(
  state: GuildState,
  outcome: Outcome,
  user: PublicUser,
  now: number,
  more: Partial<Pick<MemberRecord, 'nick' | 'roles'>> = {},
): MemberRecord {
  const guildId = state.guild.id;
  const member: MemberRecord = { ...newMember(user, now), ...more };
  state.members.set(user.id, member);
  forgetOrder(state);
  const seq = outcome.join(guildId, user.id);
  outcome.write({ w: 'putMember', guildId, member, seq });
  const note = thing('member', user.id);
  outcome.event(guildTopic(guildId), 'GUILD_MEMBER_ADD', memberEvent(guildId, member), { note });
  return member;
}

/** The row of the leave comes first: the leaver does not get his own GUILD_MEMBER_REMOVE. His overwrites stay, as at the original. */
export function dismiss(state: GuildState, outcome: Outcome, userId: Snowflake): void {
  const member = state.members.get(userId);
  if (member === undefined) return;
  const guildId = state.guild.id;
  outcome.leave(guildId, userId);
  disconnect(state, outcome, userId);
  state.voiceDecided.delete(userId);
  state.members.delete(userId);
  state.presences.delete(userId);
  forgetOrder(state);
  outcome.write({ w: 'deleteMember', guildId, userId });
  const d = JSON.stringify({ guild_id: guildId, user: renderUser(member.user) });
  outcome.event(guildTopic(guildId), 'GUILD_MEMBER_REMOVE', d, { note: LITERAL });
}
