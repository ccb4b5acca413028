/** An edge that has too much to do: what it leaves undone, what it refuses, and that it looks nothing up for it. */
import { afterEach, expect, test } from 'bun:test';
import { shedAt, type Urgency } from '../../../src/protocol/urgency.ts';
import { CHANNEL, type FakeRest, fakeRest } from '../../support/fake-rest.ts';

let rest: FakeRest;
afterEach(() => rest.close());

/** A worker of this level, and what it was asked to shed. */
function overloaded(level: number): Urgency[] {
  const shed: Urgency[] = [];
  const sheds = (urgency: Urgency): boolean => level >= shedAt(urgency) && shed.push(urgency) > 0;
  rest = fakeRest({ load: { level, sheds } });
  rest.directory.replies = { typing: () => ({ ok: null }), createMessage: () => ({ refused: 'emptyMessage' }) };
  return shed;
}

const type = () => rest.call('POST', `/channels/${CHANNEL}/typing`);
const read = () => rest.call('GET', `/channels/${CHANNEL}`);
const say = () => rest.call('POST', `/channels/${CHANNEL}/messages`, { body: { content: 'x' } });

test('typing is left undone, and nobody hears of it', async () => {
  const shed = overloaded(1);
  const answer = await type();
  expect([answer.status, await answer.text()]).toEqual([204, '']);
  expect(answer.headers.get('x-ratelimit-remaining')).not.toBeNull();
  expect([rest.directory.asked, shed]).toEqual([[], ['typing']]);
});

test('what is ordinary is refused so that libraries wait and come again', async () => {
  const shed = overloaded(3);
  const answer = await read();
  expect([answer.status, answer.headers.get('x-ratelimit-scope'), answer.headers.get('via')]).toEqual([
    429,
    'shared',
    '1.1 guildhall',
  ]);
  expect(Number(answer.headers.get('retry-after'))).toBeWithin(1, 6);
  expect(answer.headers.get('x-ratelimit-remaining')).toBe('0');
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  expect(await answer.json()).toMatchObject({ global: false, code: 0, retry_after: expect.any(Number) });
  expect([rest.directory.asked, shed]).toEqual([[], ['ordinary']]);
});

test('messages are refused last', async () => {
  overloaded(3);
  expect((await say()).status).toBe(400);
  rest.close();
  overloaded(4);
  expect((await say()).status).toBe(429);
});

test('an owner that sheds is heard the same way; typing there is left undone', async () => {
  overloaded(0);
  const { Shed } = await import('../../../src/actor/overload.ts');
  const shed = (): never => {
    throw new Shed('ordinary');
  };
  rest.directory.replies = { typing: shed, channel: shed };
  expect((await type()).status).toBe(204);
  const answer = await read();
  expect([answer.status, answer.headers.get('x-ratelimit-scope')]).toEqual([429, 'shared']);
  expect(answer.headers.get('x-ratelimit-remaining')).toBe('0');
  // Not all at the same moment.
  const waits = await Promise.all(
    Array.from({ length: 20 }, async () => ((await (await read()).json()) as { retry_after: number }).retry_after),
  );
  expect([Math.min(...waits) >= 1, Math.max(...waits) <= 5, new Set(waits).size > 10]).toEqual([true, true, true]);
});

test('a browser can read that there are too many requests', async () => {
  rest = fakeRest({ limits: { requests: 0 } });
  const answer = await read();
  expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([503, '*']);
});
