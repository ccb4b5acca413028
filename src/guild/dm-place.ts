/** A DM as a place of messages: no roles, no topics; each event is told to each recipient's user actor. */
import { PermissionFlagsBits as P } from 'discord-api-types/v10';
import { dmClass } from '../protocol/events.ts';
import { type Snowflake, userKey } from '../protocol/ids.ts';
import type { DmRecord, PublicUser } from '../protocol/records.ts';
import { renderDm } from './dm-render.ts';
import type { DmState } from './dm-state.ts';
import type { MessageCache } from './message-cache.ts';
import type { Outcome } from './outcome.ts';
import type { Place, PlaceEvent } from './place.ts';

/** What every recipient may do. */
export const RECIPIENT_BITS: bigint =
  P.ViewChannel |
  P.SendMessages |
  P.SendTTSMessages |
  P.EmbedLinks |
  P.AttachFiles |
  P.ReadMessageHistory |
  P.AddReactions |
  P.PinMessages;

/** Bots get these with their content, which DMs always show them. */
const SHOWN_WHOLE: ReadonlySet<string> = new Set(['MESSAGE_CREATE', 'MESSAGE_UPDATE']);

export const isRecipient = (dm: DmRecord, user: Snowflake): boolean => dm.recipients.some(({ id }) => id === user);

export class DmPlace implements Place {
  readonly guildId = null;
  readonly #state: DmState;
  #dm: DmRecord;

  constructor(state: DmState, dm: DmRecord) {
    this.#state = state;
    this.#dm = dm;
  }

  get channelId(): Snowflake {
    return this.#dm.id;
  }

  get type(): number {
    return this.#dm.type;
  }

  get messages(): MessageCache {
    return this.#state.messages;
  }

  get lastMessageId(): Snowflake | null {
    return this.#dm.last_message_id;
  }

  permissions(user: Snowflake): bigint {
    return isRecipient(this.#dm, user) ? RECIPIENT_BITS : 0n;
  }

  person(user: Snowflake): PublicUser | null {
    return this.#dm.recipients.find(({ id }) => id === user) ?? null;
  }

  member(): null {
    return null;
  }

  mentionable(): null {
    return null;
  }

  slowFor(): number {
    return 0;
  }

  wrote(): void {}

  touch(generation: Snowflake): void {
    this.#state.generation = generation;
  }

  setLast(out: Outcome, message: Snowflake): void {
    this.#change({ ...this.#dm, last_message_id: message });
    out.write({ w: 'putLastMessage', channelId: this.#dm.id, messageId: message });
    this.touch(message);
  }

  setLastPin(out: Outcome, at: string | null): void {
    this.#change({ ...this.#dm, last_pin_timestamp: at });
    out.write({ w: 'putDm', dm: this.#dm });
  }

  /** A message brings the DM back into every list. */
  emit(out: Outcome, { t, d, note }: PlaceEvent): void {
    const { recipients } = this.#dm;
    if (t === 'MESSAGE_CREATE') openFor(this.#state, this.#dm, recipients, out);
    const json = JSON.stringify(d);
    const opens = t === 'MESSAGE_CREATE';
    tellRecipients(this.#state, t, recipients, { d: () => json, opens, isDurable: note !== null }, out);
  }

  #change(dm: DmRecord): void {
    this.#dm = dm;
    this.#state.dm = dm;
  }
}

interface Telling {
  /** JSON for that recipient. */
  readonly d: (to: PublicUser) => string;
  readonly opens: boolean;
  readonly isDurable: boolean;
}

/** One row, which only gives the number; what is told are the events. */
export function tellRecipients(
  { owner }: DmState,
  t: string,
  to: readonly PublicUser[],
  { d, opens, isDurable }: Telling,
  out: Outcome,
): void {
  const cls = dmClass(t);
  const seq = out.row({ kind: 'event', topic: owner, t, d: 'null', cls, full: null, note: null });
  for (const user of to) {
    const full = user.bot && SHOWN_WHOLE.has(t);
    const command = { kind: 'dmEvent', teller: owner, seq, t, d: d(user), cls, full, open: opens } as const;
    out.tells.push({ to: userKey(user.id), command, durable: isDurable });
  }
}

/** Lists it for those of them in whose lists it may not be. */
export function openFor(state: DmState, dm: DmRecord, users: readonly PublicUser[], out: Outcome): void {
  const closed = users.filter(({ id }) => !state.openFor.has(id));
  if (closed.length === 0) return;
  for (const { id: userId } of closed) {
    state.openFor.add(userId);
    out.write({ w: 'putDmOpen', userId, owner: state.owner, open: true });
  }
  const d = (user: PublicUser): string => JSON.stringify(renderDm(dm, user.id));
  tellRecipients(state, 'CHANNEL_CREATE', closed, { d, opens: true, isDurable: true }, out);
}
