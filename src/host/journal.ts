/** The rows of earlier loads, told again: each made from what is stored now. */
import type { Behavior } from '../actor/behavior.ts';
import { type KeptNote, toldOf } from '../actor/journal.ts';
import type { Wording } from '../actor/ports.ts';
import type { RingRow } from '../actor/rows.ts';
import type { Body } from '../protocol/envelope.ts';
import type { OwnerKey, Snowflake } from '../protocol/ids.ts';
import { parseOwn } from '../protocol/json.ts';
import type { MessageWithReactions } from '../protocol/records.ts';
import type { JournalPort, MessagesPort } from '../store/ports.ts';
import { barrierOf } from './journal-barrier.ts';

export interface Retold {
  readonly rows: readonly RingRow[];
  /** Rows up to here may be unknown. */
  readonly forgotten: number;
  /** The last row stored. */
  readonly head: number;
}

type Kept = KeptNote & { readonly seq: number };
type Messages = ReadonlyMap<Snowflake, MessageWithReactions>;

/** Sessions attach to guilds and users; the rows of others are heard from tells. */
const isAttachable = (key: OwnerKey): boolean => key.startsWith('g:') || key.startsWith('u:');

export async function loadJournal(
  store: Pick<JournalPort, 'rows'> & Pick<MessagesPort, 'messages'>,
  key: OwnerKey,
  limit: number,
  behavior: Pick<Behavior, 'retell'>,
  wording: Wording,
): Promise<Retold> {
  const stored = await store.rows(key, isAttachable(key) ? limit : 1);
  const head = stored.at(-1)?.seq ?? 0;
  if (!isAttachable(key)) return { rows: [], forgotten: head, head };
  const kept = stored.map(({ seq, note }): Kept => ({ ...parseOwn<KeptNote>(note), seq }));
  const messages = await loadMessages(store, kept);
  const barrier = barrierOf(kept);
  let rows: RingRow[] = [];
  let forgotten = Math.max(kept[0]?.before ?? 0, barrier);
  for (const note of kept) {
    if (note.seq <= barrier) continue;
    if (note.kind === 'visibility' && (note.gained === null || note.lost === null)) {
      // Too many to name: nobody can go on across this row.
      rows = [];
      forgotten = note.seq;
      continue;
    }
    const row = retoldRow(note, behavior, wording, messages);
    if (row !== null) rows.push(row);
  }
  return { rows, forgotten, head };
}

function retoldRow(
  note: Kept,
  behavior: Pick<Behavior, 'retell'>,
  wording: Wording,
  messages: Messages,
): RingRow | null {
  const { seq } = note;
  switch (note.kind) {
    case 'event': {
      const body = retoldBody(note, behavior, messages);
      return body === null ? null : { seq, kind: 'event', topic: note.topic, body };
    }
    case 'visibility': {
      const { channel, from, to, deleted } = note;
      const created = behavior.retell('CHANNEL_CREATE', { as: 'thing', thing: 'channel', id: channel }, null);
      const [gained, lost] = [new Set(note.gained), new Set(note.lost)];
      return { seq, kind: 'visibility', from, to, gained, lost, ...toldOf({ created, deleted }, wording) };
    }
    case 'leave':
      return { seq, kind: 'leave', user: note.user };
    default:
      return null;
  }
}

function retoldBody(
  { t, cls, full, note, d }: Kept & { readonly kind: 'event' },
  behavior: Pick<Behavior, 'retell'>,
  messages: Messages,
): Body | null {
  const message = note.as === 'message' ? (messages.get(note.id) ?? null) : null;
  const text = note.as === 'literal' ? d : behavior.retell(t, note, message);
  return text === null ? null : { t, d: text, cls, full };
}

/** Messages asked for in one query. */
const AT_ONCE = 100;

async function loadMessages(store: Pick<MessagesPort, 'messages'>, kept: readonly Kept[]): Promise<Messages> {
  const wanted = new Map<Snowflake, Set<Snowflake>>();
  for (const row of kept) {
    if (row.kind !== 'event' || row.note.as !== 'message') continue;
    const { channelId, id } = row.note;
    wanted.set(channelId, (wanted.get(channelId) ?? new Set()).add(id));
  }
  const found = new Map<Snowflake, MessageWithReactions>();
  for (const [channelId, ids] of wanted) {
    const list = [...ids];
    for (let at = 0; at < list.length; at += AT_ONCE) {
      for (const one of await store.messages(channelId, list.slice(at, at + AT_ONCE))) found.set(one.message.id, one);
    }
  }
  return found;
}
