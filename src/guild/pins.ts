/** Pinned messages of a channel. */
import { MessageType, PermissionFlagsBits as P } from 'discord-api-types/v10';
import type { By, MessageCommand } from '../protocol/commands.ts';
import { type Decision, done, refused, type Turn } from '../protocol/decision.ts';
import { type Refusal, refuse } from '../protocol/errors.ts';
import { hasBits } from '../protocol/permission-bits.ts';
import type { MessageRecord } from '../protocol/records.ts';
import { wireTime } from '../protocol/wire-time.ts';
import type { Pins } from './message-cache.ts';
import { appendMessage } from './message-create.ts';
import { replaceMessage } from './message-edit.ts';
import { messageRecord } from './message-wire.ts';
import { LITERAL, Outcome } from './outcome.ts';
import { findMessage, type Place } from './place.ts';
import { isWritten } from './replies.ts';

const MAX_PINS = 50;

type Pin = MessageCommand & { kind: 'pin' | 'unpin' };

interface Target {
  readonly message: MessageRecord;
  readonly pins: Pins;
}

export function pin(place: Place, command: Pin, turn: Turn): Decision {
  const at = target(place, command, turn.now);
  if ('refused' in at) return refused(at);
  const { message, pins } = at;
  if (!isWritten(message.wire)) return refused(refuse('systemMessage'));
  if (pins.has(message.id)) return done();
  if (pins.size >= MAX_PINS) return refused(refuse('maxPins'));
  const out = new Outcome(turn);
  const when = wireTime(turn.now);
  out.write({ w: 'putPin', channelId: place.channelId, messageId: message.id, at: when });
  place.messages.putPin(place.channelId, message.id, when);
  setPinned(place, message, true, out);
  sayPins(place, when, out);
  announce(place, command.by, message, turn, out);
  return out.done();
}

export function unpin(place: Place, command: Pin, turn: Turn): Decision {
  const at = target(place, command, turn.now);
  if ('refused' in at) return refused(at);
  const { message, pins } = at;
  if (!pins.has(message.id)) return done();
  const out = new Outcome(turn);
  out.write({ w: 'deletePin', channelId: place.channelId, messageId: message.id });
  place.messages.deletePin(place.channelId, message.id);
  setPinned(place, message, false, out);
  sayPins(place, newest(place), out);
  place.touch(turn.mint());
  return out.done();
}

/** Deleted messages are pinned no longer. Called before they leave the cache. */
export function dropPins(place: Place, messages: readonly MessageRecord[], out: Outcome): void {
  const pinned = messages.filter(({ wire }) => wire.pinned);
  for (const { id } of pinned) {
    out.write({ w: 'deletePin', channelId: place.channelId, messageId: id });
    place.messages.deletePin(place.channelId, id);
  }
  if (pinned.length > 0 && place.messages.pins(place.channelId)) sayPins(place, newest(place), out);
}

function target(place: Place, { by, messageId }: Pin, now: number): Target | Refusal {
  const permissions = place.permissions(by.id, now);
  if (!hasBits(permissions, P.ViewChannel)) return refuse('missingAccess');
  if ((permissions & (P.ManageMessages | P.PinMessages)) === 0n) return refuse('missingPermissions');
  const found = findMessage(place, messageId);
  if ('refused' in found) return found;
  const pins = place.messages.pins(place.channelId);
  return pins ? { message: found.message, pins } : refuse('overloaded');
}

function newest(place: Place): string | null {
  const times = [...(place.messages.pins(place.channelId)?.values() ?? [])];
  return times.reduce<string | null>((best, at) => (best === null || at > best ? at : best), null);
}

function setPinned(place: Place, message: MessageRecord, pinned: boolean, out: Outcome): void {
  replaceMessage(place, { ...message, wire: { ...message.wire, pinned } }, out);
}

function sayPins(place: Place, at: string | null, out: Outcome): void {
  place.setLastPin(out, at);
  const d = { channel_id: place.channelId, last_pin_timestamp: at };
  place.emit(out, { t: 'CHANNEL_PINS_UPDATE', d, about: [], note: LITERAL });
}

/** What the channel reads of it. */
function announce(place: Place, by: By, message: MessageRecord, turn: Turn, out: Outcome): void {
  const record = messageRecord(place, {
    id: turn.mint(place.lastMessageId),
    author: by.self,
    type: MessageType.ChannelPinnedMessage,
    content: '',
    mentions: { users: [], roles: [], everyone: false },
    tts: false,
    attachments: [],
    embeds: [],
    components: [],
    flags: 0,
    reference: message,
  });
  appendMessage(place, record, null, out);
}
