/** Files that no message shows: found exactly, and only when they are old and of this store. */
import { afterEach, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StoredMessage } from '../../../src/protocol/records.ts';
import { snowflakeAt } from '../../../src/protocol/snowflake.ts';
import type { Write } from '../../../src/protocol/writes.ts';
import { createAdmin } from '../../../src/rest/admin.ts';
import type { Swept } from '../../../src/rest/sweep.ts';
import { MemoryStore } from '../../../src/store/memory/store.ts';
import { messageRecord } from '../../conformance/store-records.ts';
import { CHANNEL, DM, type FakeRest, fakeRest, GUILD, NOW } from '../../support/fake-rest.ts';

const HOUR = 3600_000;
const [UNKNOWN, EMPTY] = ['1100000000000000077', '1100000000000000005'];
/** An id of so many hours ago; `n`: of that moment. */
const ago = (hours: number, n = 0): string => String(BigInt(snowflakeAt(NOW - hours * HOUR)) + BigInt(n));

let rest: FakeRest;
afterEach(() => rest.close());

async function house(shown: Readonly<Record<string, readonly Partial<StoredMessage>[]>>): Promise<void> {
  const store = new MemoryStore({ clock: { now: () => NOW } });
  const writes: Write[] = [];
  for (const [channelId, messages] of Object.entries({ [EMPTY]: [], ...shown })) {
    writes.push({ w: 'putChannelOwner', channelId, owner: `g:${GUILD}` });
    for (const [n, wire] of messages.entries()) {
      const message = messageRecord(channelId, ago(900, n), 'text');
      writes.push({ w: 'putMessage', message: { ...message, wire: { ...message.wire, ...wire } } });
    }
  }
  await store.commit({ owner: `g:${GUILD}`, epoch: await store.fence(`g:${GUILD}`), writes });
  const { page, channelOwner } = store;
  rest = fakeRest({ store: { page, channelOwner } });
}

const shows = (...ids: readonly string[]): Partial<StoredMessage> => ({
  attachments: ids.map((id) => ({ id, filename: 'a.txt', size: 1, url: '', proxy_url: '' })),
});

function put(channelId: string, ...ids: readonly string[]): void {
  for (const id of ids) {
    const folder = join(rest.root, 'attachments', channelId, id);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'a.txt'), 'hello');
    rest.used[0] = (rest.used[0] ?? 0n) + 5n;
  }
}

const there = (channelId: string): string[] => {
  const folder = join(rest.root, 'attachments', channelId);
  return existsSync(folder) ? readdirSync(folder).sort() : [];
};

/** All steps of one sweep, summed up. */
async function sweep(remove = true) {
  const { handle } = createAdmin(rest.deps);
  const sum = { steps: 0, channels: 0, strange: 0, files: 0, bytes: 0 };
  for (let at: unknown = null; ; ) {
    const request = new Request('http://admin/admin/sweep', { method: 'POST', body: JSON.stringify({ remove, at }) });
    const { next, ...found } = (await (await handle(request)).json()) as Swept;
    for (const name of ['channels', 'strange', 'files', 'bytes'] as const) sum[name] += found[name];
    sum.steps += 1;
    if (next === null) return sum;
    at = next;
  }
}

test('what no message shows goes; what one shows, also in an embed, stays', async () => {
  const url = `http://a/cdn/attachments/${CHANNEL}/${ago(50, 3)}/a.png`;
  await house({ [CHANNEL]: [shows(ago(50, 1)), {}, { embeds: [{ image: { url } }] }] });
  put(CHANNEL, ago(50, 1), ago(50, 2), ago(50, 3), ago(50, 4));
  put(EMPTY, ago(50, 5));
  expect(await sweep(false)).toMatchObject({ channels: 2, strange: 0, files: 3, bytes: 15 });
  expect([there(CHANNEL).length, there(EMPTY).length]).toEqual([4, 1]);
  expect(await sweep()).toMatchObject({ files: 3, bytes: 15 });
  expect([there(CHANNEL), there(EMPTY)]).toEqual([[ago(50, 1), ago(50, 3)], []]);
  expect([Number(rest.used[0]), rest.reports]).toEqual([10, []]);
  expect(await sweep()).toMatchObject({ files: 0, bytes: 0 });
});

test('what is younger than a day stays: its message may be on its way', async () => {
  await house({ [CHANNEL]: [] });
  put(CHANNEL, ago(0), ago(23), ago(25));
  expect(await sweep()).toMatchObject({ files: 1 });
  expect(there(CHANNEL)).toEqual([ago(23), ago(0)].sort());
});

test('files of channels that the store does not know stay: it may be the wrong store', async () => {
  await house({ [CHANNEL]: [] });
  put(UNKNOWN, ago(50));
  put(DM, ago(50));
  put(CHANNEL, ago(50));
  writeFileSync(join(rest.root, 'attachments', 'a file'), '');
  expect(await sweep()).toMatchObject({ channels: 3, strange: 2, files: 1 });
  expect([there(UNKNOWN).length, there(DM).length, there(CHANNEL).length]).toEqual([1, 1, 0]);
});

test('a long channel takes many steps, and each of its messages counts', async () => {
  const messages = Array.from({ length: 3500 }, (_, n) => (n % 500 === 0 ? shows(ago(800, n)) : {}));
  await house({ [CHANNEL]: messages });
  const ids = Array.from({ length: 7 }, (_, n) => ago(800, n * 500));
  put(CHANNEL, ...ids, ago(800, 7));
  const { steps, files } = await sweep();
  expect([steps, files]).toEqual([2, 1]);
  expect(there(CHANNEL)).toEqual(ids.sort());
});

test('nothing on disk is nothing to do', async () => {
  await house({});
  expect(await sweep()).toEqual({ steps: 1, channels: 0, strange: 0, files: 0, bytes: 0 });
});
