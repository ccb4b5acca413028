/** Guilds themselves (docs/resources/guild). */
import type { GuildPatch } from '../protocol/commands.ts';
import { guildKey } from '../protocol/ids.ts';
import type { Call } from './call.ts';
import { pick, pickFilled } from './compact.ts';
import { created, noContent, type Outcome, ok } from './respond.ts';
import { type Route, route } from './route.ts';
import { guildCreate, guildEdit } from './schemas.ts';
import { PICTURE_BODY_BYTES } from './users.ts';

async function createGuild(call: Call): Promise<Outcome> {
  const { name, icon } = await call.body(guildCreate);
  const { mint, files } = call.edge.deps;
  const id = mint();
  const hash = icon ? await files.savePicture('icons', id, icon, 'icon') : null;
  return created(await call.ask(guildKey(id), { kind: 'createGuild', by: call.by, id, name, icon: hash }));
}

async function getGuild(call: Call): Promise<Outcome> {
  const withCounts = call.query.flag('with_counts');
  return ok(await call.read(guildKey(call.id('guildId')), { ask: 'guild', by: call.userId, withCounts }));
}

async function updateGuild(call: Call): Promise<Outcome> {
  const guildId = call.id('guildId');
  const form = await call.body(guildEdit);
  const { icon } = form;
  const picture =
    icon === undefined
      ? {}
      : { icon: icon && (await call.edge.deps.files.savePicture('icons', guildId, icon, 'icon')) };
  const patch: GuildPatch = {
    ...pick(form, ['description', 'afk_channel_id', 'verification_level', 'default_message_notifications']),
    ...pick(form, ['explicit_content_filter', 'system_channel_id', 'rules_channel_id', 'public_updates_channel_id']),
    ...pick(form, ['safety_alerts_channel_id', 'preferred_locale']),
    ...pickFilled(form, ['name', 'owner_id', 'afk_timeout', 'system_channel_flags', 'premium_progress_bar_enabled']),
    ...picture,
  };
  return ok(await call.ask(guildKey(guildId), { kind: 'updateGuild', by: call.by, patch }));
}

async function deleteGuild(call: Call): Promise<Outcome> {
  await call.ask(guildKey(call.id('guildId')), { kind: 'deleteGuild', by: call.by });
  return noContent;
}

async function getGuildPreview(call: Call): Promise<Outcome> {
  return ok(await call.read(guildKey(call.id('guildId')), { ask: 'guildPreview', by: call.userId }));
}

export const guildRoutes: readonly Route[] = [
  route('POST', '/guilds', createGuild, { who: 'person', maxBodyBytes: PICTURE_BODY_BYTES }),
  route('GET', '/guilds/:guildId', getGuild),
  route('PATCH', '/guilds/:guildId', updateGuild, { maxBodyBytes: PICTURE_BODY_BYTES }),
  route('DELETE', '/guilds/:guildId', deleteGuild),
  route('GET', '/guilds/:guildId/preview', getGuildPreview),
];
