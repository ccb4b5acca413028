/** A user in memory. Owned by his actor; only `decideUser` and what it calls change it. */
import type { UserPresence } from '../protocol/commands.ts';
import type { SessionPresence } from '../protocol/envelope.ts';
import type { OwnerKey, SessionId, Snowflake } from '../protocol/ids.ts';
import { OFFLINE } from '../protocol/presences.ts';
import type { ApplicationRecord, CommandRecord, DmRecord, TokenRecord, UserRecord } from '../protocol/records.ts';

/** What the newest row of a guild said about this user. */
export interface Membership {
  readonly seq: number;
  readonly member: boolean;
}

export interface UserState {
  readonly id: Snowflake;
  /** Null: nobody has this id (yet). */
  record: UserRecord | null;
  /** Of bots. */
  application: ApplicationRecord | null;
  /** By hash. */
  readonly tokens: Map<string, TokenRecord>;
  readonly guilds: Map<OwnerKey, Membership>;
  /** DMs that are open, by owner, the one opened last at the end. */
  readonly dms: Map<OwnerKey, DmRecord>;
  /** Last row heard from each teller. */
  readonly heard: Map<OwnerKey, number>;
  /** By id, in the order of their creation. */
  readonly commands: Map<Snowflake, CommandRecord>;
  /** What each session says of itself; the one that spoke last is at the end. Dies with the owner; attach brings it again. */
  readonly sessions: Map<SessionId, SessionPresence>;
  /** What the guilds were told last, and its version. */
  presence: UserPresence;
  presenceVersion: number;
}

/** The user exists. */
export interface KnownUser extends UserState {
  record: UserRecord;
}

export const isKnown = (state: UserState): state is KnownUser => state.record !== null;

export function emptyUser(id: Snowflake): UserState {
  return {
    id,
    record: null,
    application: null,
    tokens: new Map(),
    guilds: new Map(),
    dms: new Map(),
    heard: new Map(),
    commands: new Map(),
    sessions: new Map(),
    presence: OFFLINE,
    presenceVersion: 0,
  };
}

/** Guilds he is in, with the row that made each membership; ascending by key. */
export function memberships(state: UserState): readonly (readonly [OwnerKey, number])[] {
  const now = [...state.guilds].filter(([, { member }]) => member);
  return now.map(([guild, { seq }]) => [guild, seq] as const).sort(([a], [b]) => compareKeys(a, b));
}

/** Shorter first: keys of one kind sort as their numbers do. */
const compareKeys = (a: OwnerKey, b: OwnerKey): number => a.length - b.length || (a < b ? -1 : 1);
