/**
 * Where telling again must stop. A row is told again in its thing's present form; who lost the channel after the row must not learn
 * what became of the thing since. So nobody goes on across a loss when something told before it has changed after it.
 */
import type { JournalNote } from '../protocol/decision.ts';
import type { Snowflake } from '../protocol/ids.ts';

export type NumberedNote = JournalNote & { readonly seq: number };

interface Channel {
  /** Messages, and the channel itself, that rows up to now tell of. */
  readonly told: Set<Snowflake>;
  /** Those told before the last loss, and the row of that loss. */
  lostAt: number;
  exposed: ReadonlySet<Snowflake>;
}

/** The last row across which nobody goes on; 0: none. `notes` ascending. */
export function barrierOf(notes: readonly NumberedNote[]): number {
  const channels = new Map<Snowflake, Channel>();
  let barrier = 0;
  for (const note of notes) {
    const subject = subjectOf(note);
    if (subject === null) continue;
    const channel = channels.get(subject.channelId) ?? { told: new Set(), lostAt: 0, exposed: new Set() };
    channels.set(subject.channelId, channel);
    if (channel.exposed.has(subject.id)) barrier = Math.max(barrier, channel.lostAt);
    if (note.kind === 'visibility' && hasLoss(note)) {
      channel.lostAt = note.seq;
      channel.exposed = new Set([...channel.exposed, ...channel.told]);
    }
    channel.told.add(subject.id);
  }
  return barrier;
}

/** Nobody who had the guild's topic alone holds a channel that has just become private: its topic is a loss too. */
const hasLoss = ({ lost, from, to }: JournalNote & { readonly kind: 'visibility' }): boolean =>
  lost === null || lost.length > 0 || (from === null && to !== null);

/** What the row would be made from when it is told again; null: it brings its own text, or names no channel. */
function subjectOf(note: JournalNote): { readonly channelId: Snowflake; readonly id: Snowflake } | null {
  if (note.kind === 'visibility' && note.deleted === null) return null;
  if (note.kind === 'visibility') return { channelId: note.channel, id: note.channel };
  if (note.kind !== 'event') return null;
  if (note.note.as === 'message') return { channelId: note.note.channelId, id: note.note.id };
  if (note.note.as !== 'thing' || note.note.thing !== 'channel') return null;
  return { channelId: note.note.id, id: note.note.id };
}
