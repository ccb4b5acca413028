/** What DMs tell a recipient: their events, and which of them are in his list. */
import type { Command } from '../protocol/commands.ts';
import { type Decision, done, type EventNote, type RowDraft } from '../protocol/decision.ts';
import { compareSnowflakes, type OwnerKey, ownerId } from '../protocol/ids.ts';
import { parseOwn } from '../protocol/json.ts';
import type { DmRecord, PublicUser } from '../protocol/records.ts';
import { userTopic } from '../protocol/topics.ts';
import type { Write } from '../protocol/writes.ts';
import { BOUNDS } from './bounds.ts';
import { hear } from './memberships.ts';
import type { KnownUser } from './user-state.ts';

type DmEvent = Extract<Command, { kind: 'dmEvent' }>;

/** Of the event's `d`, what is read here: a channel as the recipient sees it, or a message. */
interface Told {
  readonly id?: string;
  readonly type?: number;
  readonly channel_id?: string;
  readonly author?: PublicUser;
  readonly recipients?: readonly PublicUser[];
  readonly name?: string | null;
  readonly icon?: string | null;
  readonly owner_id?: string | null;
  readonly last_message_id?: string | null;
  readonly last_pin_timestamp?: string | null;
}

/** Die with their owner and are told once: remembering them would be a write for every key that somebody presses. */
const VOLATILE: ReadonlySet<string> = new Set(['TYPING_START']);

/** Each event of a DM has a row number of its own there. */
export function heardOfDm(state: KnownUser, command: DmEvent): Decision {
  const { teller, seq, t, open } = command;
  if (VOLATILE.has(t)) {
    return (state.heard.get(teller) ?? -1) >= seq ? done() : { ...done(), rows: [rowOf(state, command, null)] };
  }
  const writes = hear(state, teller, seq);
  if (writes.length === 0) return done();
  const told = parseOwn<Told>(command.d);
  writes.push(...list(state, teller, t, open, told));
  return { ...done(), writes, rows: [rowOf(state, command, noteOf(t, told))] };
}

function rowOf(state: KnownUser, { t, d, cls, full }: DmEvent, note: EventNote | null): RowDraft {
  return { kind: 'event', topic: userTopic(state.id), t, d, cls, full: full ? [state.id] : null, note };
}

/** Messages are told again in their present form; everything else of a DM is small. */
function noteOf(t: string, { id, channel_id: channelId }: Told): EventNote {
  const message = (t === 'MESSAGE_CREATE' || t === 'MESSAGE_UPDATE') && id !== undefined && channelId !== undefined;
  return message ? { as: 'message', channelId, id } : { as: 'literal' };
}

/** Keeps the list; what is written is that the DM came into it or left it. */
function list(state: KnownUser, owner: OwnerKey, t: string, open: boolean, told: Told): Write[] {
  const known = state.dms.get(owner);
  if (t === 'CHANNEL_DELETE') return known === undefined ? [] : [close(state, owner)];
  if (t === 'CHANNEL_UPDATE' && known !== undefined) state.dms.set(owner, channelOf(state, owner, told) ?? known);
  if (t === 'CHANNEL_PINS_UPDATE' && known !== undefined)
    state.dms.set(owner, { ...known, last_pin_timestamp: told.last_pin_timestamp ?? null });
  if (t === 'MESSAGE_CREATE' && known !== undefined && told.id !== undefined) touch(state, known, told.id);
  if (!open) return [];
  const record = known === undefined ? (channelOf(state, owner, told) ?? pairOf(state, owner, told)) : known;
  if (record === null) return [];
  return openDm(state, state.dms.get(owner) ?? record, known === undefined);
}

function openDm(state: KnownUser, dm: DmRecord, fresh: boolean): Write[] {
  // Put again at the end, where those opened last are.
  state.dms.delete(dm.owner);
  state.dms.set(dm.owner, dm);
  const writes: Write[] = fresh ? [{ w: 'putDmOpen', userId: state.id, owner: dm.owner, open: true }] : [];
  const [oldest] = state.dms.keys();
  if (state.dms.size > BOUNDS.openDms && oldest !== undefined) writes.push(close(state, oldest));
  return writes;
}

function close(state: KnownUser, owner: OwnerKey): Write {
  state.dms.delete(owner);
  return { w: 'putDmOpen', userId: state.id, owner, open: false };
}

function touch(state: KnownUser, dm: DmRecord, messageId: string): void {
  const newer = dm.last_message_id === null || compareSnowflakes(messageId, dm.last_message_id) > 0;
  if (newer) state.dms.set(dm.owner, { ...dm, last_message_id: messageId });
}

/** From a channel as he sees it: the others are its recipients. */
function channelOf(state: KnownUser, owner: OwnerKey, told: Told): DmRecord | null {
  if (told.id === undefined || told.recipients === undefined || (told.type !== 1 && told.type !== 3)) return null;
  const others = told.recipients.filter(({ id }) => id !== state.id);
  return {
    id: told.id,
    type: told.type,
    owner,
    recipients: [state.record.user, ...others],
    name: told.name ?? null,
    icon: told.icon ?? null,
    owner_id: told.owner_id ?? null,
    last_message_id: told.last_message_id ?? null,
    last_pin_timestamp: told.last_pin_timestamp ?? null,
  };
}

/** From a message of the other one, when the DM of the two was not in the list. */
function pairOf(state: KnownUser, owner: OwnerKey, told: Told): DmRecord | null {
  const { id, channel_id: channelId, author } = told;
  const pair = ownerId(owner).split(':');
  if (id === undefined || channelId === undefined || author === undefined) return null;
  if (author.id === state.id || !pair.includes(author.id) || !pair.includes(state.id)) return null;
  const both = [state.record.user, author];
  const nameless = { name: null, icon: null, owner_id: null, last_pin_timestamp: null };
  return { id: channelId, type: 1, owner, recipients: both, last_message_id: id, ...nameless };
}

/** A DM as this user sees it: himself left out of the recipients (docs: channel object). */
export function dmWire(state: KnownUser, dm: DmRecord): Readonly<Record<string, unknown>> {
  const { id, type, name, icon, owner_id, last_message_id, last_pin_timestamp } = dm;
  const recipients = dm.recipients.filter((user) => user.id !== state.id);
  const seen = { id, type, flags: 0, recipients, last_message_id, last_pin_timestamp };
  return type === 3 ? { ...seen, name, icon, owner_id } : seen;
}
