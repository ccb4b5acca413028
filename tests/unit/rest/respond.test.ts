/** How faults of the world become answers. */
import { describe, expect, test } from 'bun:test';
import { Fault } from '../../../src/protocol/errors.ts';
import { answerError } from '../../../src/rest/respond.ts';

describe('a fault', () => {
  const cases: readonly (readonly [fault: Fault, status: number, retryAfter: string])[] = [
    [new Fault('overloaded', true, 'the store is slow', { retryAfterMs: 3200 }), 503, '4'],
    [new Fault('overloaded', true, 'the store is slow', { retryAfterMs: 20 }), 503, '1'],
    [new Fault('timeout', true, 'too late'), 503, '1'],
    [new Fault('broken', true, 'disk I/O error'), 503, '1'],
    [new Fault('full', true, 'disk full'), 507, '1'],
    [new Fault('lost', false, 'a bug'), 500, '1'],
  ];
  test.each(cases)('%s is %d and says when to come again', async (fault, status, retryAfter) => {
    const reported: unknown[] = [];
    const response = answerError(fault, (error) => reported.push(error));
    expect([response.status, response.headers.get('Retry-After')]).toEqual([status, retryAfter]);
    expect(reported).toEqual(status === 500 ? [fault] : []);
    expect(await response.text()).not.toContain(fault.message);
  });
});
