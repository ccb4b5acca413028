/** What workers say to each other about sessions that move (docs/ARCHITECTURE.md). The gateway room owns its meaning. */
import type { Body, Held, Mask, SessionPresence } from './envelope.ts';
import type { OwnerKey, SessionId, Snowflake, WorkerId } from './ids.ts';
import type { CarriedVoice } from './voice.ts';

export interface Move {
  readonly session: SessionId;
  readonly s: number;
  readonly to: WorkerId;
  /** Number of the socket at `to`. */
  readonly socket: number;
  /** Hash of the token that resumes: must be the session's. */
  readonly token: string;
}

/** A session's standing in one owner. Not attached while it moves: `since` and `held` say where it stopped. */
export interface Standing {
  readonly owner: OwnerKey;
  readonly since: number | null;
  readonly held: Held | null;
  readonly wanted: Mask;
  readonly joinedAt: number;
  /** READY listed it as unavailable, and it has neither come nor gone. */
  readonly promised: boolean;
}

export interface Stay {
  readonly from: number;
  readonly to: number;
}

export interface Missed {
  readonly numbers: readonly number[];
  readonly body: Body;
}

/** What a move carries to the next worker. */
export interface SessionExport {
  readonly from: WorkerId;
  readonly id: SessionId;
  readonly user: Snowflake;
  readonly token: string;
  readonly own: boolean;
  readonly intents: number;
  readonly shard: readonly [number, number] | null;
  readonly hop: number;
  /** The giver's counter. */
  readonly head: number;
  readonly lastS: number;
  readonly clientS: number;
  readonly past: readonly Stay[];
  readonly missed: readonly Missed[];
  readonly standings: readonly Standing[];
  /** Where it is in voice. */
  readonly voices: readonly (readonly [OwnerKey, CarriedVoice])[];
  readonly version: 9 | 10;
  readonly presence: SessionPresence | null;
}

export type ResidenceMessage =
  | { readonly r: 'locate'; readonly move: Move }
  | { readonly r: 'surrender'; readonly move: Move }
  | { readonly r: 'refused'; readonly move: Move; readonly why: string }
  | { readonly r: 'stays'; readonly move: Move; readonly why: string | null; readonly at: WorkerId }
  | { readonly r: 'given'; readonly move: Move }
  | { readonly r: 'session'; readonly move: Move; readonly data: SessionExport }
  | { readonly r: 'moved'; readonly session: SessionId; readonly at: WorkerId }
  /** `hop`: of the note that may be closed. */
  | { readonly r: 'settled'; readonly session: SessionId; readonly hop: number }
  | { readonly r: 'ended'; readonly session: SessionId };
