/** A committed row, with the state right after it: what everybody must see is reckoned from these alone. */
import { GatewayIntentBits as I } from 'discord-api-types/v10';
import { ownerId } from '../../src/protocol/ids.ts';
import type { TinyRow } from '../support/tiny-rules.ts';

/** Instead of a channel: who hears of bans. */
export const BANS = 'bans';

export interface Fact {
  readonly row: TinyRow;
  readonly members: ReadonlySet<string>;
  /** Channel -> who sees it. */
  readonly seers: ReadonlyMap<string, ReadonlySet<string>>;
  /** Who was to hear this event when it was decided; absent: its topic says it. */
  readonly hearers?: ReadonlySet<string>;
}

/** Whom the oracle asks about. */
export interface Hearer {
  readonly user: string;
  readonly intents: number | null;
}

/** After a row that is all there is to know. */
export function after(before: Fact | undefined, row: TinyRow): Fact {
  const members = new Set(before?.members);
  const seers = new Map([...(before?.seers ?? [])].map(([channel, users]) => [channel, new Set(users)]));
  const { draft } = row;
  if (draft.kind === 'join') members.add(draft.user);
  if (draft.kind === 'leave') members.delete(draft.user);
  if (draft.kind === 'visibility') {
    const users = seers.get(draft.channel) ?? new Set();
    for (const user of draft.gained) users.add(user);
    for (const user of draft.lost) users.delete(user);
    seers.set(draft.channel, users);
  }
  return { row, members, seers };
}

export function channelsOf(fact: Fact | undefined, user: string): string[] {
  return [...(fact?.seers ?? [])].flatMap(([channel, users]) => (users.has(user) && channel !== BANS ? [channel] : []));
}

/** Which event this row owes him, if any. `mask`: the classes of events that he wishes of this guild. */
export function owed(fact: Fact, { user }: Hearer, session: string | null, mask: number): string | null {
  const { row, members, seers, hearers } = fact;
  const { draft } = row;
  if (draft.kind === 'leave') return draft.user === user ? 'GUILD_DELETE' : null;
  if (!members.has(user)) return null;
  if (draft.kind === 'visibility') {
    if (draft.created === null) return null;
    return draft.gained.includes(user) ? 'CHANNEL_CREATE' : draft.lost.includes(user) ? 'CHANNEL_DELETE' : null;
  }
  if (draft.kind !== 'event') return null;
  const isFull = draft.full?.includes(user) ?? false;
  if (!isFull && draft.cls !== 0 && (draft.cls & mask) === 0) return null;
  if (draft.topic.startsWith('s:')) return draft.topic.slice(2) === session ? draft.t : null;
  if (hearers !== undefined) return hearers.has(user) ? draft.t : null;
  const sees = draft.topic.startsWith('g:') || seers.get(ownerId(draft.topic as 'g:'))?.has(user) === true;
  return sees ? draft.t : null;
}

/** Who has not asked for message content gets it only of what is his. `said`: the row itself, or a later form of the same message. */
export function contentOf({ row }: Fact, { user, intents }: Hearer, said: Fact): string {
  if (row.draft.kind !== 'event' || said.row.draft.kind !== 'event') return '';
  const { t, full } = row.draft;
  const isMessage = t === 'MESSAGE_CREATE' || t === 'MESSAGE_UPDATE';
  const sees = intents === null || (intents & I.MessageContent) !== 0 || full?.includes(user) === true;
  return isMessage && !sees ? '' : ((JSON.parse(said.row.draft.d) as { content?: string }).content ?? '');
}

/** What it is told again from, when its load has ended; null: it brings its own words. */
export function subjectOf({ row: { draft } }: Fact): Subject | null {
  if (draft.kind === 'visibility') return draft.created === null ? null : { as: 'channel', id: draft.channel };
  if (draft.kind !== 'event' || draft.note === null || draft.note.as === 'literal') return null;
  const { note } = draft;
  return note.as === 'message'
    ? { as: 'message', id: note.id, channel: note.channelId }
    : { as: note.thing, id: note.id };
}

export type Subject =
  | { readonly as: 'message'; readonly id: string; readonly channel: string }
  | { readonly as: 'guild' | 'channel' | 'role' | 'member' | 'user'; readonly id: string };
