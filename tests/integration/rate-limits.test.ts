/** Limits of requests as an operator sets them. */
import { expect, test } from 'bun:test';
import { answerOf } from '../support/call-rest.ts';
import { Town } from '../support/town.ts';

/** Statuses of so many requests at once, and what the first one was told of its bucket. */
async function burst(town: Town, count: number) {
  const owner = await town.person('owner');
  const { channel } = await town.guild(owner);
  const type = () => answerOf(town.url, owner.token, 'POST', `/channels/${channel}/typing`);
  const answers = await Promise.all(Array.from({ length: count }, type));
  return {
    refused: answers.filter(({ status }) => status === 429),
    limit: answers[0]?.headers.get('x-ratelimit-limit'),
  };
}

test('a number is what one user may do in a second on one route, whichever worker he asks', async () => {
  await using town = await Town.open({ workers: 2, config: { rateLimits: 3 } });
  const { refused, limit } = await burst(town, 40);
  // The burst may lie across the end of a second or two.
  expect(refused.length).toBeGreaterThanOrEqual(40 - 3 * 3);
  expect(limit).toBe('3');
  for (const { body, headers } of refused) {
    expect(body).toMatchObject({ global: false, retry_after: expect.any(Number) });
    expect(headers.get('x-ratelimit-remaining')).toBe('0');
  }
});

test('a number above the bound of all routes lifts that too', async () => {
  await using town = await Town.open({ workers: 1, config: { rateLimits: 5000 } });
  expect((await burst(town, 800)).refused).toEqual([]);
});
