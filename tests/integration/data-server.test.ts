/** The data server over real gRPC: what is shared and what never is, cancelling, deadlines, streams, tokens. */
import { describe, expect, test } from 'bun:test';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type ServiceError, status } from '@grpc/grpc-js';
import { Fault } from '../../src/protocol/errors.ts';
import type { Fields } from '../../src/store/grpc/wire.ts';
import type { Batch } from '../../src/store/ports.ts';
import { messageRecord, mint } from '../conformance/store-records.ts';
import { DataHome, TOKEN } from '../support/data-home.ts';
import { SERVER_LIMITS } from '../support/data-limits.ts';
import { eventually } from '../support/eventually.ts';
import { Inbox } from '../support/inbox.ts';
import { StoreFolder } from '../support/store-folder.ts';
import { Town } from '../support/town.ts';

const READS = 'guildhall_data_reads_total';
const HAND = 'guildhall_data_calls_in_hand';

const pageOf = (channelId: string) => ({ channelId, before: null, after: null, around: null, limit: 50 });
const idsIn = (answer: Fields): unknown[] => (answer.messages as readonly Fields[]).map(({ id }) => id);

/** A process that reads through the data server. */
class Front implements AsyncDisposable {
  readonly lines = new Inbox<string>((line) => line);
  readonly #child;
  readonly #ended: Promise<void>;

  constructor(port: number, channel: string, count: number) {
    const args = [join(import.meta.dir, '../support/data-reader.ts'), String(port), TOKEN, channel, String(count)];
    this.#child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.#child.stdout }).on('line', (line) => this.lines.push(line));
    this.#ended = new Promise((resolve) => this.#child.once('close', () => resolve()));
  }

  go(): void {
    this.#child.stdin.write('go\n');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin.end();
    await this.#ended;
  }
}

describe('equal reads', () => {
  test('of 100 readers in two processes are one query, and all get its answer', async () => {
    await using home = await DataHome.open();
    const [channel, id] = [mint(), mint()];
    await home.fill(channel, [id]);
    home.held.hold();
    await using one = new Front(home.server.port, channel, 50);
    await using two = new Front(home.server.port, channel, 50);
    for (const front of [one, two])
      await front.lines.until('it to connect', (line) => line === 'ready', { ms: 20_000 });
    for (const front of [one, two]) front.go();
    await eventually('all have asked', () => home.count(READS, 'joined') === 99);
    home.held.release();
    for (const front of [one, two]) {
      const line = await front.lines.until('its answers', (each) => each.startsWith('{'));
      expect(JSON.parse(line)).toEqual({ different: 1, ids: [id] });
    }
    expect(home.held.pages.length).toBe(1);
  });

  test('are those with equal parameters and no other', async () => {
    await using home = await DataHome.open();
    const caller = home.caller();
    const channel = mint();
    home.held.hold();
    const base = { channel_id: channel, limit: 50 };
    const asked = [
      base,
      { ...base, limit: 49 },
      { ...base, before: '9' },
      { ...base, after: '9' },
      { ...base, around: '9' },
    ];
    const different = [...asked, { ...base, form: 1 }, { ...base, channel_id: mint() }];
    const calls = [...different, base].map((request) => caller.call('Page', request).answer);
    await eventually('all have asked', () => home.held.pages.length === 7 && home.count(READS, 'joined') === 1);
    home.held.release();
    await Promise.all(calls);
    expect(home.held.pages.length).toBe(7);
  });

  test('that fail fail for those who wait alone', async () => {
    await using home = await DataHome.open();
    const caller = home.caller();
    const broken = new Fault('unavailable', true, 'a reader has ended', { retryAfterMs: 70 });
    const user = { id: mint() };
    let asked = 0;
    const first = Promise.withResolvers<null>();
    home.held.inner.user = () => {
      asked += 1;
      return asked === 1 ? first.promise : Promise.resolve(null);
    };
    const waiting = Promise.allSettled([1, 2].map(() => caller.call('GetUser', user).answer));
    await eventually('both wait', () => home.count(READS, 'joined') === 1);
    first.reject(broken);
    expect((await waiting).map((end) => end.status)).toEqual(['rejected', 'rejected']);
    expect(await caller.codeOf('GetUser', user)).toBe(status.OK);
    const store = await home.client();
    asked = 0;
    const fault = await store.user(user.id).catch((error) => error);
    expect(fault).toBeInstanceOf(Fault);
    expect(fault).toMatchObject({ code: 'unavailable', retryable: true, retryAfterMs: 70, message: broken.message });
    expect(await store.user(user.id)).toBeNull();
  });

  test('that begin after an acknowledged write see it, though an older read is under way', async () => {
    await using home = await DataHome.open();
    const store = await home.client();
    const [channel, id] = [mint(), mint()];
    home.held.hold();
    const before = store.page(pageOf(channel));
    await eventually('it is asked', () => home.held.pages.length === 1);
    const epoch = await store.fence('g:1');
    await store.commit({ owner: 'g:1', epoch, writes: [{ w: 'putMessage', message: messageRecord(channel, id) }] });
    const after = [store.page(pageOf(channel)), store.page(pageOf(channel))];
    await eventually('it is asked anew', () => home.held.pages.length === 2 && home.count(READS, 'joined') === 1);
    home.held.release();
    expect(await before).toEqual([]);
    for (const page of await Promise.all(after)) expect(page.map(({ message }) => message.id)).toEqual([id]);
  });

  test('that begin after a fence see what was stored late, though an older read is under way', async () => {
    await using home = await DataHome.open();
    const store = await home.client();
    const [channel, id] = [mint(), mint()];
    const inner = home.held.inner;
    const commit = inner.commit.bind(inner);
    inner.commit = async () => {
      throw new Fault('timeout', true, 'nobody knows');
    };
    const epoch = await store.fence('g:1');
    const batch: Batch = { owner: 'g:1', epoch, writes: [{ w: 'putMessage', message: messageRecord(channel, id) }] };
    expect(await store.commit(batch).catch((error) => error.code)).toBe('timeout');
    home.held.hold();
    const before = store.page(pageOf(channel));
    await eventually('it is asked', () => home.held.pages.length === 1);
    await commit(batch);
    await store.fence('g:1');
    const after = store.page(pageOf(channel));
    await eventually('it is asked anew', () => home.held.pages.length === 2);
    home.held.release();
    expect(await before).toEqual([]);
    expect((await after).map(({ message }) => message.id)).toEqual([id]);
  });

  test('of a channel that another batch has not touched are still shared', async () => {
    await using home = await DataHome.open();
    const store = await home.client();
    const channel = mint();
    home.held.hold();
    const first = store.page(pageOf(channel));
    await eventually('it is asked', () => home.held.pages.length === 1);
    const epoch = await store.fence('g:1');
    await store.commit({ owner: 'g:1', epoch, writes: [{ w: 'putMessage', message: messageRecord(mint(), mint()) }] });
    const second = store.page(pageOf(channel));
    await eventually('it has joined', () => home.count(READS, 'joined') === 1);
    home.held.release();
    expect(await Promise.all([first, second])).toEqual([[], []]);
    expect(home.held.pages.length).toBe(1);
  });
});

describe('a caller who goes away', () => {
  test('ends his own wait; the last one ends the read', async () => {
    await using home = await DataHome.open();
    const caller = home.caller();
    const request = { channel_id: mint(), limit: 1 };
    home.held.hold();
    const [one, two, three] = [1, 2, 3].map(() => caller.call('Page', request));
    await eventually('they have asked', () => home.count(READS, 'joined') === 2);
    one?.cancel();
    expect(await one?.answer.catch((error) => error.code)).toBe(status.CANCELLED);
    await eventually('he is gone', () => home.count(HAND) === 2);
    expect(home.count(READS, 'left')).toBe(0);
    two?.cancel();
    three?.cancel();
    await eventually('the read has ended', () => home.count(READS, 'left') === 1);
    expect(home.held.left).toBe(1);
    const next = caller.call('Page', request);
    await eventually('it is read anew', () => home.held.pages.length === 2);
    home.held.release();
    expect(await next.answer).toEqual({ messages: [] });
  });

  test('may be a server, whose last reader has left over HTTP', async () => {
    await using home = await DataHome.open();
    using folder = new StoreFolder();
    const dataTokenFile = join(folder.dir, 'token');
    writeFileSync(dataTokenFile, TOKEN, { mode: 0o600 });
    const dataAddress = `127.0.0.1:${home.server.port}`;
    await using town = await Town.open({ config: { store: 'data', dataAddress, dataTokenFile } });
    const anna = await town.person('anna');
    const { channel } = await town.guild(anna);
    home.held.hold();
    const leaving = new AbortController();
    const read = (signal: AbortSignal | null): Promise<Response> =>
      fetch(`${town.url}/api/v10/channels/${channel}/messages`, { headers: { authorization: anna.token }, signal });
    const gone = Promise.allSettled([read(leaving.signal), read(leaving.signal)]);
    await eventually('it is read', () => home.held.pages.length === 1);
    leaving.abort();
    await gone;
    await eventually('the store is told', () => home.held.left === 1);
    expect(home.count(READS, 'left')).toBe(1);
    home.held.release();
    expect(await (await read(null)).json()).toEqual([]);
  });

  test('does so at his deadline too', async () => {
    await using home = await DataHome.open();
    home.held.hold();
    expect(await home.caller().codeOf('Page', { channel_id: mint(), limit: 1 }, { ms: 200 })).toBe(
      status.DEADLINE_EXCEEDED,
    );
    await eventually('the read has ended', () => home.count(READS, 'left') === 1);
    expect(home.count(HAND)).toBe(0);
  });
});

describe('a history', () => {
  const ids = Array.from({ length: 25 }, () => mint());

  async function read(home: DataHome, request: Fields): Promise<string[][]> {
    const pages: string[][] = [];
    for await (const page of home.caller().stream('History', request)) pages.push(idsIn(page as Fields) as string[]);
    return pages;
  }

  const cases: readonly (readonly [name: string, request: Fields, pages: readonly (readonly string[])[]])[] = [
    ['whole', { page: 10 }, [ids.slice(0, 10), ids.slice(10, 20), ids.slice(20)]],
    ['between two messages', { page: 10, after: ids[4], before: ids[20] }, [ids.slice(5, 15), ids.slice(15, 20)]],
    ['in one page', {}, [ids]],
    ['that ends with a full page', { page: 5, after: ids[14] }, [ids.slice(15, 20), ids.slice(20)]],
    ['of nothing', { after: ids[24] }, []],
  ];
  test.each(cases)('comes oldest first: %s', async (_name, request, pages) => {
    await using home = await DataHome.open();
    const channel = mint();
    await home.fill(channel, ids);
    expect(await read(home, { channel_id: channel, ...request })).toEqual(pages.map((page) => [...page]));
  });

  test('takes its turn among the reads of its channel, and leaves it when nobody reads', async () => {
    await using home = await DataHome.open();
    const caller = home.caller();
    const [busy, quiet] = [mint(), mint()];
    home.held.hold();
    const streams = ids.slice(0, SERVER_LIMITS.streams).map((after) => {
      return caller.stream('History', { channel_id: busy, after }).on('error', () => {});
    });
    await eventually('all have asked', () => home.count(HAND) === SERVER_LIMITS.streams);
    const page = caller.call('Page', { channel_id: quiet, limit: 1 });
    await eventually('the other channel is read', () => home.held.pages.some(({ channelId }) => channelId === quiet));
    const asked = home.held.pages.filter(({ channelId }) => channelId === busy);
    expect(asked.length).toBe(SERVER_LIMITS.runningPerLane);
    for (const stream of streams) stream.cancel();
    await eventually('the store is told', () => home.held.left === SERVER_LIMITS.runningPerLane);
    home.held.release();
    expect(await page.answer).toEqual({ messages: [] });
    expect(home.held.pages.length).toBe(SERVER_LIMITS.runningPerLane + 1);
  });

  test('waits for a reader who does not read, and reads no more when he is gone', async () => {
    await using home = await DataHome.open();
    const channel = mint();
    const many = Array.from({ length: 3000 }, () => mint());
    const large = many.map(
      (id) => ({ w: 'putMessage', message: messageRecord(channel, id, 'x'.repeat(4000)) }) as const,
    );
    const epoch = await home.held.inner.fence('g:1');
    await home.held.inner.commit({ owner: 'g:1', epoch, writes: large });
    const stream = home.caller().stream('History', { channel_id: channel, page: 1, form: 1 });
    stream.on('error', () => {});
    const first = new Promise((resolve) => stream.once('data', resolve));
    await first;
    stream.pause();
    // It has had many turns and asked for no page more: it waits.
    let seen = -1;
    const other = home.caller();
    while (seen !== home.held.pages.length) {
      seen = home.held.pages.length;
      for (let turn = 0; turn < 50; turn += 1) await other.call('Metrics', {}).answer;
    }
    expect(seen).toBeLessThan(many.length / 2);
    stream.cancel();
    await eventually('it has ended', () => home.count(HAND) === 0);
    expect(home.held.pages.length).toBeLessThan(many.length / 2);
  });
});

describe('who may call', () => {
  const wrong: readonly (readonly [name: string, authorization: string | null])[] = [
    ['nobody without a token', null],
    ['nobody with another token', 'Bearer wrong'],
    ['nobody with a part of the token', `Bearer ${TOKEN.slice(0, -1)}`],
    ['nobody with an empty token', 'Bearer '],
  ];
  test.each(wrong)('%s', async (_name, authorization) => {
    await using home = await DataHome.open();
    const caller = home.caller();
    const options = { authorization };
    expect(await caller.codeOf('Page', { channel_id: '1', limit: 1 }, options)).toBe(status.UNAUTHENTICATED);
    expect(await caller.codeOf('Commit', { owner: 'g:1', epoch: 1 }, options)).toBe(status.UNAUTHENTICATED);
    for (const name of ['History', 'State']) {
      const end = new Promise<ServiceError>((resolve) => {
        caller.stream(name, { channel_id: '1' }, options).on('error', resolve).resume();
      });
      expect((await end).code).toBe(status.UNAUTHENTICATED);
    }
    expect(home.held.pages).toEqual([]);
  });

  test('whoever has the token, with or without the word in front', async () => {
    await using home = await DataHome.open();
    for (const authorization of [`Bearer ${TOKEN}`, TOKEN]) {
      expect(await home.caller().codeOf('Page', { channel_id: '1', limit: 1 }, { authorization })).toBe(status.OK);
    }
    expect(await home.caller().call('Metrics', {}).answer).toEqual({ text: 'some_total 1\n' });
  });
});

describe('what is no request', () => {
  const cases: readonly (readonly [rpc: string, request: Fields])[] = [
    ['Page', { channel_id: 'x', limit: 1 }],
    ['Page', { channel_id: '1', limit: 101 }],
    ['Page', { channel_id: '1', limit: 1, before: '-1' }],
    // Written in another way, or modulo 2^64, they are ids of something else: of what is shared, and of what is found.
    ['Page', { channel_id: '01', limit: 1 }],
    ['GetUser', { id: '9223372036854775808' }],
    ['GetUser', { id: '18446744073709551617' }],
    ['GetDm', { owner: 'x:1' }],
    ['Fence', { owner: '' }],
    ['Commit', { owner: 'g:1', epoch: 1, writes: ['{'] }],
    ['Commit', { owner: 'g:1', epoch: 1, writes: ['{"w":"dropAll"}'] }],
    ['Commit', { owner: 'g:1', epoch: 1, writes: ['{"w":"putMessage","message":{"id":1}}'] }],
  ];
  test.each(cases)('is refused: %s %j', async (rpc, request) => {
    await using home = await DataHome.open();
    const caller = home.caller();
    await caller.claim('us');
    expect(await caller.codeOf(rpc, request, { claim: 'us' })).toBe(status.INVALID_ARGUMENT);
    expect(home.reported).toEqual([]);
  });
});

test('a question about reactions has no more pairs of messages and users than a query may take', async () => {
  await using home = await DataHome.open();
  const some = (count: number): string[] => Array.from({ length: count }, (_, n) => String(n + 1));
  const codeOf = (ids: number, users: number): Promise<number> =>
    home.caller().codeOf('ReactionsOf', { channel_id: '1', asked: [{ ids: some(ids), user_ids: some(users) }] });
  expect([await codeOf(100, 1000), await codeOf(100, 1001)]).toEqual([status.OK, status.INVALID_ARGUMENT]);
});

describe('beside a server that writes', () => {
  test('it only reads', async () => {
    await using home = await DataHome.open({ isOnlyWriter: false });
    const caller = home.caller();
    expect(await caller.codeOf('Fence', { owner: 'g:1' })).toBe(status.FAILED_PRECONDITION);
    expect(await caller.codeOf('Commit', { owner: 'g:1', epoch: 1 })).toBe(status.FAILED_PRECONDITION);
    expect(await home.client('us').catch((error) => error.message)).toContain('only reads');
    const store = await home.client('');
    expect(await store.fence('g:1').catch((error) => error.message)).toContain('only reads');
  });

  test('a read joins one that waits for its turn, and none that may have missed a write', async () => {
    await using home = await DataHome.open({ isOnlyWriter: false });
    const caller = home.caller();
    const [channel, id] = [mint(), mint()];
    const ask = () => caller.call('Page', { channel_id: channel, limit: 1 }).answer.then(idsIn);
    const atOnce = SERVER_LIMITS.runningPerLane;
    home.held.hold();
    const early = Array.from({ length: atOnce }, ask);
    await eventually('they are asked', () => home.held.pages.length === atOnce);
    const waiting = [ask(), ask()];
    await eventually('one has joined', () => home.count(READS, 'joined') === 1);
    await home.fill(channel, [id]);
    const late = [ask(), ask()];
    await eventually('all have', () => home.count(READS, 'joined') === 3);
    home.held.release();
    expect(await Promise.all(early)).toEqual(early.map(() => []));
    expect(await Promise.all([...waiting, ...late])).toEqual([...waiting, ...late].map(() => [id]));
    expect(home.held.pages.length).toBe(atOnce + 1);
  });
});
