/** What the runtime is given: store, time, ids, the rules of a key, and where its words go. Everything is injected, so that a seeded scheduler can run it. */
import type { Clock } from '../base/clock.ts';
import type { Command } from '../protocol/commands.ts';
import type { Need, Reply } from '../protocol/decision.ts';
import type { AttachAsk, Body, Relay } from '../protocol/envelope.ts';
import type { OwnerKey, SessionId, Snowflake, WorkerId } from '../protocol/ids.ts';
import type { StoredTell, Write } from '../protocol/writes.ts';
import type { Behavior } from './behavior.ts';
import type { RingRow } from './rows.ts';

/** The part of the store that an actor knows. The committers of `store/` have this shape. */
export interface ActorStore {
  /** Rejects with Fault `fenced`, `full`, `broken`, `stuck`, `timeout`, `overloaded`. */
  commit(batch: { readonly owner: OwnerKey; readonly epoch: number; readonly writes: readonly Write[] }): Promise<void>;
  release(owner: OwnerKey, epoch: number): void;
  /** JSON of the reply that was stored with this command id. */
  result(owner: OwnerKey, commandId: string): Promise<string | null>;
  readonly state: 'open' | 'full' | 'broken' | 'stuck' | 'closed';
}

/** Texts of the domain that the runtime sends but does not know. */
export interface Wording {
  /** What a session is told whose user is no member any more (in missed rows). */
  readonly left: Body;
  readonly created: (d: string) => Body;
  readonly deleted: (d: string) => Body;
  /** What a session brings: decided before its attach is answered. It may bring it to one load twice, and later what it had not heard the first time. */
  readonly carried: (ask: AttachAsk) => readonly Command[];
  /** Decided once, when what sessions bring to a load is known: before the first answer. */
  readonly gathered: readonly Command[];
  /** Decided when a session is over or died with its worker. `isLast`: the user has no other session here. */
  readonly gone: (session: SessionId, user: Snowflake, isLast: boolean) => readonly Command[];
}

/** An owner as it was loaded. The store had been fenced before anything was read. */
export interface Opened {
  readonly epoch: number;
  readonly behavior: Behavior;
  readonly wording: Wording;
  /** Rows of earlier loads, told again from what is stored now, ascending. */
  readonly rows: readonly RingRow[];
  /** Who has no row from here on may have missed something. 0: `rows` is all there ever was. */
  readonly forgotten: number;
  /** The last row that was stored; 0: none. */
  readonly head: number;
  /** Not yet confirmed, ascending. */
  readonly tells: readonly StoredTell[];
}

export type Log = (what: string, fields: Readonly<Record<string, unknown>>) => void;

/** What one actor does to the world. */
export interface ActorWorld {
  readonly clock: Clock;
  readonly store: ActorStore;
  readonly log: Log;
  mint(now: number, after: Snowflake | null): Snowflake;
  load(need: Need): Promise<unknown>;
  /** Commands that never write: served also when the store takes no writes. */
  isVolatile(command: Command): boolean;
  relay(to: WorkerId, relay: Relay): void;
  /** `seq` null: not repeated, may be lost. */
  tell(to: OwnerKey, command: Command, from: OwnerKey, seq: number | null): void;
  confirm(to: OwnerKey, from: OwnerKey, seq: number): void;
}

/** Bounds of one actor. Values and reasons are in `limits.ts`, under the same names. */
export interface ActorLimits {
  readonly mailboxCommands: number;
  readonly mailboxOwed: number;
  /** Commands in a mailbox, and milliseconds that its first one waits, that are strain. */
  readonly strainMailbox: number;
  readonly strainWaitMs: number;
  readonly calmMs: number;
  /** So long a load waits for workers with sessions that knew an earlier one. */
  readonly takeOverMs: number;
  readonly batchCommands: number;
  readonly batchWrites: number;
  readonly ringRows: number;
  readonly ringBytes: number;
  readonly journalUsers: number;
  readonly rowsPerEpoch: number;
  readonly recentResults: number;
  readonly unconfirmedTells: number;
  readonly retellMinMs: number;
  readonly retellMaxMs: number;
  readonly waitingReads: number;
  readonly readMs: number;
  readonly commitMs: number;
}

/** Bounds of the actors of one worker. */
export interface ActorsLimits extends ActorLimits {
  readonly actors: number;
  readonly actorIdleMs: number;
  readonly actorLoads: number;
  readonly askMs: number;
  readonly reloadMinMs: number;
  readonly reloadMaxMs: number;
  readonly actorDeaths: number;
  readonly deathWindowMs: number;
  readonly quarantineMs: number;
}

/** An ask in a mailbox. `respond` or `fail` is called; only the first call counts. */
export interface Asked {
  readonly what: 'ask';
  readonly command: Command;
  readonly commandId: string;
  /** It may have been decided before (its owner died): the store is asked for its result. */
  readonly again: boolean;
  readonly deadline: number;
  readonly respond: (reply: Reply) => void;
  readonly fail: (error: Error) => void;
}
