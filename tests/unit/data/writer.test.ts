/** What is read after a fence never joins what was read before: a batch that failed may have been stored in between. */
import { expect, test } from 'bun:test';
import { Generations } from '../../../src/data/generations.ts';
import { Writer } from '../../../src/data/writer.ts';
import { Fault } from '../../../src/protocol/errors.ts';
import type { Write } from '../../../src/protocol/writes.ts';
import type { Batch, Committer } from '../../../src/store/ports.ts';

/** Its commits end when the test says so. */
class LateStore implements Committer {
  readonly state = 'open';
  readonly commits: PromiseWithResolvers<void>[] = [];
  #epoch = 0;

  async fence(): Promise<number> {
    this.#epoch += 1;
    return this.#epoch;
  }

  release(): void {}

  commit(_batch: Batch): Promise<void> {
    const end = Promise.withResolvers<void>();
    this.commits.push(end);
    return end.promise;
  }
}

const pin = (channelId: string): Write => ({ w: 'putPin', channelId, messageId: '1', at: 'now' });
const login: Write = { w: 'deleteLogin', login: 'anna' };

function scene(most = 10) {
  const [store, generations] = [new LateStore(), new Generations(most)];
  const writer = new Writer(store, generations);
  const commit = (owner: string, ...writes: readonly Write[]): Promise<string> =>
    writer.commit({ owner, epoch: 1, writes: writes.map((write) => JSON.stringify(write)) }).then(
      () => 'stored',
      (error) => error.code,
    );
  const fail = async (owner: string, ...writes: readonly Write[]): Promise<void> => {
    const end = commit(owner, ...writes);
    store.commits.at(-1)?.reject(new Fault('timeout', true, 'nobody knows'));
    expect(await end).toBe('timeout');
  };
  /** Which generations this changes: of channels 1 and 2, and of the rest. */
  const changes = async (act: () => Promise<unknown>): Promise<string[]> => {
    const of = { '1': '1', '2': '2', rest: null } as const;
    const before = Object.values(of).map((channel) => generations.of(channel));
    await act();
    return Object.entries(of).flatMap(([name, channel], at) => (generations.of(channel) === before[at] ? [] : [name]));
  };
  return { store, writer, commit, fail, changes, fence: (owner: string) => writer.fence({ owner }) };
}

test('the fence behind a batch that failed changes what the batch may have changed since', async () => {
  const { fail, changes, fence } = scene();
  expect(await changes(() => fail('g:1', pin('1'), login))).toEqual(['1', 'rest']);
  await fail('g:1', pin('2'));
  expect(await changes(() => fence('g:2'))).toEqual([]);
  expect(await changes(() => fence('g:1'))).toEqual(['1', '2', 'rest']);
  expect(await changes(() => fence('g:1'))).toEqual([]);
});

test('so does a fence that overtakes the answer of a batch', async () => {
  const { store, commit, changes, fence } = scene();
  const end = commit('g:1', pin('1'));
  expect(await changes(() => fence('g:1'))).toEqual(['1']);
  store.commits[0]?.resolve();
  expect(await end).toBe('stored');
});

test('behind a batch that is stored a fence changes nothing', async () => {
  const { store, commit, changes, fence } = scene();
  const end = commit('g:1', pin('1'));
  store.commits[0]?.resolve();
  expect(await end).toBe('stored');
  expect(await changes(() => fence('g:1'))).toEqual([]);
});

test('when more has failed than is remembered, the next fence of whom it was changes everything, and then nothing', async () => {
  const { fail, changes, fence, commit, store } = scene(4);
  await fail('g:1', pin('1'), login);
  await fail('g:2', pin('1'));
  await fail('g:3', pin('2'), login);
  await fail('g:1', pin('2'));
  expect(await changes(() => fence('g:9'))).toEqual([]);
  expect(await changes(() => fence('g:3'))).toEqual(['2', 'rest']);
  for (const owner of ['g:1', 'g:2']) expect(await changes(() => fence(owner))).toEqual(['1', '2', 'rest']);
  for (const owner of ['g:1', 'g:2', 'g:3']) expect(await changes(() => fence(owner))).toEqual([]);
  // There is room again for what each has changed.
  await fail('g:1', pin('2'));
  const end = commit('g:1', pin('1'), login);
  store.commits.at(-1)?.resolve();
  expect(await end).toBe('stored');
  expect(await changes(() => fence('g:1'))).toEqual(['2']);
});

test('when not even whose batches failed is remembered, every fence changes everything', async () => {
  const { fail, changes, fence } = scene(2);
  for (const owner of ['g:1', 'g:2', 'g:3']) await fail(owner, pin('1'));
  expect(await changes(() => fence('g:9'))).toEqual(['1', '2', 'rest']);
});
