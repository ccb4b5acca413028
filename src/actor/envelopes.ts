/** What lies in a mailbox. */
import type { Command } from '../protocol/commands.ts';
import type { Need, Reply } from '../protocol/decision.ts';
import type { AttachAsk, InterestTell } from '../protocol/envelope.ts';
import type { Fault } from '../protocol/errors.ts';
import type { OwnerKey, WorkerId } from '../protocol/ids.ts';
import type { Asked } from './ports.ts';

const NONE: readonly Need[] = [];

/** A command without an answer. With `from` and `seq` it is durable: repeated until it is confirmed. */
export interface Told {
  readonly what: 'tell';
  readonly command: Command;
  readonly from: OwnerKey | null;
  readonly seq: number | null;
}

export type InterestEnvelope =
  | { readonly what: 'interest'; readonly tell: InterestTell }
  /** The take-over is over: an ask that was held is answered. */
  | { readonly what: 'held'; readonly ask: AttachAsk }
  | { readonly what: 'dropWorker'; readonly worker: WorkerId };

/** These come in a mailbox that is full, too: an ask that was held had its place before, of dead workers there are few. */
export const hasPlace = ({ what }: Envelope): boolean => what === 'held' || what === 'dropWorker';

export type Envelope = Asked | Told | InterestEnvelope;

/** An envelope and what must be known before its turn. */
export class Waiting {
  needs: readonly Need[] = NONE;
  ready = false;
  /** A need could not be loaded. */
  fault: Fault | null = null;
  /** The result that the store kept of it. */
  known: Reply | null = null;

  constructor(readonly envelope: Envelope) {}
}

/** In a mailbox. A tell that may be lost and needs nothing is its command and nothing else: of these the most come. */
export type Mail = Waiting | Command;

export const isReady = (mail: Mail): boolean => !(mail instanceof Waiting) || mail.ready;

export const isOwed = (envelope: Envelope): envelope is InterestEnvelope =>
  envelope.what !== 'ask' && envelope.what !== 'tell';

export const isOwedMail = (mail: Mail): boolean => mail instanceof Waiting && isOwed(mail.envelope);

/** Who was held asks again at another load, and brings again what he has. */
export function forNextLoad(mail: Mail): readonly Envelope[] {
  if (!(mail instanceof Waiting)) return [{ what: 'tell', command: mail, from: null, seq: null }];
  return mail.envelope.what === 'held' ? [] : [mail.envelope];
}

/** A turn decides it at once, and it writes, as far as one can tell before. */
export function willWrite(next: Mail | undefined, isVolatile: (command: Command) => boolean): boolean {
  if (next === undefined || !isReady(next)) return false;
  if (!(next instanceof Waiting)) return !isVolatile(next);
  return !isOwed(next.envelope) && !isVolatile(next.envelope.command);
}
