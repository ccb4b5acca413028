/** Who stands above whom. Only limits acting on roles and members; what one may do elsewhere does not depend on it (wire-rules.md, permissions). */
import { compareSnowflakes, type Snowflake } from '../protocol/ids.ts';
import type { RoleRecord } from '../protocol/records.ts';
import type { Structure } from './permissions.ts';

/** The acting user that stands for this server itself. */
export const SERVER: Snowflake = '0';

/** Greater: higher. Of two with one position the older is higher, as clients sort them (discord.js Role.comparePositionTo). */
export function compareRoles(a: RoleRecord, b: RoleRecord): number {
  return a.position - b.position || compareSnowflakes(b.id, a.id);
}

/** The highest role of a member; @everyone when he has no other. */
export function highestRole(state: Structure, userId: Snowflake): RoleRecord | null {
  let best = state.roles.get(state.guild.id) ?? null;
  for (const id of state.members.get(userId)?.roles ?? []) {
    const role = state.roles.get(id);
    if (role !== undefined && (best === null || compareRoles(role, best) > 0)) best = role;
  }
  return best;
}

/** May he act on this role: change, give, sort or delete it? */
export function isAboveRole(state: Structure, by: Snowflake, role: RoleRecord): boolean {
  if (by === SERVER || by === state.guild.owner_id) return true;
  const own = highestRole(state, by);
  return own !== null && compareRoles(own, role) > 0;
}

/** May he act on this member (or on somebody who is none)? Nobody stands above himself or the owner. */
export function isAboveMember(state: Structure, by: Snowflake, target: Snowflake): boolean {
  if (target === state.guild.owner_id) return by === SERVER;
  if (by === SERVER || by === state.guild.owner_id) return true;
  if (!state.members.has(target)) return true;
  const his = highestRole(state, target);
  return his === null || isAboveRole(state, by, his);
}
