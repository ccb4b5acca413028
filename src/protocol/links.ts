/** The closed union of what crosses a link between two workers. One ordered pipe per pair; one array per turn of the loop. */
import type { Family } from '../base/metrics.ts';
import type { Command, Question } from './commands.ts';
import type { Reply } from './decision.ts';
import type { InterestTell, OutletEntry } from './envelope.ts';
import type { Fault } from './errors.ts';
import type { OwnerKey, Snowflake } from './ids.ts';
import type { WorkerHealth } from './probe.ts';
import type { SharedBody, SharedRead } from './reads.ts';
import type { ResidenceMessage } from './residence.ts';

/** One hit on a rate bucket that lives with the owner of its major id. */
export interface RateClaim {
  /** Names route and major id; also what X-RateLimit-Bucket is a hash of. */
  readonly bucket: string;
  readonly user: Snowflake;
  readonly limit: number;
  readonly windowMs: number;
  /** Only looked at: nothing is counted, and nothing refused. */
  readonly peek?: true;
}

export interface RateNumbers {
  readonly limit: number;
  readonly remaining: number;
  readonly resetAfterMs: number;
}

/** What an ask or a read comes back with. A reply `rateLimited` was not decided. */
export interface Answer {
  readonly reply: Reply;
  readonly rate: RateNumbers | null;
}

/** What is said of a Fault. */
export interface LinkFault {
  readonly code: Fault['code'];
  readonly retryable: boolean;
  readonly message: string;
  readonly retryAfterMs: number | null;
}

export type LinkMessage =
  | {
      readonly m: 'ask';
      readonly id: number;
      readonly to: OwnerKey;
      readonly command: Command;
      readonly commandId: string;
      readonly again: boolean;
      readonly rate: RateClaim | null;
      readonly deadline: number;
    }
  | {
      readonly m: 'read';
      readonly id: number;
      readonly to: OwnerKey;
      readonly question: Question;
      readonly rate: RateClaim | null;
      readonly deadline: number;
    }
  | { readonly m: 'answer'; readonly id: number; readonly answer: Answer }
  | ({ readonly m: 'fault'; readonly id: number } & LinkFault)
  /** No answer; durable ones are repeated by their teller until `confirm`. */
  | {
      readonly m: 'tell';
      readonly to: OwnerKey;
      readonly command: Command;
      readonly from: OwnerKey | null;
      readonly seq: number | null;
    }
  | { readonly m: 'confirm'; readonly to: OwnerKey; readonly from: OwnerKey; readonly seq: number }
  | { readonly m: 'interest'; readonly to: OwnerKey; readonly tell: InterestTell }
  | { readonly m: 'outlet'; readonly entry: OutletEntry }
  /** A read that all readers of a channel share, to the worker of its owner; what it gave; its asker does not wait any more. */
  | { readonly m: 'fetch'; readonly id: number; readonly read: SharedRead; readonly deadline: number }
  | ({ readonly m: 'fetched'; readonly id: number } & ({ readonly body: SharedBody } | LinkFault))
  | { readonly m: 'unfetch'; readonly id: number }
  | { readonly m: 'residence'; readonly message: ResidenceMessage }
  | { readonly m: 'control'; readonly id: number; readonly control: Control }
  | { readonly m: 'controlled'; readonly id: number }
  /** What a worker says of itself, and its answer. */
  | { readonly m: 'measure'; readonly id: number; readonly what: 'numbers' | 'health' }
  | { readonly m: 'measured'; readonly id: number; readonly what: 'numbers'; readonly families: readonly Family[] }
  | { readonly m: 'measured'; readonly id: number; readonly what: 'health'; readonly health: WorkerHealth };

/** Said to every worker, each of which answers when it has done it. */
export type Control =
  /** Tokens are revoked: caches forget them, their sessions are closed with 4004. */
  | { readonly control: 'revoked'; readonly hashes: readonly string[] }
  /** A user or his application changed: caches forget him. */
  | { readonly control: 'userChanged'; readonly user: Snowflake };
