import { describe, expect, test } from 'bun:test';
import { Fault } from '../../../src/protocol/errors.ts';
import type { Write } from '../../../src/protocol/writes.ts';
import { MemoryStore } from '../../../src/store/memory/store.ts';
import { mint, NOW, userRecord } from '../../conformance/store-records.ts';

const clock = { now: () => NOW };
const put = (id: string): Write => ({ w: 'putUser', user: userRecord(id) });

async function codeOf(promise: Promise<unknown>): Promise<string | null> {
  const error: unknown = await promise.then(
    () => null,
    (rejection: unknown) => rejection,
  );
  if (error === null) return null;
  return error instanceof Fault ? error.code : String(error);
}

describe('MemoryStore', () => {
  test('a scheduler that reverses its tasks does not reverse commits', async () => {
    const tasks: (() => void)[] = [];
    const store = new MemoryStore({ clock, defer: (task) => void tasks.push(task) });
    const run = (): void => {
      while (tasks.length > 0) tasks.pop()?.();
    };
    const fencing = store.fence('u:1');
    run();
    const epoch = await fencing;
    const order: number[] = [];
    const commits = [1, 2, 3].map((version) =>
      store
        .commit({ owner: 'u:1', epoch, writes: [{ w: 'putUser', user: userRecord('1', version) }] })
        .then(() => order.push(version)),
    );
    expect(order).toEqual([]);
    run();
    await Promise.all(commits);
    expect(order).toEqual([1, 2, 3]);
    const reading = store.user('1');
    run();
    expect((await reading)?.version).toBe(3);
  });

  test('held commits wait, reads do not see them, and resume stores them in order', async () => {
    const store = new MemoryStore({ clock });
    const epoch = await store.fence('u:1');
    store.hold();
    const done: string[] = [];
    const [first, second] = [mint(), mint()];
    const commits = [first, second].map((id) =>
      store.commit({ owner: 'u:1', epoch, writes: [put(id)] }).then(() => done.push(id)),
    );
    expect(await store.user(first)).toBeNull();
    expect(done).toEqual([]);
    store.resume();
    await Promise.all(commits);
    expect(done).toEqual([first, second]);
    expect(await store.user(second)).toEqual(userRecord(second));
  });

  test('a commit told to fail stores nothing, the next one is stored', async () => {
    const store = new MemoryStore({ clock });
    const epoch = await store.fence('u:1');
    const [first, second] = [mint(), mint()];
    store.failNext(new Fault('broken', true, 'as told'));
    expect(await codeOf(store.commit({ owner: 'u:1', epoch, writes: [put(first)] }))).toBe('broken');
    expect(await codeOf(store.commit({ owner: 'u:1', epoch, writes: [put(second)] }))).toBeNull();
    expect(await store.users([first, second])).toEqual([userRecord(second)]);
  });

  test('full and broken refuse at once, and open again', async () => {
    const store = new MemoryStore({ clock });
    const epoch = await store.fence('u:1');
    for (const state of ['full', 'broken'] as const) {
      store.enter(state);
      expect(store.state).toBe(state);
      expect(await codeOf(store.commit({ owner: 'u:1', epoch, writes: [] }))).toBe(state);
    }
    store.enter('open');
    expect(await codeOf(store.commit({ owner: 'u:1', epoch, writes: [] }))).toBeNull();
  });

  test('a crash keeps what was acknowledged, loses what waited, and ends every epoch', async () => {
    const before = new MemoryStore({ clock });
    const epoch = await before.fence('u:1');
    const [kept, lost] = [mint(), mint()];
    await before.commit({ owner: 'u:1', epoch, writes: [put(kept)] });
    before.hold();
    let answered = false;
    const waiting = before.commit({ owner: 'u:1', epoch, writes: [put(lost)] });
    waiting.finally(() => {
      answered = true;
    });
    before.crash();
    before.resume();
    const after = new MemoryStore({ clock, data: before.data });
    expect(await after.users([kept, lost])).toEqual([userRecord(kept)]);
    expect(await codeOf(after.commit({ owner: 'u:1', epoch, writes: [] }))).toBe('fenced');
    expect(await after.fence('u:1')).toBeGreaterThan(epoch);
    expect(await codeOf(before.user(kept))).toBe('unavailable');
    expect(answered).toBe(false);
  });

  test('what is read cannot be changed', async () => {
    const store = new MemoryStore({ clock });
    const epoch = await store.fence('u:1');
    const id = mint();
    await store.commit({ owner: 'u:1', epoch, writes: [put(id)] });
    const read = await store.user(id);
    expect(() => Object.assign(read?.user ?? {}, { username: 'changed' })).toThrow(TypeError);
  });

  test('more waiting batches than allowed are refused', async () => {
    const store = new MemoryStore({ clock, maxWaiting: 2 });
    const epoch = await store.fence('u:1');
    store.hold();
    const commits = Array.from({ length: 3 }, () => codeOf(store.commit({ owner: 'u:1', epoch, writes: [] })));
    store.resume();
    expect(await Promise.all(commits)).toEqual([null, null, 'overloaded']);
  });

  test('close stores what waits and refuses what comes', async () => {
    const store = new MemoryStore({ clock });
    const epoch = await store.fence('u:1');
    const waiting = codeOf(store.commit({ owner: 'u:1', epoch, writes: [put(mint())] }));
    await store.close();
    expect(await waiting).toBeNull();
    expect(store.state).toBe('closed');
    expect(await codeOf(store.commit({ owner: 'u:1', epoch, writes: [] }))).toBe('unavailable');
    expect(await codeOf(store.fence('u:1'))).toBe('unavailable');
  });
});
