/** How one read of the store goes over the wire: its arguments as a request and back, its value as an answer and back. */
import { z } from 'zod';
import { isSnowflake, type OwnerKey } from '../../protocol/ids.ts';
import { parseOwn } from '../../protocol/json.ts';
import type { ReadPort } from '../subjects.ts';
import type { Fields } from './wire.ts';

/** What an answer carries (proto/data.proto `Form`). */
export const FIELDS = 0;
export const RECORD = 1;
export type Form = typeof FIELDS | typeof RECORD;

export type Args<Name extends keyof ReadPort> = Readonly<Parameters<ReadPort[Name]>>;
export type Value<Name extends keyof ReadPort> = Awaited<ReturnType<ReadPort[Name]>>;

export interface Query<Arguments extends readonly unknown[], Answer> {
  readonly rpc: string;
  readonly request: (...args: Arguments) => Fields;
  /** Parses what a client sent. */
  readonly args: z.ZodType<Arguments>;
  readonly answer: (value: Answer, form: Form) => Fields;
  /** What the service itself has answered, asked with form RECORD. */
  readonly value: (answer: Fields) => Answer;
}

export type QueriesOf<Port extends Partial<ReadPort>> = {
  readonly [Name in keyof Port & keyof ReadPort]: Query<Args<Name>, Value<Name>>;
};

// --- what requests are made of

export const id = z.string().refine(isSnowflake, 'an id: decimal text without leading zeros, below 2^63');
export const maybeId = id.optional().transform((value) => value ?? null);
export const ids = z.array(id).max(100_000);
export const text = z.string().max(4096);
export const owner = z
  .string()
  .max(4096)
  .regex(/^[gudnh]:/, 'an owner: g:, u:, d:, n: or h: and what follows')
  .transform((key) => key as OwnerKey);
export const limitTo = (most: number) => z.number().int().min(0).max(most);

/** Absent on the wire rather than null. */
export const given = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));

// --- what answers are made of

export const maybeText = {
  answer: (value: string | null): Fields => given({ text: value }),
  value: (answer: Fields): string | null => (answer.text as string | undefined) ?? null,
};

/** The list of an answer under its name. */
export const listOf = <Item>(answer: Fields, name: string): readonly Item[] => answer[name] as readonly Item[];

interface Recorded {
  readonly record: string;
}

/** Things that are answered as fields or as their record, under the name of a list. */
export const recorded = <Thing>(name: string, fieldsOf: (thing: Thing) => Fields) => {
  const one = (thing: Thing, form: Form): Fields =>
    form === RECORD ? { record: JSON.stringify(thing) } : given(fieldsOf(thing));
  return {
    many: {
      answer: (things: readonly Thing[], form: Form): Fields => ({ [name]: things.map((each) => one(each, form)) }),
      value: (answer: Fields): readonly Thing[] =>
        listOf<Recorded>(answer, name).map(({ record }) => parseOwn<Thing>(record)),
    },
    maybe: {
      answer: (thing: Thing | null, form: Form): Fields => ({ [name]: thing === null ? [] : [one(thing, form)] }),
      value: (answer: Fields): Thing | null => {
        const [first] = listOf<Recorded>(answer, name);
        return first === undefined ? null : parseOwn<Thing>(first.record);
      },
    },
    one,
  };
};
