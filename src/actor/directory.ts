/** Where the edges (gateway, rest) meet the actors: local mailbox or a link, they do not know which. */
import type { Command, Question } from '../protocol/commands.ts';
import type { InterestTell } from '../protocol/envelope.ts';
import type { OwnerKey, WorkerId } from '../protocol/ids.ts';
import type { Answer, Control, RateClaim } from '../protocol/links.ts';
import type { ResidenceMessage } from '../protocol/residence.ts';

export interface AskOptions {
  /** Names the command for ever: stored with its result, so that asking again (a dead owner) does it once. */
  readonly commandId: string;
  /** Absolute, milliseconds since 1970. The ask ends then at the latest, with Fault `timeout`. */
  readonly deadline: number;
  readonly rate: RateClaim | null;
  /** False: when its owner dies it is not asked again, for whoever wanted it is gone. Absent: true. */
  readonly isWanted?: () => boolean;
}

export interface Directory {
  /** This worker. */
  readonly self: WorkerId;
  /** A command with an answer. When its owner dies it is asked again, with the same id, at the new owner until the deadline. Rejects with Fault only. */
  ask(to: OwnerKey, command: Command, options: AskOptions): Promise<Answer>;
  /** A question to the owner's state, outside its mailbox. Rejects with Fault only. */
  read(
    to: OwnerKey,
    question: Question,
    options: { readonly deadline: number; readonly rate: RateClaim | null },
  ): Promise<Answer>;
  /** A command without an answer; may be lost. */
  tell(to: OwnerKey, command: Command): void;
  /** Attach and forget: in order with each other on the owner's link. */
  interest(to: OwnerKey, tell: InterestTell): void;
  /** To the gateway of another worker (or this one). Lost if that worker is dead. */
  residence(to: WorkerId, message: ResidenceMessage): void;
  /** To every worker, this one included; resolves when all that live have answered. */
  control(control: Control): Promise<void>;
  /** Workers of this process that are up, this one included. */
  workers(): readonly WorkerId[];
}
