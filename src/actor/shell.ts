/** What all actors of a worker share: one of a million idle ones has little of its own. */
import type { Command } from '../protocol/commands.ts';
import type { Reply } from '../protocol/decision.ts';
import { type Fault, refuse } from '../protocol/errors.ts';
import type { OwnerKey, WorkerId } from '../protocol/ids.ts';
import type { Envelope } from './envelopes.ts';
import type { ActorLimits, ActorWorld } from './ports.ts';

/** Why a load ended: `bug` an assertion, `fault` the store failed, `spent` its numbers are used up, `left` it was asked to. */
export const CAUSES = ['bug', 'fault', 'spent', 'left'] as const;

export interface Ending {
  readonly cause: (typeof CAUSES)[number];
  readonly error: Fault;
  /** What waited in the mailbox. */
  readonly left: readonly Envelope[];
  /** Somebody waits for the next load, though nobody will ask: interested sessions, or hearers of what was not confirmed. */
  readonly isMissed: boolean;
}

/** An actor, as it is told of when it ends. */
export interface Load {
  readonly key: OwnerKey;
  readonly epoch: number | null;
  readonly hearers: readonly WorkerId[];
}

export interface Shell {
  readonly world: ActorWorld;
  readonly limits: ActorLimits;
  readonly ended: (load: Load, ending: Ending) => void;
}

/** What a command that writes is told while the store takes nothing. */
const CLOSED_REPLIES = {
  full: 'storeFull',
  broken: 'storeBroken',
  stuck: 'storeStuck',
  closed: 'storeBroken',
} as const;

/** Null: the store takes writes, or the command makes none. */
export function closedReply({ store, isVolatile }: ActorWorld, command: Command): Reply | null {
  const { state } = store;
  return state === 'open' || isVolatile(command) ? null : refuse(CLOSED_REPLIES[state]);
}

/** What a question to an owner that is not loaded is told: null when he can be loaded, for which a full store has still room. */
export const awayReply = ({ store: { state } }: ActorWorld): Reply | null =>
  state === 'open' || state === 'full' ? null : refuse(CLOSED_REPLIES[state]);
