import { type FieldError, type Refusal, type RefusalName, refuse, refuseField } from '../protocol/errors.ts';

/** A refusal on its way out of a handler. Inside the core refusals are values; only this edge unwinds with one. */
export class Refused extends Error {
  override readonly name = 'Refused';
  constructor(readonly refusal: Refusal) {
    super(refusal.refused);
  }
}

export const refused = (name: RefusalName, more: Omit<Refusal, 'refused'> = {}): Refused =>
  new Refused(refuse(name, more));

export const refusedField = (path: FieldError['path'], code: string, message: string): Refused =>
  new Refused(refuseField(path, code, message));
