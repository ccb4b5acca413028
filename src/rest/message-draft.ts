/** From the form of a message to what its owner decides on. */
import type { APIAttachment } from 'discord-api-types/v10';
import type { AllowedMentions, MessageDraft, MessagePatch } from '../protocol/commands.ts';
import type { Snowflake } from '../protocol/ids.ts';
import { check } from './body.ts';
import { normalEmbeds, numberedComponents } from './embeds.ts';
import { refusedField } from './refused.ts';
import { messageCreate, messageEdit } from './schemas.ts';

/** SUPPRESS_EMBEDS, SUPPRESS_NOTIFICATIONS, IS_VOICE_MESSAGE, IS_COMPONENTS_V2: what an author may set. */
const SETTABLE_FLAGS = (1 << 2) | (1 << 12) | (1 << 13) | (1 << 15);

/** A file of the request. `index`: n of `files[n]`, which `attachments[].id` refers to. */
export interface Uploaded {
  readonly index: number;
  readonly attachment: APIAttachment;
}

type Form = ReturnType<typeof messageCreate.parse>;
type Described = NonNullable<Form['attachments']>;

export function draftOf(body: unknown, uploaded: readonly Uploaded[], isPerson: boolean): MessageDraft {
  const form = check(messageCreate, body);
  refuseUnbuilt(form);
  const attachments = describe(uploaded, form.attachments ?? []);
  const urls = addresses(attachments);
  const embeds = form.embeds ?? (form.embed ? [form.embed] : []);
  const reference = form.message_reference;
  return {
    content: form.content ?? '',
    nonce: form.nonce ?? null,
    enforceNonce: isPerson || form.enforce_nonce === true,
    tts: form.tts ?? false,
    embeds: normalEmbeds(embeds, urls),
    attachments,
    allowed_mentions: mentionsOf(form.allowed_mentions),
    reference: reference
      ? {
          message_id: reference.message_id,
          channel_id: reference.channel_id ?? null,
          guild_id: reference.guild_id ?? null,
          fail_if_not_exists: reference.fail_if_not_exists ?? true,
          type: reference.type ?? 0,
        }
      : null,
    components: numberedComponents(form.components ?? [], urls),
    flags: (form.flags ?? 0) & SETTABLE_FLAGS,
  };
}

export function patchOf(body: unknown, uploaded: readonly Uploaded[]): MessagePatch {
  const form = check(messageEdit, body);
  const attachments = describe(uploaded, form.attachments ?? []);
  const urls = addresses(attachments);
  const replaced = new Set(uploaded.map(({ index }) => String(index)));
  const kept = form.attachments?.map(({ id }) => id).filter((id) => !replaced.has(id));
  return {
    ...(form.content !== undefined && { content: form.content }),
    ...(form.embeds !== undefined && { embeds: form.embeds && normalEmbeds(form.embeds, urls) }),
    ...(attachments.length > 0 && { attachments }),
    ...(form.attachments !== undefined && { keep: kept ?? [] }),
    ...(form.allowed_mentions !== undefined && { allowed_mentions: mentionsOf(form.allowed_mentions) }),
    ...(form.components !== undefined && { components: form.components && numberedComponents(form.components, urls) }),
    ...(form.flags !== undefined && { flags: form.flags === null ? null : form.flags & SETTABLE_FLAGS }),
  };
}

/** A message that would lose a part says so, instead of being sent without it. */
function refuseUnbuilt(form: Form): void {
  if (form.poll) throw refusedField(['poll'], 'BASE_TYPE_INVALID', 'Polls are not supported by this server.');
  if (form.sticker_ids && form.sticker_ids.length > 0) {
    throw refusedField(['sticker_ids'], 'STICKER_NOT_FOUND', 'Stickers are not supported by this server.');
  }
}

function describe(uploaded: readonly Uploaded[], described: Described): APIAttachment[] {
  return uploaded.map(({ index, attachment }) => {
    const about = described.find(({ id }) => id === String(index));
    return {
      ...attachment,
      ...(about?.description ? { description: about.description } : {}),
      ...(about?.title ? { title: about.title } : {}),
    };
  });
}

const addresses = (attachments: readonly APIAttachment[]): Map<string, string> =>
  new Map(attachments.map(({ filename, url }) => [filename, url]));

function mentionsOf(form: Form['allowed_mentions']): AllowedMentions | null {
  if (!form) return null;
  const parse = (form.parse ?? []).filter((each) => each !== null) as AllowedMentions['parse'][number][];
  const users = (form.users ?? []).filter((each): each is Snowflake => each !== null);
  const roles = (form.roles ?? []).filter((each): each is Snowflake => each !== null);
  for (const [name, ids] of [
    ['users', users],
    ['roles', roles],
  ] as const) {
    if (ids.length === 0 || !parse.includes(name)) continue;
    const message = `parse:["${name}"] and ${name}: [ids...] are mutually exclusive.`;
    throw refusedField(['allowed_mentions'], 'MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE', message);
  }
  return { parse, users, roles, replied_user: form.replied_user ?? false };
}
