import { describe, expect, test } from 'bun:test';
import { realRandom } from '../../../src/base/random.ts';
import { Passwords } from '../../../src/host/passwords.ts';

const quick = (atOnce = 2, waiting = 10) => new Passwords({ random: realRandom, atOnce, waiting, cost: 4 });

describe('a password', () => {
  test('is known again by what is stored of it, and no other is', async () => {
    const passwords = quick();
    const stored = await passwords.hash('correct horse');
    expect(stored).toMatch(/^\$scrypt\$ln=4,r=8,p=5\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(await passwords.verify('correct horse', stored)).toBe(true);
    expect(await passwords.verify('correct horsf', stored)).toBe(false);
    expect(await passwords.hash('correct horse')).not.toBe(stored);
  });

  test('is the same however its letters are composed', async () => {
    const passwords = quick();
    expect(await passwords.verify('caf\u0065\u0301', await passwords.hash('caf\u00e9'))).toBe(true);
  });

  test('of another cost is still known', async () => {
    const costly = new Passwords({ random: realRandom, atOnce: 1, waiting: 1, cost: 6 });
    expect(await quick().verify('a', await costly.hash('a'))).toBe(true);
  });

  const unreadable = [null, '', 'plain', '$scrypt$ln=31,r=8,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaGhhc2g'];
  test.each(unreadable)('is never known by %j', async (stored) => {
    expect(await quick().verify('', stored)).toBe(false);
  });

  test('takes its turn, and is refused when too many wait', async () => {
    const passwords = quick(1, 2);
    const calls = Array.from({ length: 5 }, () => passwords.hash('x'));
    const ends = await Promise.allSettled(calls);
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected']);
    expect(ends[4]).toMatchObject({ reason: { code: 'overloaded', retryable: true } });
    expect(await passwords.hash('y')).toContain('$scrypt$');
  });

  test('is not looked at for those who have left, and they keep no place', async () => {
    const passwords = quick(1, 2);
    const first = passwords.hash('x');
    const left = new AbortController();
    const waiting = [1, 2].map(() => passwords.verify('x', null, left.signal).catch((error) => error.code));
    left.abort();
    expect(await Promise.all(waiting)).toEqual(['lost', 'lost']);
    expect(await passwords.verify('x', null, left.signal).catch((error) => error.code)).toBe('lost');
    const others = [1, 2].map(() => passwords.hash('x'));
    expect((await Promise.all([first, ...others])).length).toBe(3);
    // Who has begun ends as ever.
    const late = new AbortController();
    const begun = passwords.verify('x', null, late.signal);
    late.abort();
    expect(await begun).toBe(false);
  });
});
