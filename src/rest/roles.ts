/** Roles of a guild (docs/resources/guild). */
import type { RolePatch } from '../protocol/commands.ts';
import { guildKey, type Snowflake } from '../protocol/ids.ts';
import type { Call } from './call.ts';
import { pick } from './compact.ts';
import { withPicture } from './pictures.ts';
import { noContent, type Outcome, ok } from './respond.ts';
import { type Route, route } from './route.ts';
import { roleCreate, roleEdit, roleMoves } from './schemas.ts';
import { tidyUp } from './tidy-up.ts';
import { PICTURE_BODY_BYTES } from './users.ts';

type Form = ReturnType<typeof roleEdit.parse>;

async function listGuildRoles(call: Call): Promise<Outcome> {
  return ok(await call.read(guildKey(call.id('guildId')), { ask: 'roles', by: call.userId }));
}

async function getGuildRole(call: Call): Promise<Outcome> {
  const roleId = call.id('roleId');
  return ok(await call.read(guildKey(call.id('guildId')), { ask: 'role', by: call.userId, roleId }));
}

/** An icon lies under the role's id, which the guild gives: so it follows in a second step. */
async function createGuildRole(call: Call): Promise<Outcome> {
  const guildId = call.id('guildId');
  const form = await call.body(roleCreate);
  const role = await call.ask<Wire>(guildKey(guildId), { kind: 'createRole', by: call.by, patch: patchOf(form) });
  return ok(form.icon ? await change(call, guildId, role.id, { icon: form.icon }) : role);
}

async function updateGuildRole(call: Call): Promise<Outcome> {
  return ok(await change(call, call.id('guildId'), call.id('roleId'), await call.body(roleEdit)));
}

interface Wire {
  readonly id: Snowflake;
}

function change(call: Call, guildId: Snowflake, roleId: Snowflake, form: Form): Promise<Wire> {
  const picture = { kind: 'role-icons', owner: roleId, field: 'icon' } as const;
  return withPicture(call, picture, form.icon, (icon) => {
    const patch = { ...patchOf(form), ...(icon === undefined ? {} : { icon }) };
    return call.ask(guildKey(guildId), { kind: 'updateRole', by: call.by, roleId, patch });
  });
}

/** `colors` wins over `color`, which older clients send. */
function patchOf(form: Form): RolePatch {
  const { colors } = form;
  const { primary_color, secondary_color = null, tertiary_color = null } = colors ?? {};
  return {
    ...pick(form, ['name', 'permissions', 'color', 'hoist', 'mentionable', 'unicode_emoji']),
    ...(colors ? { colors: { primary_color: primary_color ?? 0, secondary_color, tertiary_color } } : {}),
  };
}

async function bulkUpdateGuildRoles(call: Call): Promise<Outcome> {
  const form = await call.body(roleMoves);
  const moves = form.flatMap(({ id, position }) =>
    position === null || position === undefined ? [] : { id, position },
  );
  return ok(await call.ask(guildKey(call.id('guildId')), { kind: 'moveRoles', by: call.by, moves }));
}

async function deleteGuildRole(call: Call): Promise<Outcome> {
  const roleId = call.id('roleId');
  await call.ask(guildKey(call.id('guildId')), { kind: 'deleteRole', by: call.by, roleId });
  await tidyUp(call, () => call.edge.deps.files.removePictures('role-icons', roleId));
  return noContent;
}

export const roleRoutes: readonly Route[] = [
  route('GET', '/guilds/:guildId/roles', listGuildRoles),
  route('POST', '/guilds/:guildId/roles', createGuildRole, { maxBodyBytes: PICTURE_BODY_BYTES }),
  route('PATCH', '/guilds/:guildId/roles', bulkUpdateGuildRoles),
  route('GET', '/guilds/:guildId/roles/:roleId', getGuildRole),
  route('PATCH', '/guilds/:guildId/roles/:roleId', updateGuildRole, { maxBodyBytes: PICTURE_BODY_BYTES }),
  route('DELETE', '/guilds/:guildId/roles/:roleId', deleteGuildRole),
];
