/** A message is written. */
import { ChannelType, MessageFlags, MessageType, PermissionFlagsBits as P } from 'discord-api-types/v10';
import type { By, MessageCommand, MessageDraft } from '../protocol/commands.ts';
import { type Decision, done, refused, type Turn } from '../protocol/decision.ts';
import { type Refusal, refuse, refuseField } from '../protocol/errors.ts';
import type { MessageRecord, StoredMessage } from '../protocol/records.ts';
import { resolveMentions } from './mentions.ts';
import { type MessageParts, messageDispatch, messageRecord, peopleOf } from './message-wire.ts';
import { Outcome } from './outcome.ts';
import type { Place } from './place.ts';
import { resolveReply } from './replies.ts';

const MAX_CONTENT = 2000;
/** What a sender may set. */
export const SENDER_FLAGS =
  MessageFlags.SuppressEmbeds | MessageFlags.SuppressNotifications | MessageFlags.IsComponentsV2;

const WITH_TEXT: ReadonlySet<number> = new Set([
  ChannelType.GuildText,
  ChannelType.DM,
  ChannelType.GuildVoice,
  ChannelType.GroupDM,
  ChannelType.GuildAnnouncement,
]);

type Create = MessageCommand & { kind: 'createMessage' };

export function createMessage(place: Place, { by, draft }: Create, turn: Turn): Decision {
  const { now } = turn;
  const permissions = place.permissions(by.id, now);
  const no = maySend(place, permissions) ?? mayUse(draft, permissions) ?? badContent(draft.content.trim());
  if (no) return refused(no);
  const again = madeBefore(place, by, draft, now);
  if (again) return again;
  const wait = bypassesSlowMode(by, permissions) ? 0 : place.slowFor(by.id, now);
  if (wait > 0) return refused(refuse('slowMode', { retryAfter: wait / 1000 }));
  const reply = resolveReply(place, draft, permissions);
  if (reply && 'refused' in reply) return refused(reply);
  const parts = partsOf(place, by, draft, permissions, reply);
  if (isEmpty(parts)) return refused(refuse('emptyMessage'));
  const record = messageRecord(place, { ...parts, id: turn.mint(place.lastMessageId) });
  const out = new Outcome(turn);
  place.wrote(by.id, now);
  if (draft.enforceNonce && draft.nonce !== null) {
    const [channelId, author, nonce] = [place.channelId, by.id, String(draft.nonce)];
    place.messages.putNonce(channelId, author, nonce, record.id, now);
    out.write({ w: 'putNonce', channelId, author, nonce, messageId: record.id, at: now });
  }
  appendMessage(place, record, draft.nonce, out);
  return out.done(withNonce(record.wire, draft.nonce));
}

/** Stores it, moves the channel's last message, tells everybody. */
export function appendMessage(place: Place, message: MessageRecord, nonce: MessageDraft['nonce'], out: Outcome): void {
  out.write({ w: 'putMessage', message });
  place.messages.putMessage(message);
  place.setLast(out, message.id);
  place.emit(out, {
    t: 'MESSAGE_CREATE',
    d: withNonce(messageDispatch(place, message.wire), nonce),
    about: peopleOf(message.wire),
    note: { as: 'message', channelId: place.channelId, id: message.id },
  });
}

/** Permission before existence: who may not see the channel learns nothing of its kind. */
export function maySend(place: Place, permissions: bigint): Refusal | null {
  if ((permissions & P.ViewChannel) === 0n) return refuse('missingAccess');
  if (!WITH_TEXT.has(place.type)) return refuse('cannotSendInVoice');
  return (permissions & P.SendMessages) === 0n ? refuse('missingPermissions') : null;
}

function mayUse(draft: MessageDraft, permissions: bigint): Refusal | null {
  const lacking =
    (draft.tts && (permissions & P.SendTTSMessages) === 0n) ||
    (draft.attachments.length > 0 && (permissions & P.AttachFiles) === 0n);
  return lacking ? refuse('missingPermissions') : null;
}

/** The same nonce within ten minutes: the message it made, and nothing happens. */
function madeBefore(place: Place, by: By, { nonce, enforceNonce }: MessageDraft, now: number): Decision | null {
  if (!enforceNonce || nonce === null) return null;
  const id = place.messages.nonce(place.channelId, by.id, String(nonce), now);
  if (id === undefined) return refused(refuse('overloaded'));
  if (id === null) return null;
  const made = place.messages.message(place.channelId, id);
  if (made === undefined) return refused(refuse('overloaded'));
  return made ? done(withNonce(made.message.wire, nonce)) : refused(refuse('unknownMessage'));
}

const withNonce = <T extends object>(body: T, nonce: MessageDraft['nonce']): T =>
  nonce === null ? body : { ...body, nonce };

/** docs/resources/channel: bots and who may manage the channel or its messages are not slowed. */
const bypassesSlowMode = (by: By, permissions: bigint): boolean =>
  by.self.bot || (permissions & (P.ManageMessages | P.ManageChannels | P.BypassSlowmode)) !== 0n;

function partsOf(
  place: Place,
  by: By,
  draft: MessageDraft,
  permissions: bigint,
  reply: MessageRecord | null,
): Omit<MessageParts, 'id'> {
  const content = draft.content.trim();
  const replied = reply && (draft.allowed_mentions?.replied_user ?? true) ? reply.author_id : null;
  const flags = draft.flags & SENDER_FLAGS;
  return {
    author: by.self,
    type: reply ? MessageType.Reply : MessageType.Default,
    content,
    mentions: resolveMentions(place, content, draft.allowed_mentions, permissions, replied === by.id ? null : replied),
    tts: draft.tts,
    attachments: draft.attachments,
    embeds: shownEmbeds(draft.embeds, flags, permissions),
    components: draft.components,
    flags,
    reference: reply,
  };
}

/** Embeds are dropped without a word for lack of EMBED_LINKS, and while they are suppressed. */
export function shownEmbeds(
  embeds: StoredMessage['embeds'],
  flags: number,
  permissions: bigint,
): StoredMessage['embeds'] {
  if ((flags & MessageFlags.SuppressEmbeds) !== 0 || (permissions & P.EmbedLinks) === 0n) return [];
  return embeds.map((embed) => ({ type: 'rich' as NonNullable<typeof embed.type>, ...embed }));
}

/** Counted in code points. */
export function badContent(content: string): Refusal | null {
  if (content.length <= MAX_CONTENT || [...content].length <= MAX_CONTENT) return null;
  return refuseField(['content'], 'BASE_TYPE_MAX_LENGTH', `Must be ${MAX_CONTENT} or fewer in length.`);
}

export function isEmpty(
  wire: Pick<MessageParts, 'content' | 'attachments' | 'embeds' | 'components' | 'flags'>,
): boolean {
  const onlyComponents = (wire.flags & MessageFlags.IsComponentsV2) !== 0 && wire.components.length > 0;
  return wire.content === '' && wire.attachments.length === 0 && wire.embeds.length === 0 && !onlyComponents;
}
