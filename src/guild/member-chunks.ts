/** op 8: members in chunks, owed to the one session that asked. Always at least one chunk, the nonce in each (wire-rules.md, fields). */
import { GatewayIntentBits as I } from 'discord-api-types/v10';
import type { GuildCommand } from '../protocol/commands.ts';
import { type Decision, refused, type Turn } from '../protocol/decision.ts';
import { refuse } from '../protocol/errors.ts';
import type { Snowflake } from '../protocol/ids.ts';
import type { MemberRecord } from '../protocol/records.ts';
import { sessionTopic } from '../protocol/topics.ts';
import { BOUNDS } from './bounds.ts';
import { guildRefusal } from './guards.ts';
import { memberOrder } from './member-order.ts';
import { Outcome } from './outcome.ts';
import { memberJson, presenceJson } from './render-member.ts';
import type { GuildState } from './state.ts';

type Request = GuildCommand & { readonly kind: 'requestMembers' };

export function requestMembers(state: GuildState, command: Request, turn: Turn): Decision {
  const { by, session, intents, nonce, userIds, query, limit } = command;
  const no = guildRefusal(state, by.id, turn.now);
  if (no) return refused(no);
  const isWhole = userIds === null && (query ?? '') === '' && limit === 0;
  if (isWhole && (intents & I.GuildMembers) === 0) return refused(refuse('missingAccess'));
  const named = [...new Set(userIds ?? [])].slice(0, BOUNDS.requestedUsers);
  const found =
    userIds === null ? matches(state, query ?? '', isWhole ? state.members.size : limit) : membersOf(state, named);
  const missing = named.filter((id) => !state.members.has(id));
  const withPresences = command.presences && (intents & I.GuildPresences) !== 0;
  const outcome = new Outcome(turn);
  const count = Math.max(1, Math.ceil(found.length / BOUNDS.chunkMembers));
  for (let index = 0; index < count; index += 1) {
    const members = found.slice(index * BOUNDS.chunkMembers, (index + 1) * BOUNDS.chunkMembers);
    const fields = [
      `"guild_id":"${state.guild.id}"`,
      `"members":[${members.map(memberJson).join()}]`,
      `"chunk_index":${index},"chunk_count":${count}`,
      ...(index === 0 && missing.length > 0 ? [`"not_found":${JSON.stringify(missing)}`] : []),
      ...(withPresences ? [`"presences":[${presencesOf(state, members).join()}]`] : []),
      ...(nonce === null ? [] : [`"nonce":${JSON.stringify(nonce)}`]),
    ];
    outcome.event(sessionTopic(session), 'GUILD_MEMBERS_CHUNK', `{${fields.join()}}`, { note: null, cls: 0 });
  }
  return outcome.done();
}

const membersOf = (state: GuildState, ids: readonly Snowflake[]): MemberRecord[] =>
  ids.flatMap((id) => state.members.get(id) ?? []);

function presencesOf(state: GuildState, members: readonly MemberRecord[]): string[] {
  return members.flatMap(({ user }) => {
    const known = state.presences.get(user.id);
    return known === undefined ? [] : presenceJson(user.id, known);
  });
}

/** Members whose name begins so, in the order of their ids. `limit` 0 with a query: as many as one may ask for. */
function matches(state: GuildState, query: string, limit: number): readonly MemberRecord[] {
  const most = query === '' ? limit : Math.min(limit || BOUNDS.requestedUsers, BOUNDS.requestedUsers);
  return searchMembers(state, query, query === '' ? most : Math.max(1, most));
}

/** Of those whose user name, global name or nick begins with `query`, the first `limit` by id. */
export function searchMembers(state: GuildState, query: string, limit: number): MemberRecord[] {
  const begins = query.toLowerCase();
  const found: MemberRecord[] = [];
  for (const id of memberOrder(state)) {
    if (found.length >= limit) break;
    const member = state.members.get(id);
    if (member === undefined) continue;
    const names = [member.user.username, member.user.global_name, member.nick];
    if (names.some((name) => name?.toLowerCase().startsWith(begins))) found.push(member);
  }
  return found;
}
