/** /health of a real server with two workers: green when events pass, red when they do not, and green again. */

import { Database } from 'bun:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import type { Health } from '../../src/health.ts';
import { LIMITS } from '../../src/limits.ts';
import { runCommand } from '../support/command.ts';
import { eventually } from '../support/eventually.ts';
import { type Stop, standStill } from '../support/still-worker.ts';
import { Town } from '../support/town.ts';

let town: Town;
beforeAll(async () => {
  town = await Town.open({ workerProgram: new URL('../support/still-worker.ts', import.meta.url) });
});
afterAll(() => town[Symbol.asyncDispose]());

async function ask(slot: number, query = ''): Promise<{ readonly code: number; readonly health: Health }> {
  const response = await fetch(`${town.worker(slot)}/health${query}`);
  expect(response.headers.get('content-type')).toBe('application/json');
  return { code: response.status, health: (await response.json()) as Health };
}

test('who opens the address in a browser is told what it is, and not which version', async () => {
  const [page, head] = await Promise.all(['GET', 'HEAD'].map((method) => fetch(`${town.url}/`, { method })));
  const text = (await page?.text()) ?? '';
  for (const response of [page, head]) {
    expect([response?.status, response?.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
  }
  expect([text.split(',')[0], await head?.text()]).toEqual(['Guildhall', '']);
  expect(text).not.toContain(manifest.version);
  const paths = ['/api/v10/gateway', '/health'];
  expect(paths.filter((path) => !text.includes(path))).toEqual([]);
  for (const path of paths) expect((await fetch(town.url + path)).status).toBe(200);
});

const metrics = async (): Promise<string> => (await fetch(`${town.url}/metrics`)).text();

/** Events that were asked of the owners in all workers. */
async function probes(): Promise<number> {
  const [, count] = /^guildhall_turn_seconds_count\{command="probe"\} (\d+)/m.exec(await metrics()) ?? [];
  return Number(count);
}

const stepsOf = ({ workers }: Health) => workers.map(({ slot, failed = 'none' }) => [slot, failed]);

describe('while events pass', () => {
  test.each([0, 1])('worker %i says that all workers are well', async (slot) => {
    const { code, health } = await ask(slot);
    expect([code, health.status, stepsOf(health)]).toEqual([
      200,
      'ok',
      [
        [0, 'none'],
        [1, 'none'],
      ],
    ]);
  });

  test('the events passed their owners, and nothing stays behind', async () => {
    expect(await probes()).toBeGreaterThanOrEqual(4);
    // Another worker's check may outlast the answer of the one that was asked.
    const lines = await eventually('no session is left', async () => {
      const all = (await metrics()).split('\n');
      const left = ['sessions', 'owners_heard', 'interest'].filter((name) => !all.includes(`guildhall_${name} 0`));
      return left.length === 0 && all;
    });
    expect(lines).toContain('guildhall_actors{kind="h"} 2');
    expect(lines.filter((line) => line.includes('kind="u"'))).toEqual([]);
  });

  test('a thousand questions are one check', async () => {
    const before = await probes();
    const began = performance.now();
    const answers = await Promise.all(Array.from({ length: 1000 }, (_, n) => ask(n % 2)));
    expect(answers.every(({ code }) => code === 200)).toBe(true);
    // Of each worker two out of its own outlet at most and one to the other worker, and again for each second that the burst has taken.
    const most = 6 * (2 + Math.floor((performance.now() - began) / LIMITS.healthKeepMs));
    expect((await probes()) - before).toBeLessThanOrEqual(most);
  });
});

describe('when events do not pass', () => {
  test.each<Stop>(['outlet', 'publish'])(
    'one worker writes nothing, it is named whichever is asked: %s',
    async (stop) => {
      const slots = [0, 1];
      standStill(1, stop);
      // A check in which it begins may say otherwise.
      const asked = slots.map((slot) =>
        eventually(`worker ${slot} knows it`, async () => {
          const { code, health } = await ask(slot);
          return code === 503 && JSON.stringify(stepsOf(health)) === '[[0,"none"],[1,"outlet"]]' && health;
        }),
      );
      for (const health of await Promise.all(asked)) expect([health.status, health.store]).toEqual(['failing', 'open']);
      expect((await ask(1, '?live=1')).code).toBe(200);
      standStill(null);
      const well = slots.map((slot) =>
        eventually(`worker ${slot} is well`, async () => (await ask(slot)).code === 200),
      );
      await Promise.all(well);
      await eventually('nothing stays behind', async () => (await metrics()).includes('guildhall_sessions 0\n'));
    },
  );

  test('one worker can have no socket to itself', async () => {
    standStill(1, 'socket');
    const { health } = await eventually('it is missed', async () => {
      const answer = await ask(0);
      return answer.code === 503 && answer;
    });
    expect(health.workers[1]).toMatchObject({ failed: 'outlet', why: 'no socket' });
    standStill(null);
    await eventually('it has one again', async () => (await ask(0)).code === 200);
    await eventually('none stays', () => !readFileSync('/proc/net/unix', 'utf8').includes('@guildhall.'));
  });

  test('a worker is killed', async () => {
    await ask(0);
    const back = town.killWorker(1);
    const red = await eventually('worker 1 is missed', async () => {
      const answer = await ask(0);
      return answer.code === 503 && answer;
    });
    expect(red.health.status).toBe('failing');
    expect(red.health.workers[0]?.status).toBe('ok');
    expect(red.health.workers[1]?.status).toBe('failing');
    expect((await ask(0, '?live=1')).code).toBe(200);
    await back;
    await eventually('worker 1 is back', async () => (await ask(0)).code === 200);
  });

  test('somebody else holds the store', async () => {
    const file = readdirSync(town.dataDir).find((name) => name.endsWith('.db') && name !== 'lock.db') ?? '';
    using db = new Database(join(town.dataDir, file));
    db.exec('begin immediate');
    const red = await eventually('the store does not take the event', async () => {
      const answer = await ask(0);
      return answer.code === 503 && answer;
    });
    expect(stepsOf(red.health).map(([, step]) => step)).toEqual(['commit', 'commit']);
    const said = await runCommand(town.dataDir, ['health']);
    expect([said.code, said.stdout]).toEqual([1, '']);
    expect(said.stderr).toStartWith(`the server on ${town.dataDir} is not well: `);
    for (const slot of [0, 1]) expect(said.stderr).toContain(`worker ${slot}: its event was not stored (`);
    db.exec('rollback');
    await eventually('the store takes events again', async () => (await ask(0)).code === 200);
  });
});
