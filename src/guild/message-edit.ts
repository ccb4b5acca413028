/** A message is changed: by its author, or (embeds hidden) by who manages messages; or published. */
import { ChannelType, MessageFlags, PermissionFlagsBits as P } from 'discord-api-types/v10';
import type { MessageCommand, MessagePatch } from '../protocol/commands.ts';
import { type Decision, refused, type Turn } from '../protocol/decision.ts';
import { type Refusal, refuse } from '../protocol/errors.ts';
import type { Snowflake } from '../protocol/ids.ts';
import { hasBits } from '../protocol/permission-bits.ts';
import type { Edited } from '../protocol/reads.ts';
import type { MessageRecord, StoredMessage } from '../protocol/records.ts';
import { shownFiles } from '../protocol/shown-files.ts';
import { wireTime } from '../protocol/wire-time.ts';
import { resolveMentions } from './mentions.ts';
import { badContent, isEmpty, shownEmbeds } from './message-create.ts';
import { messageDispatch, peopleOf } from './message-wire.ts';
import { Outcome } from './outcome.ts';
import { findMessage, type Place } from './place.ts';
import { renderUser } from './render-member.ts';
import { isWritten } from './replies.ts';

type Edit = MessageCommand & { kind: 'editMessage' };
type Crosspost = MessageCommand & { kind: 'crosspost' };

/** What an edit may turn on and off. */
const SWITCHABLE = MessageFlags.SuppressEmbeds;

export function editMessage(place: Place, { by, messageId, patch }: Edit, turn: Turn): Decision {
  const permissions = place.permissions(by.id, turn.now);
  if (!hasBits(permissions, P.ViewChannel)) return refused(refuse('missingAccess'));
  const found = findMessage(place, messageId);
  if ('refused' in found) return refused(found);
  const { message } = found;
  const no = mayEdit(message, by.id, patch, permissions) ?? badContent((patch.content ?? '').trim());
  if (no) return refused(no);
  const wire = changed(place, message, patch, permissions, turn.now);
  if (isLeftEmpty(wire)) return refused(refuse('emptyMessage'));
  const out = new Outcome(turn);
  replaceMessage(place, { ...message, wire }, out);
  place.touch(turn.mint());
  const edited: Edited<StoredMessage> = { message: wire, gone: droppedFiles(message.wire, wire) };
  return out.done(edited);
}

function droppedFiles(before: StoredMessage, after: StoredMessage): Snowflake[] {
  const shown = shownFiles(after);
  return before.attachments.map(({ id }) => id).filter((id) => !shown.has(id));
}

export function crosspost(place: Place, { by, messageId }: Crosspost, turn: Turn): Decision {
  const permissions = place.permissions(by.id, turn.now);
  if (!hasBits(permissions, P.ViewChannel)) return refused(refuse('missingAccess'));
  if (place.type !== ChannelType.GuildAnnouncement) return refused(refuse('wrongChannelType'));
  const found = findMessage(place, messageId);
  if ('refused' in found) return refused(found);
  const { message } = found;
  const needed = message.author_id === by.id ? P.SendMessages : P.ManageMessages;
  if (!hasBits(permissions, needed)) return refused(refuse('missingPermissions'));
  if (!isWritten(message.wire)) return refused(refuse('systemMessage'));
  const flags = message.wire.flags ?? 0;
  if ((flags & MessageFlags.Crossposted) !== 0)
    return refused(refuse('generalError', { message: 'This message has already been crossposted' }));
  const wire = { ...message.wire, flags: flags | MessageFlags.Crossposted };
  const out = new Outcome(turn);
  replaceMessage(place, { ...message, wire }, out);
  place.touch(turn.mint());
  return out.done(wire);
}

/** Stores the new form and tells everybody. */
export function replaceMessage(place: Place, message: MessageRecord, out: Outcome): void {
  out.write({ w: 'putMessage', message });
  place.messages.putMessage(message);
  place.emit(out, {
    t: 'MESSAGE_UPDATE',
    d: messageDispatch(place, message.wire),
    about: peopleOf(message.wire),
    note: { as: 'message', channelId: place.channelId, id: message.id },
  });
}

function mayEdit(message: MessageRecord, by: Snowflake, patch: MessagePatch, permissions: bigint): Refusal | null {
  if (!isWritten(message.wire)) return refuse('systemMessage');
  if (message.author_id === by) {
    const attaches = (patch.attachments ?? []).length > 0;
    return attaches && !hasBits(permissions, P.AttachFiles) ? refuse('missingPermissions') : null;
  }
  if (!isFlagsOnly(patch)) return refuse('cannotEditOther');
  return hasBits(permissions, P.ManageMessages) ? null : refuse('missingPermissions');
}

const isFlagsOnly = (patch: MessagePatch): boolean =>
  Object.entries(patch).every(([key, value]) => key === 'flags' || value === undefined);

function changed(
  place: Place,
  { wire }: MessageRecord,
  patch: MessagePatch,
  permissions: bigint,
  now: number,
): StoredMessage {
  const flags = flagsOf(wire.flags ?? 0, patch.flags);
  if (isFlagsOnly(patch)) return { ...wire, flags, embeds: embedsOf(wire, patch, flags, permissions) };
  const content = patch.content === undefined ? wire.content : (patch.content ?? '').trim();
  const kept = patch.keep;
  return {
    ...wire,
    ...mentionsOf(place, wire, content, patch, permissions),
    content,
    flags,
    edited_timestamp: wireTime(now),
    embeds: embedsOf(wire, patch, flags, permissions),
    attachments: [
      ...wire.attachments.filter(({ id }) => kept === undefined || kept.includes(id)),
      ...(patch.attachments ?? []),
    ],
    components: (patch.components === undefined ? (wire.components ?? []) : (patch.components ?? [])) as NonNullable<
      StoredMessage['components']
    >,
  };
}

/** What it has stays, whatever its author may do by now. */
function embedsOf(wire: StoredMessage, { embeds }: MessagePatch, flags: number, permissions: bigint) {
  if (embeds === undefined) return (flags & MessageFlags.SuppressEmbeds) !== 0 ? [] : wire.embeds;
  return shownEmbeds(embeds ?? [], flags, permissions);
}

function flagsOf(old: number, wanted: number | null | undefined): number {
  if (wanted === undefined || wanted === null) return old;
  return (old & ~SWITCHABLE) | (wanted & SWITCHABLE) | (wanted & MessageFlags.IsComponentsV2);
}

/** Recomputed from the new text. Without a word about it, a reply goes on mentioning whom it mentioned. */
function mentionsOf(place: Place, wire: StoredMessage, content: string, patch: MessagePatch, permissions: bigint) {
  if (patch.content === undefined && patch.allowed_mentions === undefined) return {};
  const allowed = patch.allowed_mentions ?? null;
  const answered = wire.referenced_message?.author.id;
  const before = wire.mentions.some(({ id }) => id === answered);
  const replied = answered !== undefined && (allowed?.replied_user ?? before) ? answered : null;
  const mentions = resolveMentions(place, content, allowed, permissions, replied);
  return {
    mentions: mentions.users.map(renderUser),
    mention_roles: [...mentions.roles],
    mention_everyone: mentions.everyone,
  };
}

const isLeftEmpty = (wire: StoredMessage): boolean =>
  isEmpty({ ...wire, flags: wire.flags ?? 0, components: wire.components ?? [] });
