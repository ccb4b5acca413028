/** Guilds themselves (docs/resources/guild). */
import type { GuildPatch } from '../protocol/commands.ts';
import { guildKey, type Snowflake } from '../protocol/ids.ts';
import type { GuildGone } from '../protocol/reads.ts';
import type { Call } from './call.ts';
import { pick, pickFilled } from './compact.ts';
import { type PictureHash, type PictureOf, withPicture } from './pictures.ts';
import { created, noContent, type Outcome, ok } from './respond.ts';
import { type Route, route } from './route.ts';
import { guildCreate, guildEdit } from './schemas.ts';
import { tidyUp } from './tidy-up.ts';
import { PICTURE_BODY_BYTES } from './users.ts';

async function createGuild(call: Call): Promise<Outcome> {
  const { name, icon } = await call.body(guildCreate);
  const id = call.edge.deps.mint();
  const create = (hash: PictureHash) =>
    call.ask(guildKey(id), { kind: 'createGuild', by: call.by, id, name, icon: hash ?? null });
  return created(await withPicture(call, iconOf(id), icon, create));
}

const iconOf = (owner: Snowflake): PictureOf => ({ kind: 'icons', owner, field: 'icon' });

async function getGuild(call: Call): Promise<Outcome> {
  const withCounts = call.query.flag('with_counts');
  return ok(await call.read(guildKey(call.id('guildId')), { ask: 'guild', by: call.userId, withCounts }));
}

async function updateGuild(call: Call): Promise<Outcome> {
  const guildId = call.id('guildId');
  const form = await call.body(guildEdit);
  const patch: GuildPatch = {
    ...pick(form, ['description', 'afk_channel_id', 'verification_level', 'default_message_notifications']),
    ...pick(form, ['explicit_content_filter', 'system_channel_id', 'rules_channel_id', 'public_updates_channel_id']),
    ...pick(form, ['safety_alerts_channel_id', 'preferred_locale']),
    ...pickFilled(form, ['name', 'owner_id', 'afk_timeout', 'system_channel_flags', 'premium_progress_bar_enabled']),
  };
  return ok(
    await withPicture(call, iconOf(guildId), form.icon, (icon) => {
      const whole = icon === undefined ? patch : { ...patch, icon };
      return call.ask(guildKey(guildId), { kind: 'updateGuild', by: call.by, patch: whole });
    }),
  );
}

async function deleteGuild(call: Call): Promise<Outcome> {
  const guildId = call.id('guildId');
  const { channels, roles } = await call.ask<GuildGone>(guildKey(guildId), { kind: 'deleteGuild', by: call.by });
  const { files } = call.edge.deps;
  await tidyUp(call, async () => {
    await files.removePictures('icons', guildId);
    for (const id of channels) await files.removeChannel(id);
    for (const id of roles) await files.removePictures('role-icons', id);
  });
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
