/** Channels of guilds and DMs, and the permission overwrites of a channel (docs/resources/channel). */
import type { APIOverwrite } from 'discord-api-types/v10';
import type { ChannelPatch } from '../protocol/commands.ts';
import { guildKey } from '../protocol/ids.ts';
import type { Call } from './call.ts';
import { pick, pickFilled } from './compact.ts';
import { withPicture } from './pictures.ts';
import { refusedField } from './refused.ts';
import { created, noContent, type Outcome, ok } from './respond.ts';
import { type Route, route } from './route.ts';
import { channelCreate, channelEdit, channelMoves, overwritePut } from './schemas.ts';
import { tidyUp } from './tidy-up.ts';
import { PICTURE_BODY_BYTES } from './users.ts';

type Form = ReturnType<typeof channelEdit.parse>;

/** Text 0, voice 2, category 4, announcement 5. */
const BUILT = new Set<number>([0, 2, 4, 5]);

async function getChannel(call: Call): Promise<Outcome> {
  const channelId = call.id('channelId');
  return ok(await call.read(await call.edge.owners.of(channelId), { ask: 'channel', by: call.userId, channelId }));
}

async function updateChannel(call: Call): Promise<Outcome> {
  const channelId = call.id('channelId');
  const form = await call.body(channelEdit);
  const owner = await call.edge.owners.of(channelId);
  const patch = patchOf(form);
  const picture = { kind: 'channel-icons', owner: channelId, field: 'icon' } as const;
  return ok(
    await withPicture(call, picture, form.icon, (icon) => {
      const whole = icon === undefined ? patch : { ...patch, icon };
      return call.ask(owner, { kind: 'updateChannel', by: call.by, channelId, patch: whole });
    }),
  );
}

/** A DM is closed for the caller alone. */
async function deleteChannel(call: Call): Promise<Outcome> {
  const channelId = call.id('channelId');
  const owner = await call.edge.owners.of(channelId);
  if (owner.startsWith('d:')) return ok(await call.ask(owner, { kind: 'closeDm', by: call.by }));
  const deleted = await call.ask(owner, { kind: 'deleteChannel', by: call.by, channelId });
  await tidyUp(call, () => call.edge.deps.files.removeChannel(channelId));
  return ok(deleted);
}

async function listGuildChannels(call: Call): Promise<Outcome> {
  return ok(await call.read(guildKey(call.id('guildId')), { ask: 'channels', by: call.userId }));
}

async function createGuildChannel(call: Call): Promise<Outcome> {
  const form = await call.body(channelCreate);
  const type = form.type ?? 0;
  const draft = { ...patchOf(form as Form), name: form.name, type };
  return created(await call.ask(guildKey(call.id('guildId')), { kind: 'createChannel', by: call.by, draft }));
}

async function bulkUpdateGuildChannels(call: Call): Promise<Outcome> {
  const form = await call.body(channelMoves);
  const moves = form.map(({ id, parent_id, ...rest }) => ({
    id,
    ...pickFilled(rest, ['position', 'lock_permissions']),
    ...(parent_id === undefined ? {} : { parent_id }),
  }));
  await call.ask(guildKey(call.id('guildId')), { kind: 'moveChannels', by: call.by, moves });
  return noContent;
}

function patchOf(form: Form): ChannelPatch {
  if (typeof form.type === 'number' && !BUILT.has(form.type)) {
    throw refusedField(['type'], 'BASE_TYPE_CHOICES', `Value must be one of {${[...BUILT].join(', ')}}.`);
  }
  const keys = ['position', 'topic', 'nsfw', 'rate_limit_per_user', 'bitrate', 'user_limit', 'parent_id'] as const;
  const more = ['rtc_region', 'video_quality_mode', 'default_auto_archive_duration'] as const;
  const { permission_overwrites: overwrites } = form;
  return {
    ...pick(form, [...keys, ...more]),
    ...pickFilled(form, ['name', 'type', 'flags']),
    ...(overwrites ? { permission_overwrites: overwrites.map(wholeOverwrite) } : {}),
  };
}

interface OverwriteForm {
  readonly id: string;
  readonly type: 0 | 1;
  readonly allow?: string | null | undefined;
  readonly deny?: string | null | undefined;
}

const wholeOverwrite = ({ id, type, allow, deny }: OverwriteForm): APIOverwrite => ({
  id,
  type,
  allow: allow ?? '0',
  deny: deny ?? '0',
});

async function setChannelPermissionOverwrite(call: Call): Promise<Outcome> {
  const [channelId, id] = [call.id('channelId'), call.id('overwriteId')];
  const overwrite = wholeOverwrite({ id, ...(await call.body(overwritePut)) });
  await call.ask(await call.edge.owners.of(channelId), { kind: 'putOverwrite', by: call.by, channelId, overwrite });
  return noContent;
}

async function deleteChannelPermissionOverwrite(call: Call): Promise<Outcome> {
  const [channelId, targetId] = [call.id('channelId'), call.id('overwriteId')];
  await call.ask(await call.edge.owners.of(channelId), { kind: 'deleteOverwrite', by: call.by, channelId, targetId });
  return noContent;
}

export const channelRoutes: readonly Route[] = [
  route('GET', '/channels/:channelId', getChannel),
  route('PATCH', '/channels/:channelId', updateChannel, { maxBodyBytes: PICTURE_BODY_BYTES }),
  route('DELETE', '/channels/:channelId', deleteChannel),
  route('PUT', '/channels/:channelId/permissions/:overwriteId', setChannelPermissionOverwrite),
  route('DELETE', '/channels/:channelId/permissions/:overwriteId', deleteChannelPermissionOverwrite),
  route('GET', '/guilds/:guildId/channels', listGuildChannels),
  route('POST', '/guilds/:guildId/channels', createGuildChannel),
  route('PATCH', '/guilds/:guildId/channels', bulkUpdateGuildChannels),
];
