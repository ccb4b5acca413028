/** Roles of a guild (docs/resources/guild). */
import type { RolePatch } from '../protocol/commands.ts';
import { guildKey, type Snowflake } from '../protocol/ids.ts';
import type { Call } from './call.ts';
import { pick } from './compact.ts';
import { noContent, type Outcome, ok } from './respond.ts';
import { type Route, route } from './route.ts';
import { roleCreate, roleEdit, roleMoves } from './schemas.ts';
import { PICTURE_BODY_BYTES } from './users.ts';

type Form = ReturnType<typeof roleEdit.parse>;

async function listGuildRoles(call: Call): Promise<Outcome> {
  return ok(await call.read(guildKey(call.id('guildId')), { ask: 'roles', by: call.userId }));
}

async function getGuildRole(call: Call): Promise<Outcome> {
  const roleId = call.id('roleId');
  return ok(await call.read(guildKey(call.id('guildId')), { ask: 'role', by: call.userId, roleId }));
}

async function createGuildRole(call: Call): Promise<Outcome> {
  const guildId = call.id('guildId');
  const patch = await patchOf(call, guildId, await call.body(roleCreate));
  return ok(await call.ask(guildKey(guildId), { kind: 'createRole', by: call.by, patch }));
}

async function updateGuildRole(call: Call): Promise<Outcome> {
  const [guildId, roleId] = [call.id('guildId'), call.id('roleId')];
  const patch = await patchOf(call, roleId, await call.body(roleEdit));
  return ok(await call.ask(guildKey(guildId), { kind: 'updateRole', by: call.by, roleId, patch }));
}

/** `colors` wins over `color`, which older clients send. */
async function patchOf(call: Call, owner: Snowflake, form: Form): Promise<RolePatch> {
  const { icon, colors } = form;
  const files = call.edge.deps.files;
  const picture =
    icon === undefined ? {} : { icon: icon && (await files.savePicture('role-icons', owner, icon, 'icon')) };
  const { primary_color, secondary_color = null, tertiary_color = null } = colors ?? {};
  return {
    ...pick(form, ['name', 'permissions', 'color', 'hoist', 'mentionable', 'unicode_emoji']),
    ...(colors ? { colors: { primary_color: primary_color ?? 0, secondary_color, tertiary_color } } : {}),
    ...picture,
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
  await call.ask(guildKey(call.id('guildId')), { kind: 'deleteRole', by: call.by, roleId: call.id('roleId') });
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
