/** What a form says when a field is not of its alphabet: an id is called an id, and nothing else is. */
import { expect, test } from 'bun:test';
import { messageCreate, register, snowflake, userEdit } from '../../../src/rest/schemas.ts';
import { fieldErrors } from '../../../src/rest/zod-errors.ts';

const GOOD = { username: 'anna', password: 'correct horse' };

test.each([
  [snowflake, 'x', 'NUMBER_TYPE_COERCE', 'Value "x" is not snowflake.'],
  [snowflake, '9223372036854775808', 'NUMBER_TYPE_COERCE', 'Value "9223372036854775808" is not snowflake.'],
  [messageCreate, { sticker_ids: ['x'] }, 'NUMBER_TYPE_COERCE', 'Value "x" is not snowflake.'],
  [
    register,
    { ...GOOD, username: 'an na' },
    'STRING_TYPE_REGEX',
    'May have only letters from a to z, digits, "." and "_".',
  ],
  [register, { ...GOOD, email: 'x' }, 'STRING_TYPE_REGEX', 'Not a well formed email address.'],
  [userEdit, { username: 'a@b' }, 'STRING_TYPE_REGEX', 'May have only letters, digits, blanks, ".", "_" and "-".'],
  [
    userEdit,
    { avatar: 'x' },
    'STRING_TYPE_REGEX',
    'Must be a picture as data:image/png;base64,… (or jpeg, gif, webp).',
  ],
])('%# %p', (schema, body, code, message) => {
  const { error } = schema.safeParse(body);
  expect(fieldErrors(error?.issues ?? [], body)).toMatchObject([{ code, message }]);
});
