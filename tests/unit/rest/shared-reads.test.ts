/** Reads that are made for all, what is kept of them, and what neither may do: give somebody what was before a write that he knows of. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { LIMITS } from '../../../src/limits.ts';
import type { SharedRead } from '../../../src/protocol/reads.ts';
import type { MessageWithReactions, UserRecord } from '../../../src/protocol/records.ts';
import { decodeBody } from '../../../src/rest/encode-messages.ts';
import { openReads } from '../../../src/rest/open-reads.ts';
import { keyOf } from '../../../src/rest/shared-reads.ts';
import { textOfPage } from '../../../src/store/page-text.ts';
import { publicUser, userRecord } from '../../support/fake-rest.ts';
import { storedMessage } from '../../support/rest-messages.ts';
import { FakeClock } from '../actor/fake-clock.ts';

const MIB = 2 ** 20;

/** A store that answers when the test says so, with what there is when it is asked. */
class HeldStore {
  messages: MessageWithReactions[] = [];
  name = 'anna';
  readonly queries: string[] = [];
  readonly #held: (() => void)[] = [];

  #hold<T>(query: string, answer: () => T): Promise<T> {
    this.queries.push(query);
    const now = answer();
    return new Promise((resolve) => this.#held.push(() => resolve(now)));
  }

  pageText = ({ channelId }: { readonly channelId: string }) =>
    this.#hold(`page ${channelId}`, () => textOfPage(this.messages));
  pins = () => this.#hold('pins', () => []);
  reactors = () => this.#hold('reactors', () => []);
  ownReactions = () => this.#hold('mine', () => new Map());
  message = () => this.#hold('message', () => this.messages[0] ?? null);
  user = (id: string) => this.#hold(`user ${id}`, (): UserRecord | null => userRecord(publicUser(id, this.name)));

  async answer(clock: FakeClock): Promise<void> {
    for (const answer of this.#held.splice(0)) answer();
    await clock.settle();
  }
}

function scene(cacheBytes: number) {
  const [clock, store] = [new FakeClock(), new HeldStore()];
  const reads = openReads({ store, singles: store, clock, limits: LIMITS, cacheBytes });
  const page = (generation: string, more: object = {}): SharedRead =>
    ({
      ...{ what: 'page', channelId: '5', generation, bare: false, limit: 50, around: null, before: null, after: null },
      ...more,
    }) as SharedRead;
  const contents = async (read: SharedRead): Promise<string[]> => {
    const { json } = await reads.shared.serve(read, null);
    return decodeBody<{ content: string }[]>(json ?? new Uint8Array()).map(({ content }) => content);
  };
  return { clock, store, reads, page, contents };
}

const anId = fc.constantFrom('1', '12', '2');
const orNull = fc.option(anId);
const common = { channelId: anId, generation: fc.option(fc.constantFrom('1:1', '1:12', '11:2')), bare: fc.boolean() };
const limit = fc.constantFrom(1, 12, 2);
const aRead: fc.Arbitrary<SharedRead> = fc.oneof(
  fc.record({ what: fc.constant('page' as const), ...common, limit, around: orNull, before: orNull, after: orNull }),
  fc.record({ what: fc.constant('message' as const), ...common, id: anId }),
  fc.record({
    ...{ what: fc.constant('pins' as const), ...common, limit },
    ...{ form: fc.constantFrom('items' as const, 'list' as const), before: fc.option(fc.constantFrom(1, 12)) },
  }),
  fc.record({
    ...{ what: fc.constant('reactors' as const), channelId: anId, generation: common.generation, id: anId, limit },
    ...{ emoji: fc.constantFrom('a', 'a 1', '1 a'), after: orNull },
  }),
  fc.record({
    ...{ what: fc.constant('mine' as const), channelId: anId, generation: common.generation, user: anId },
    ids: fc.array(anId, { maxLength: 3 }),
  }),
);

test('no two reads share that differ in anything', () => {
  const inOrder = (read: SharedRead): string =>
    JSON.stringify(Object.entries(read).sort(([a], [b]) => (a < b ? -1 : 1)));
  fc.assert(
    fc.property(aRead, aRead, (one, other) => {
      expect(keyOf(one) === keyOf(other)).toBe(inOrder(one) === inOrder(other));
    }),
    { numRuns: 5000 },
  );
});

describe.each([
  ['without a cache', 0],
  ['with a cache', MIB],
])('%s', (_name, bytes) => {
  test('who asks after an acknowledged write sees it, though a read from before it is held back', async () => {
    const { clock, store, page, contents } = scene(bytes);
    const before = [contents(page('1:1')), contents(page('1:1'))];
    await clock.settle();
    store.messages = [storedMessage('7', '1')];
    // The owner has told the next reader the next generation.
    const after = contents(page('1:2'));
    // One who was told the old one before the write comes last, and may see either.
    const late = contents(page('1:1'));
    await store.answer(clock);
    expect(await Promise.all([...before, late, after])).toEqual([[], [], [], ['text of 7']]);
    const again = contents(page('1:2'));
    await store.answer(clock);
    expect(await again).toEqual(['text of 7']);
    expect(store.queries.length).toBe(bytes === 0 ? 3 : 2);
  });

  test('a body that comes late, of a generation that is gone, is never given for another', async () => {
    const { clock, store, page, contents } = scene(bytes);
    const old = contents(page('1:1'));
    await clock.settle();
    store.messages = [storedMessage('7', '1')];
    const fresh = contents(page('1:2'));
    await store.answer(clock);
    await Promise.all([old, fresh]);
    // The other way round: the old one is kept last.
    const oldAgain = contents(page('1:1'));
    await store.answer(clock);
    await oldAgain;
    const last = contents(page('1:2'));
    await store.answer(clock);
    expect(await last).toEqual(['text of 7']);
  });

  test('a failure is kept by nobody', async () => {
    const { clock, store, page, contents } = scene(bytes);
    const works = store.pageText;
    store.pageText = () => Promise.reject(new Error('disk'));
    expect(await contents(page('1:1')).catch((error: Error) => error.message)).toBe('disk');
    store.pageText = works;
    const next = contents(page('1:1'));
    await store.answer(clock);
    expect(await next).toEqual([]);
  });
});

describe('the cache', () => {
  test('keeps newest pages and pins, and nothing that is asked for once', async () => {
    const { clock, store, reads, page } = scene(MIB);
    const pins = { what: 'pins', channelId: '5', generation: '1', bare: false, form: 'items', limit: 5, before: null };
    const asks = [page('1'), pins as SharedRead, page('1', { before: '9' }), page('1', { bare: true })];
    for (let round = 0; round < 2; round += 1) {
      const answers = asks.map((read) => reads.shared.serve(read, null));
      await store.answer(clock);
      await Promise.all(answers);
    }
    expect(store.queries).toEqual(['page 5', 'pins', 'page 5', 'page 5', 'page 5']);
    const [hits] = reads.cache.measure();
    expect(hits?.values).toContainEqual({ labels: { what: 'page', how: 'hit' }, value: 2 });
    expect(hits?.values).toContainEqual({ labels: { what: 'pins', how: 'hit' }, value: 1 });
  });

  test('never holds more bytes than it may, and drops what was asked for longest ago', async () => {
    const { clock, store, reads, page } = scene(64 * 1024);
    store.messages = Array.from({ length: 10 }, (_, id) => storedMessage(String(id), '1'));
    for (let channel = 0; channel < 50; channel += 1) {
      const asked = reads.shared.serve(page('1', { channelId: String(channel) }), null);
      await store.answer(clock);
      await asked;
      expect(reads.cache.bytes).toBeLessThanOrEqual(64 * 1024);
    }
    expect(reads.cache.bytes).toBeGreaterThan(32 * 1024);
    expect([reads.cache.body(page('1', { channelId: '0' })), reads.cache.body(page('1', { channelId: '49' }))]).toEqual(
      [null, expect.anything()],
    );
  });

  test('a body that is too large for it is given and not kept', async () => {
    const { clock, store, reads, page } = scene(4096);
    store.messages = [storedMessage('1', '1', { content: 'x'.repeat(2000) })];
    const asked = reads.shared.serve(page('1'), null);
    await store.answer(clock);
    expect([(await asked).json?.byteLength, reads.cache.bytes]).toEqual([expect.any(Number), 0]);
  });
});

describe('users', () => {
  test('one who has changed is read anew, also by whoever asks while the old read is held back', async () => {
    const { clock, store, reads } = scene(MIB);
    const before = reads.users.one('7');
    await clock.settle();
    store.name = 'berta';
    reads.forgetUser('7');
    const after = reads.users.one('7');
    await store.answer(clock);
    expect([(await before)?.username, (await after)?.username]).toEqual(['anna', 'berta']);
    const kept = reads.users.one('7');
    await store.answer(clock);
    expect((await kept)?.username).toBe('berta');
  });

  test('is kept for a while, and read again then', async () => {
    const { clock, store, reads } = scene(MIB);
    const ask = async () => {
      const asked = reads.users.one('7');
      await store.answer(clock);
      return (await asked)?.username;
    };
    expect([await ask(), await ask(), store.queries.length]).toEqual(['anna', 'anna', 1]);
    await clock.advance(30_001);
    expect([await ask(), store.queries.length]).toEqual(['anna', 2]);
  });

  test('who is not there is asked for again', async () => {
    const { clock, store, reads } = scene(MIB);
    store.user = async () => null;
    expect(await reads.users.many(['8'])).toEqual([]);
    store.user = async (id) => userRecord(publicUser(id, 'new'));
    expect((await reads.users.many(['8'])).map(({ username }) => username)).toEqual(['new']);
    await clock.settle();
  });
});
