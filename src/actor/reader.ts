/** Who waits for the answer to a question. */
import type { Question } from '../protocol/commands.ts';
import type { Reply } from '../protocol/decision.ts';
import { Fault } from '../protocol/errors.ts';
import type { OwnerKey } from '../protocol/ids.ts';
import type { Behavior } from './behavior.ts';
import type { ActorWorld } from './ports.ts';

export interface Reader {
  readonly question: Question;
  readonly respond: (reply: Reply) => void;
  readonly fail: (error: Error) => void;
}

/** A question that throws is a bug, but has changed nothing: the owner lives on. */
export function answerReader(
  owner: OwnerKey,
  behavior: Behavior,
  { question, respond, fail }: Reader,
  { clock, log }: Pick<ActorWorld, 'clock' | 'log'>,
): void {
  let reply: Reply;
  try {
    reply = behavior.question(question, clock.now());
  } catch (error) {
    log('a question is a bug', { owner, question: question.ask, error });
    fail(new Fault('lost', false, 'answering it is a bug', { cause: error }));
    return;
  }
  respond(reply);
}
