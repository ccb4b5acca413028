/** What zod found, in the words of Discord's error tree. The codes are those that Discord's own forms answer with. */
import type { core } from 'zod/mini';
import type { FieldError } from '../protocol/errors.ts';

type Issue = core.$ZodIssue;
type Path = readonly (string | number)[];
type Words = readonly [code: string, message: string];
/** zod's message where a form has none of its own. */
const UNSAID = 'Invalid input';

export function fieldErrors(issues: readonly Issue[], body: unknown): FieldError[] {
  return issues.flatMap((issue) => leaves(issue, [], body));
}

function leaves(issue: Issue, above: Path, body: unknown): FieldError[] {
  const path = [...above, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
  const value = valueAt(body, path);
  if (value === undefined) return [{ path, code: 'BASE_TYPE_REQUIRED', message: 'This field is required' }];
  if (issue.code === 'invalid_union') {
    const branch = likeliest(issue.errors);
    if (branch !== undefined) return branch.flatMap((inner) => leaves(inner, path, body));
    return [{ path, code: 'UNION_TYPE_CHOICES', message: 'Value must be one of the documented forms.' }];
  }
  const [code, message] = wording(issue, value);
  return [{ path, code, message }];
}

/** Of the forms a value may have: the one whose `type` it says, else the one that comes closest. */
function likeliest(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const told = branches.filter((issues) => !issues.some(({ path }) => path.length === 0 || path[0] === 'type'));
  return told.toSorted((a, b) => a.length - b.length)[0];
}

function valueAt(body: unknown, path: Path): unknown {
  let value = body;
  for (const step of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string | number, unknown>)[step];
  }
  return value;
}

function wording(issue: Issue, value: unknown): Words {
  switch (issue.code) {
    case 'invalid_type':
      return typeWords(issue.expected, value);
    case 'too_big':
      return sizeWords(issue.origin, 'MAX', issue.maximum, value);
    case 'too_small':
      return sizeWords(issue.origin, 'MIN', issue.minimum, value);
    case 'invalid_value':
      return [
        'BASE_TYPE_CHOICES',
        `Value must be one of {${issue.values.map((each) => JSON.stringify(each)).join(', ')}}.`,
      ];
    case 'invalid_format':
      return formatWords(issue, value);
    default:
      return ['BASE_TYPE_INVALID', issue.message];
  }
}

function typeWords(expected: string, value: unknown): Words {
  switch (expected) {
    case 'string':
      return ['STRING_TYPE_CONVERT', `Could not interpret "${said(value)}" as string.`];
    case 'number':
    case 'int':
      return ['NUMBER_TYPE_COERCE', `Value "${said(value)}" is not int.`];
    case 'boolean':
      return ['BOOLEAN_TYPE_CONVERT', 'Must be either true or false.'];
    case 'array':
      return ['LIST_TYPE_CONVERT', 'Only iterables may be used in a ListType'];
    case 'object':
    case 'record':
      return ['DICT_TYPE_CONVERT', 'Only dictionaries may be used in a DictType'];
    default:
      return ['BASE_TYPE_INVALID', `Value is not ${expected}.`];
  }
}

function sizeWords(origin: string, edge: 'MAX' | 'MIN', bound: number | bigint, value: unknown): Words {
  if (origin === 'string') {
    if (edge === 'MAX') return ['BASE_TYPE_MAX_LENGTH', `Must be ${bound} or fewer in length.`];
    return value === ''
      ? ['BASE_TYPE_REQUIRED', 'This field is required']
      : ['BASE_TYPE_MIN_LENGTH', `Must be ${bound} or more in length.`];
  }
  if (origin === 'array') {
    return ['BASE_TYPE_BAD_LENGTH', `Must be ${bound} or ${edge === 'MAX' ? 'fewer' : 'more'} in length.`];
  }
  return [
    `NUMBER_TYPE_${edge}`,
    `int value should be ${edge === 'MAX' ? 'less' : 'greater'} than or equal to ${bound}.`,
  ];
}

/** Patterns of the specification's ids, and of permission bits. */
const NUMBER_PATTERN = /^\/\^(\(0\||\\d)/;

function formatWords({ format, pattern = '', message }: core.$ZodIssueInvalidStringFormat, value: unknown): Words {
  if (format === 'url') return ['URL_TYPE_INVALID_URL', 'Not a well formed URL.'];
  if (format === 'datetime') return ['DATE_TIME_TYPE_PARSE', `Could not parse ${said(value)}. Should be ISO8601.`];
  if (format === 'snowflake' || NUMBER_PATTERN.test(pattern))
    return ['NUMBER_TYPE_COERCE', `Value "${said(value)}" is not snowflake.`];
  return ['STRING_TYPE_REGEX', message === UNSAID ? 'String value did not match validation regex.' : message];
}

/** A client's own value comes back in the sentence, but not by the megabyte. */
function said(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return text.length > 50 ? `${text.slice(0, 50)}…` : text;
}
