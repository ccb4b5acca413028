/** Answers and Faults as they cross a link: a Fault without its cause. */
import { Fault } from '../protocol/errors.ts';
import type { Answer, LinkFault } from '../protocol/links.ts';
import { asFault } from './deadline.ts';
import type { Link } from './link.ts';

/** `what`: the sentence for what is no Fault. */
export function saidFault(error: unknown, what: string): LinkFault {
  const { code, retryable, message, retryAfterMs } = asFault(error, what);
  // A Fault puts its code in front by itself.
  return { code, retryable, message: message.slice(code.length + 2), retryAfterMs };
}

export function heardFault({ code, retryable, message, retryAfterMs }: LinkFault): Fault {
  return new Fault(code, retryable, message, retryAfterMs === null ? {} : { retryAfterMs });
}

export const full = ({ peer }: Link): Fault => new Fault('overloaded', false, `the link to ${peer} is full`);

/** Answers cross the link as what they are; of an error only the Fault. */
export function answering(link: Link, id: number): [(answer: Answer) => void, (error: Error) => void] {
  const fail = (error: Error): void =>
    link.postOwed({ m: 'fault', id, ...saidFault(error, 'the owner could not answer') });
  return [(answer) => link.postOwed({ m: 'answer', id, answer }), fail];
}
