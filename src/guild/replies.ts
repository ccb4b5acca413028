/** The message that a new one answers. */
import { MessageType, PermissionFlagsBits as P } from 'discord-api-types/v10';
import type { MessageDraft } from '../protocol/commands.ts';
import { type Refusal, refuse } from '../protocol/errors.ts';
import type { MessageRecord, StoredMessage } from '../protocol/records.ts';
import type { Place } from './place.ts';

/** Types that people write, in contrast to what the server says by itself. */
const WRITTEN: ReadonlySet<number> = new Set([
  MessageType.Default,
  MessageType.Reply,
  MessageType.ChatInputCommand,
  MessageType.ContextMenuCommand,
]);

export const isWritten = (wire: StoredMessage): boolean => WRITTEN.has(wire.type);

/** Null: it answers nothing (also when what it answered is gone and its author does not mind). */
export function resolveReply(place: Place, draft: MessageDraft, permissions: bigint): MessageRecord | Refusal | null {
  const { reference } = draft;
  if (!reference) return null;
  if (reference.type !== 0) return unknown('MESSAGE_REFERENCE_TYPE_UNSUPPORTED', 'Messages cannot be forwarded here');
  if ((permissions & P.ReadMessageHistory) === 0n) return refuse('missingPermissions');
  if (reference.channel_id !== null && reference.channel_id !== place.channelId)
    return unknown('REPLIES_CANNOT_REFERENCE_OTHER_CHANNEL', 'Cannot reply to a message in a different channel');
  const found = place.messages.message(place.channelId, reference.message_id);
  if (found === undefined) return refuse('overloaded');
  if (found === null)
    return reference.fail_if_not_exists ? unknown('REPLIES_UNKNOWN_MESSAGE', 'Unknown message') : null;
  if (!isWritten(found.message.wire))
    return unknown('REPLIES_CANNOT_REFERENCE_SYSTEM_MESSAGE', 'Cannot reply to a system message');
  return found.message;
}

const unknown = (code: string, message: string): Refusal =>
  refuse('unknownReply', { fields: [{ path: ['message_reference'], code, message }] });
