/** The simulation finds what it is for: each planted bug, in a process of its own, by the same seeds that find nothing in what is not changed. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { join } from 'node:path';
import { REAL_SEEDS } from './plan.ts';
import { PLANTED } from './planted.ts';
import { TRIED_IN_CI } from './tried.ts';

const root = join(import.meta.dir, '../..');
/** All of them are among those that CI tries without a bug. */
const runsFrom = (from: number): number =>
  from > REAL_SEEDS ? REAL_SEEDS + TRIED_IN_CI.real + 1 - from : TRIED_IN_CI.tiny + 1 - from;
/** Outside of CI every sixth. */
const TRIED = PLANTED.filter((_, i) => process.env.CI === 'true' || i % 6 === 0);
const AT_ONCE = 2;

interface Ended {
  readonly code: number;
  readonly said: string;
}

const running = new Set<Bun.Subprocess>();

async function simulate(...args: readonly string[]): Promise<Ended> {
  const child = Bun.spawn([process.execPath, 'tests/simulation/simulate.ts', ...args], { cwd: root, stderr: 'pipe' });
  running.add(child);
  const [said, wrong, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  running.delete(child);
  return { code, said: `${said}${wrong}` };
}

const found = TRIED.map((bug) => ({ ...bug, ended: Promise.withResolvers<Ended>() }));

beforeAll(() => {
  const left = [...found];
  const lane = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const { name, from = 1, ended } = next;
      const args = [String(from), '--runs', String(runsFrom(from)), '--bug', name, '--trace', '0'];
      await simulate(...args).then(ended.resolve, ended.reject);
    }
  };
  for (let i = 0; i < AT_ONCE; i += 1) void lane();
});

afterAll(() => {
  for (const child of running) child.kill();
});

for (const { name, ended } of found) {
  test(`finds ${name}`, async () => {
    const { code, said } = await ended.promise;
    expect(said).toMatch(/^seed \d+ fails: /);
    expect(code).toBe(1);
  }, 180_000);
}

test.each([
  ['1', 'detached-not-interest'],
  [String(REAL_SEEDS + 1), 'journal-without-last'],
])(
  'from %s on a seed that fails is shrunk to a shorter one that fails, and the command that replays it does',
  async (from, bug) => {
    const { said } = await simulate(from, '--runs', '50', '--bug', bug, '--shrink', '--trace', '20');
    const [, left, whole] = /^(\d+) of (\d+) steps/m.exec(said) ?? [];
    expect(Number(left)).toBeLessThan(Number(whole) / 2);
    const [, command = ''] = /^npm run simulate -- (.*)$/m.exec(said) ?? [];
    const again = await simulate(...command.split(' '));
    expect(/^=> .*$/m.exec(again.said)?.[0]).toBe(/^=> .*$/m.exec(said)?.[0] ?? '');
    expect(again.code).toBe(1);
    const [, kept = ''] = /--bug \S+ (.*)$/.exec(command) ?? [];
    expect(await simulate(...command.split(' ').slice(0, 1), ...kept.split(' '))).toMatchObject({ code: 0 });
  },
  60_000,
);
