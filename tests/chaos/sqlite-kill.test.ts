import { expect, test } from 'bun:test';
import { guildKey, type Snowflake } from '../../src/protocol/ids.ts';
import type { Store } from '../../src/store/ports.ts';
import { connectStore } from '../../src/store/sqlite/client.ts';
import { openSqlite } from '../../src/store/sqlite/threads.ts';
import { StoreFolder } from '../support/store-folder.ts';

const LOAD = new URL('../support/store-load.ts', import.meta.url).pathname;
const CHANNEL = '1200000000000000000';

/** Writes until so many messages are acknowledged, then kills the process without a word. */
async function writeAndKill(dir: string, count: number): Promise<{ stored: Snowflake[]; epochs: number[] }> {
  const child = Bun.spawn([process.execPath, LOAD, dir, CHANNEL], { stdout: 'pipe', stderr: 'inherit' });
  const stored: Snowflake[] = [];
  const epochs: number[] = [];
  let rest = '';
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [kind, value = ''] = line.split(' ');
      if (kind === 'epoch') epochs.push(Number(value));
      else stored.push(value);
    }
    if (stored.length >= count) child.kill('SIGKILL');
  }
  await child.exited;
  expect(child.signalCode).toBe('SIGKILL');
  return { stored, epochs };
}

async function allIds(store: Store): Promise<Snowflake[]> {
  const ids: Snowflake[] = [];
  for (let before: Snowflake | null = null; ; ) {
    const page = await store.page({ channelId: CHANNEL, before, after: null, around: null, limit: 100 });
    ids.push(...page.map(({ message }) => message.id));
    const last = ids.at(-1);
    if (page.length < 100 || last === undefined) return ids;
    before = last;
  }
}

test('after kill -9 under load every acknowledged message is there exactly once, and no epoch is given twice', async () => {
  using folder = new StoreFolder();
  const stored: Snowflake[] = [];
  const epochs: number[] = [];
  for (let round = 1; round <= 3; round += 1) {
    const written = await writeAndKill(folder.dir, 500 * round);
    stored.push(...written.stored);
    expect(Math.min(...written.epochs)).toBeGreaterThan(Math.max(0, ...epochs));
    epochs.push(...written.epochs);

    const threads = await openSqlite({ dir: folder.dir, readers: 1 });
    const store = connectStore(threads.connect());
    const ids = await allIds(store);
    const present = new Set(ids);
    expect(present.size).toBe(ids.length);
    expect(stored.filter((id) => !present.has(id))).toEqual([]);
    const last = stored.at(-1) ?? '';
    expect(await store.nonce(CHANNEL, '77', last, Date.now())).toBe(last);
    const epoch = await store.fence(guildKey('1'));
    expect(epoch).toBeGreaterThan(Math.max(...epochs));
    epochs.push(epoch);
    await store.close();
    await threads.close();
  }
});

test('a second opening of the directory is refused while the first lives, and after a kill it is not', async () => {
  using folder = new StoreFolder();
  const threads = await openSqlite({ dir: folder.dir, readers: 1 });
  const refusal = 'is in use by another Guildhall';
  await expect(openSqlite({ dir: folder.dir, readers: 1 })).rejects.toThrow(refusal);
  const child = Bun.spawn([process.execPath, LOAD, folder.dir, CHANNEL], { stdout: 'ignore', stderr: 'pipe' });
  expect(await new Response(child.stderr).text()).toContain(refusal);
  expect(await child.exited).not.toBe(0);
  await threads.close();
  await writeAndKill(folder.dir, 1);
  const again = await openSqlite({ dir: folder.dir, readers: 1 });
  await again.close();
});
