import { isSnowflake, type Snowflake } from '../protocol/ids.ts';
import { refusedField } from './refused.ts';

const TRUE = new Set(['true', 'True', '1', 'TRUE']);

/** The query of a request. Python clients write booleans as `True`. */
export class Query {
  constructor(readonly params: URLSearchParams) {}

  flag(name: string): boolean {
    return TRUE.has(this.params.get(name) ?? '');
  }

  text(name: string): string | null {
    return this.params.get(name);
  }

  snowflake(name: string): Snowflake | null {
    const value = this.params.get(name);
    if (value === null || value === '') return null;
    return asSnowflake(value, name);
  }

  /** Between `min` and `max`, `otherwise` when absent. */
  integer(name: string, min: number, max: number, otherwise: number): number {
    const value = this.params.get(name);
    if (value === null || value === '') return otherwise;
    if (!/^-?\d{1,15}$/.test(value)) {
      throw refusedField([name], 'NUMBER_TYPE_COERCE', `Value "${value.slice(0, 50)}" is not int.`);
    }
    const number = Number(value);
    if (number > max)
      throw refusedField([name], 'NUMBER_TYPE_MAX', `int value should be less than or equal to ${max}.`);
    if (number < min)
      throw refusedField([name], 'NUMBER_TYPE_MIN', `int value should be greater than or equal to ${min}.`);
    return number;
  }
}

/** A path or query part as an id. Refused in the form that Discord uses for paths too. */
export function asSnowflake(value: string, name: string): Snowflake {
  if (isSnowflake(value)) return value;
  throw refusedField([name], 'NUMBER_TYPE_COERCE', `Value "${value.slice(0, 50)}" is not snowflake.`);
}
