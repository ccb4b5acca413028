/** A Fault as it crosses a link: without its cause. */
import { Fault } from '../protocol/errors.ts';
import type { LinkFault } from '../protocol/links.ts';
import { asFault } from './deadline.ts';

/** `what`: the sentence for what is no Fault. */
export function saidFault(error: unknown, what: string): LinkFault {
  const { code, retryable, message, retryAfterMs } = asFault(error, what);
  // A Fault puts its code in front by itself.
  return { code, retryable, message: message.slice(code.length + 2), retryAfterMs };
}

export function heardFault({ code, retryable, message, retryAfterMs }: LinkFault): Fault {
  return new Fault(code, retryable, message, retryAfterMs === null ? {} : { retryAfterMs });
}
