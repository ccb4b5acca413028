/** Who lives in a town: the rules of its guilds and users, their store, and what is done to them. */
import type { DirectoryOptions } from '../../src/actor/worker-directory.ts';
import type { Command } from '../../src/protocol/commands.ts';
import type { OwnerKey } from '../../src/protocol/ids.ts';
import type { TinyStore } from '../support/tiny-store.ts';
import type { Net } from './net.ts';
import type { Guilds, Oracle } from './oracle.ts';
import type { Action, Plan } from './plan.ts';
import type { SimTime } from './sim-clock.ts';

export interface Folk {
  readonly guilds: readonly string[];
  readonly store: Pick<TinyStore, 'asActorStore' | 'open' | 'failOne'>;
  readonly oracle: Oracle;
  rulesOf(worker: string): Partial<Pick<DirectoryOptions, 'mint' | 'load' | 'isVolatile' | 'log'>>;
  user(n: number): string;
  /** Of the client with this number; null: a person. */
  wishOf(client: number): number | null;
  /** Members and channels, before anybody connects. */
  found(): Promise<void>;
  act(action: Action, guild: string, b: number, c: number): void;
  /** Events in all channels. */
  probe(guild: string): void;
  /** A voice channel of the guild; null: out. */
  voiceChannel(guild: string, c: number): string | null;
  /** A frame in the form that the oracle knows. */
  read(t: string, d: Record<string, unknown>): Record<string, unknown>;
  /** The newest loads. */
  loads(): Guilds;
  /** What is wrong, whatever clients see; null: nothing. */
  wrong(): string | null;
}

/** What they are given of the town. */
export interface Ground {
  readonly plan: Plan;
  readonly net: Net;
  readonly time: SimTime;
  /** Some worker asks an owner. */
  do(key: OwnerKey, command: Command): void;
  settle(): Promise<void>;
  /** Of a client, as far as it has one. */
  sessionOf(n: number): string | null;
}
