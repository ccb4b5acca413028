/** What one client has made of what it got. */
import type { TinyVoice } from '../support/tiny-rules.ts';
import { Wishes } from './wishes.ts';

export const VOICE = 'VOICE_STATE_UPDATE';

export interface GuildView {
  seq: number;
  /** Row of the newest GUILD_CREATE. */
  snapshot: number;
  /** Of event classes, as that one says it. */
  mask: number;
  unavailable: boolean;
  /** As the snapshot and the events since then say it. */
  channels: Set<string>;
  /** Of these it has come to see the channels since the snapshot: who was in voice there nobody has told it. */
  blind: Set<string>;
  /** Who is in voice there. */
  voices: Map<string, TinyVoice>;
}

export interface Seen {
  readonly s: number;
  readonly t: string;
  readonly d: Record<string, unknown>;
}

/** What one client has seen since its READY; kept as frames, so that a client that claims an older `s` is taken at its word. */
export interface View {
  frames: Seen[];
  s: number;
  session: string | null;
  guilds: Map<string, GuildView>;
  /** Where it left. */
  left: Map<string, number>;
  wishes: Wishes;
  resuming: boolean;
  /** It claimed a number that it never got: loss and repetition are its own fault from here; a leak would still be ours. */
  lied: boolean;
  /** It has claimed less than it had: then op 9 may come although nothing was missed. */
  stale: boolean;
}

export const emptyView = (): View => ({
  frames: [],
  s: 0,
  session: null,
  guilds: new Map(),
  left: new Map(),
  wishes: new Wishes(),
  resuming: false,
  lied: false,
  stale: false,
});

/** An event as a client takes it. */
export function show(known: GuildView, t: string, d: Record<string, unknown>): void {
  if (t === 'CHANNEL_CREATE') {
    known.channels.add(String(d.id));
    known.blind.add(String(d.id));
  }
  if (t === 'CHANNEL_DELETE') {
    known.channels.delete(String(d.id));
    for (const [user, { channelId }] of known.voices) if (channelId === d.id) known.voices.delete(user);
  }
  if (t !== VOICE) return;
  const [user, session, channelId] = [String(d.user_id), String(d.session_id), d.channel_id];
  if (channelId === null) known.voices.delete(user);
  else known.voices.set(user, { session, channelId: String(channelId) });
}

export function voicesOf({ voices }: Record<string, unknown>): GuildView['voices'] {
  const list = voices as readonly (readonly [string, string, string])[];
  return new Map(list.map(([user, session, channelId]) => [user, { session, channelId }]));
}
