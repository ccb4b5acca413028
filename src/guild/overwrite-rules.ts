/** What overwrites may say, and who may say it (docs/topics/permissions: only bits that one holds, unless one is an administrator). */
import { type APIOverwrite, OverwriteType } from 'discord-api-types/v10';
import { type Refusal, refuse, refuseField } from '../protocol/errors.ts';
import type { Snowflake } from '../protocol/ids.ts';
import { parsePermissions } from '../protocol/permission-bits.ts';
import { BOUNDS } from './bounds.ts';
import { holds, isRefusal } from './guards.ts';
import type { GuildState } from './state.ts';

/** Known bits as decimal text; a bit that is both allowed and denied counts as allowed. */
export function cleanOverwrite(overwrite: APIOverwrite): APIOverwrite | Refusal {
  const allow = parsePermissions(overwrite.allow);
  const deny = parsePermissions(overwrite.deny);
  if (allow === null || deny === null) return refuseField(['allow'], 'PERMISSIONS_INVALID', 'Not a set of permissions');
  return { id: overwrite.id, type: overwrite.type, allow: allow.toString(), deny: (deny & ~allow).toString() };
}

function targetExists(state: GuildState, { id, type }: APIOverwrite): boolean {
  return type === OverwriteType.Role ? state.roles.has(id) : state.members.has(id);
}

/** The bits that two overwrites of one target treat differently. */
function changedBits(before: APIOverwrite | undefined, after: APIOverwrite | undefined): bigint {
  const bits = (o: APIOverwrite | undefined): readonly [bigint, bigint] => [
    BigInt(o?.allow ?? 0),
    BigInt(o?.deny ?? 0),
  ];
  const [allowBefore, denyBefore] = bits(before);
  const [allowAfter, denyAfter] = bits(after);
  return (allowBefore ^ allowAfter) | (denyBefore ^ denyAfter);
}

/**
 * The list that replaces `before`, cleaned, or why not. `own`: the bits of who asks. What was there before may name roles and members that have gone.
 */
export function checkOverwrites(
  state: GuildState,
  before: readonly APIOverwrite[],
  wanted: readonly APIOverwrite[],
  own: bigint,
): readonly APIOverwrite[] | Refusal {
  if (wanted.length > BOUNDS.overwrites) {
    return refuseField(['permission_overwrites'], 'BASE_TYPE_MAX_LENGTH', `Must be ${BOUNDS.overwrites} or fewer`);
  }
  const old = new Map(before.map((overwrite) => [overwrite.id, overwrite]));
  const after = new Map<Snowflake, APIOverwrite>();
  for (const overwrite of wanted) {
    const clean = cleanOverwrite(overwrite);
    if (isRefusal(clean)) return clean;
    if (!old.has(clean.id) && !targetExists(state, clean)) return refuse('unknownOverwrite');
    after.set(clean.id, clean);
  }
  let changed = 0n;
  for (const id of new Set([...old.keys(), ...after.keys()])) changed |= changedBits(old.get(id), after.get(id));
  return holds(own, changed) ? [...after.values()] : refuse('missingPermissions');
}

/** Do the lists give and take the same? Then nobody's view changes. */
export function sameBits(before: readonly APIOverwrite[], after: readonly APIOverwrite[], bits: bigint): boolean {
  if (before === after) return true;
  const old = new Map(before.map((overwrite) => [overwrite.id, overwrite]));
  const next = new Map(after.map((overwrite) => [overwrite.id, overwrite]));
  return [...new Set([...old.keys(), ...next.keys()])].every(
    (id) => (changedBits(old.get(id), next.get(id)) & bits) === 0n,
  );
}
