/** `guildhall sweep`: many steps, one core. */
import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Handle, Powers } from '../../../src/cli/command.ts';
import { runLine as run } from '../../support/run-line.ts';

const dir = mkdtempSync(join(tmpdir(), 'guildhall-sweep-'));
writeFileSync(join(dir, 'guildhall.db'), '');
afterAll(() => rmSync(dir, { recursive: true }));
const HOME = ['--data-dir', dir];

/** Answers one step after the other. */
function stepped(asked: unknown[], steps: readonly unknown[]): Pick<Powers, 'withCore'> {
  let [cores, step] = [0, 0];
  const handle: Handle = async (request) => {
    asked.push([cores, new URL(request.url).pathname, await request.json()]);
    const answer = steps[step++];
    return Response.json(answer ?? { message: 'no more steps' }, { status: answer === undefined ? 503 : 200 });
  };
  const withCore: Powers['withCore'] = (_config, use) => {
    cores += 1;
    return use(handle);
  };
  return { withCore };
}

describe('sweep', () => {
  const step = (next: unknown, files: number) => ({ next, channels: 1, strange: files, files, bytes: files * 10 });

  test('asks step by step, of one core, until nothing is left', async () => {
    const asked: unknown[] = [];
    const { code, out } = await run(
      ['sweep', '--json', ...HOME],
      stepped(asked, [step('a', 2), step('b', 0), step(null, 1)]),
    );
    expect(asked).toEqual([
      [1, '/admin/sweep', { remove: true, at: null }],
      [1, '/admin/sweep', { remove: true, at: 'a' }],
      [1, '/admin/sweep', { remove: true, at: 'b' }],
    ]);
    expect([code, JSON.parse(out)]).toEqual([0, { removed: true, channels: 3, strange: 3, files: 3, bytes: 30 }]);
  });

  test('says why it ended in the middle, and with --dry-run that nothing is removed', async () => {
    const asked: unknown[] = [];
    const broken = await run(['sweep', ...HOME], stepped(asked, [step('a', 1)]));
    expect(broken).toEqual({ code: 1, out: '', err: 'no more steps\n' });
    const dry = await run(['sweep', '--dry-run', ...HOME], stepped(asked, [step(null, 1)]));
    expect([dry.code, asked.at(-1)]).toEqual([0, [1, '/admin/sweep', { remove: false, at: null }]]);
    expect(dry.out).toContain('1 (10 bytes) that no message shows\n');
  });
});
