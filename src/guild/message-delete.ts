/** Messages are deleted, one by one or many at once. */
import { PermissionFlagsBits as P } from 'discord-api-types/v10';
import type { MessageCommand } from '../protocol/commands.ts';
import { type Decision, done, refused, type Turn } from '../protocol/decision.ts';
import { refuse } from '../protocol/errors.ts';
import type { Snowflake } from '../protocol/ids.ts';
import { hasBits } from '../protocol/permission-bits.ts';
import type { MessageRecord } from '../protocol/records.ts';
import { timestampOf } from '../protocol/snowflake.ts';
import { LITERAL, Outcome } from './outcome.ts';
import { dropPins } from './pins.ts';
import { findMessage, type Place } from './place.ts';

const MIN_BULK = 2;
const MAX_BULK = 100;
const MAX_AGE_MS = 14 * 24 * 3600_000;

type Delete = MessageCommand & { kind: 'deleteMessage' };
type Bulk = MessageCommand & { kind: 'bulkDelete' };

export function deleteMessage(place: Place, { by, messageId }: Delete, turn: Turn): Decision {
  const permissions = place.permissions(by.id, turn.now);
  if (!hasBits(permissions, P.ViewChannel)) return refused(refuse('missingAccess'));
  const found = findMessage(place, messageId);
  if ('refused' in found) return refused(found);
  if (found.message.author_id !== by.id && !hasBits(permissions, P.ManageMessages))
    return refused(refuse(place.guildId === null ? 'notInDm' : 'missingPermissions'));
  const out = new Outcome(turn);
  remove(place, [found.message], out);
  place.touch(turn.mint());
  place.emit(out, { t: 'MESSAGE_DELETE', d: { id: messageId, channel_id: place.channelId }, about: [], note: LITERAL });
  return out.done(attachmentsOf([found.message]));
}

/** What does not exist is passed over: that it is gone is what was asked for. */
export function bulkDelete(place: Place, { by, ids }: Bulk, turn: Turn): Decision {
  const permissions = place.permissions(by.id, turn.now);
  if (!hasBits(permissions, P.ViewChannel)) return refused(refuse('missingAccess'));
  if (place.guildId === null) return refused(refuse('notInDm'));
  if (!hasBits(permissions, P.ManageMessages)) return refused(refuse('missingPermissions'));
  const unique = [...new Set(ids)];
  if (unique.length < MIN_BULK || unique.length > MAX_BULK) return refused(refuse('bulkDeleteCount'));
  if (unique.some((id) => turn.now - timestampOf(id) > MAX_AGE_MS)) return refused(refuse('tooOldToBulkDelete'));
  const found: MessageRecord[] = [];
  for (const id of unique) {
    const one = findMessage(place, id);
    if (!('refused' in one)) found.push(one.message);
    else if (one.refused === 'overloaded') return refused(one);
  }
  if (found.length === 0) return done([]);
  const out = new Outcome(turn);
  remove(place, found, out);
  place.touch(turn.mint());
  const d = { ids: idsOf(found), channel_id: place.channelId };
  place.emit(out, { t: 'MESSAGE_DELETE_BULK', d, about: [], note: LITERAL });
  return out.done(attachmentsOf(found));
}

const attachmentsOf = (messages: readonly MessageRecord[]): Snowflake[] =>
  messages.flatMap(({ wire }) => wire.attachments.map(({ id }) => id));

const idsOf = (messages: readonly MessageRecord[]): Snowflake[] => messages.map(({ id }) => id);

function remove(place: Place, messages: readonly MessageRecord[], out: Outcome): void {
  const { channelId } = place;
  out.write({ w: 'deleteMessages', channelId, ids: idsOf(messages) });
  dropPins(place, messages, out);
  for (const { id } of messages) place.messages.putDeleted(channelId, id);
}
