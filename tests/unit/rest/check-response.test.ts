/** The judge of answers is judged first. */
import { expect, test } from 'bun:test';
import { isOfficial, operationOf, problemsOf } from '../../support/check-response.ts';

test('finds the operation with the most fixed parts', () => {
  expect(operationOf('GET', '/users/@me')?.template.join('/')).toBe('/users/@me');
  expect(operationOf('GET', '/users/123')?.template.join('/')).toBe('/users/{user_id}');
  expect(operationOf('GET', '/channels/1/messages/pins?limit=2')?.template.join('/')).toBe(
    '/channels/{channel_id}/messages/pins',
  );
  expect(isOfficial('POST', '/guilds')).toBe(false);
});

test('sees what is wrong', () => {
  expect(problemsOf('GET', '/gateway', 200, { url: 'ws://a.example' })).toEqual([]);
  expect(problemsOf('GET', '/gateway', 200, { url: 1 })).not.toEqual([]);
  expect(problemsOf('GET', '/gateway', 201, { url: 'ws://a.example' })).not.toEqual([]);
  expect(problemsOf('GET', '/guilds/1/roles', 200, [{ id: '1' }])).not.toEqual([]);
  expect(problemsOf('GET', '/guilds/1/roles', 200, {})).not.toEqual([]);
  expect(problemsOf('GET', '/guilds/1/roles', 404, { message: 'a' })).not.toEqual([]);
  expect(problemsOf('GET', '/guilds/1/roles', 404, { message: 'a', code: 10004 })).toEqual([]);
  const tree = (errors: unknown) => problemsOf('GET', '/guilds/1', 400, { message: 'a', code: 50035, errors });
  expect(tree({ name: { _errors: [{ code: 'BASE_TYPE_REQUIRED', message: 'a' }] } })).toEqual([]);
  for (const wrong of [
    {},
    [],
    { name: {} },
    { name: { _errors: [] } },
    { name: { _errors: [{ code: 1, message: 'a' }] } },
  ]) {
    expect(tree(wrong)).not.toEqual([]);
  }
  expect(problemsOf('DELETE', '/guilds/1/roles/2', 204, 'a')).not.toEqual([]);
});
