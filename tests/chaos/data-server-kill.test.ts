/** A data server that dies or stands still under load: every ask ends, what was acknowledged is there, and the client comes back by itself. */
import { expect, test } from 'bun:test';
import { Fault } from '../../src/protocol/errors.ts';
import type { OwnerKey, Snowflake } from '../../src/protocol/ids.ts';
import type { Store } from '../../src/store/ports.ts';
import { messageRecord, mint } from '../conformance/store-records.ts';
import { CLIENT_LIMITS } from '../support/data-limits.ts';
import { DataProcess } from '../support/data-process.ts';
import { eventually } from '../support/eventually.ts';
import { StoreFolder } from '../support/store-folder.ts';

const LIMITS = { ...CLIENT_LIMITS, commitMs: 2500, readMs: 2500, silentMs: 1500 };

/** Owners that write and read without pause until they are told to stop. */
class Load {
  readonly channel = mint();
  readonly stored: Snowflake[] = [];
  readonly faults: Fault[] = [];
  readonly bugs: unknown[] = [];
  #isOver = false;
  readonly #runs: Promise<void>[];

  constructor(readonly store: Store) {
    this.#runs = Array.from({ length: 8 }, (_, n) => this.#run(`g:${n + 1}`));
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#runs);
  }

  async #run(owner: OwnerKey): Promise<void> {
    for (let epoch: number | null = null; !this.#isOver; ) {
      try {
        epoch ??= await this.store.fence(owner);
        const id = mint();
        const message = messageRecord(this.channel, id);
        await this.store.commit({ owner, epoch, writes: [{ w: 'putMessage', message }] });
        this.stored.push(id);
        await this.store.page({ channelId: this.channel, before: null, after: null, around: null, limit: 10 });
      } catch (error) {
        // What became of the batch is unknown: the next epoch decides it.
        epoch = null;
        if (error instanceof Fault) this.faults.push(error);
        else this.bugs.push(error);
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }

  /** Messages that were acknowledged and are not there. */
  async lost(store: Store): Promise<readonly Snowflake[]> {
    const lost: Snowflake[] = [];
    for (let from = 0; from < this.stored.length; from += 100) {
      const ids = this.stored.slice(from, from + 100);
      const there = new Set((await store.messages(this.channel, ids)).map(({ message }) => message.id));
      lost.push(...ids.filter((id) => !there.has(id)));
    }
    return lost;
  }
}

test('killed under load', async () => {
  using folder = new StoreFolder();
  await using first = await DataProcess.start(folder.dir);
  const store = await first.connect(LIMITS);
  const load = new Load(store);
  await eventually('something is stored', () => load.stored.length > 50);
  await first.kill();
  await eventually('it is known', () => store.state === 'broken' && load.faults.length > 8);
  expect(await store.fence('g:99').catch((error) => error.code)).toBe('broken');
  const before = load.stored.length;
  await using second = await first.startAgain();
  await eventually('it is back', () => store.state === 'open' && load.stored.length > before + 50, 20_000);
  await load.stop();
  expect(load.bugs).toEqual([]);
  const kinds = new Set(load.faults.map(({ code }) => code));
  expect([...kinds].filter((code) => !['unavailable', 'broken', 'timeout', 'fenced'].includes(code))).toEqual([]);
  expect(await load.lost(store)).toEqual([]);
  expect(second.address).toBe(first.address);
  await store.close();
  expect(store.state).toBe('closed');
}, 60_000);

test('standing still under load', async () => {
  using folder = new StoreFolder();
  await using server = await DataProcess.start(folder.dir);
  const store = await server.connect(LIMITS);
  const load = new Load(store);
  await eventually('something is stored', () => load.stored.length > 50);
  server.signal('SIGSTOP');
  try {
    await eventually('its silence is known', () => store.state === 'stuck');
    expect(await store.fence('g:99').catch((error) => error.code)).toBe('stuck');
    await eventually('every ask has ended', () => load.faults.length >= 8);
  } finally {
    server.signal('SIGCONT');
  }
  const before = load.stored.length;
  await eventually('it is back', () => store.state === 'open' && load.stored.length > before + 50, 20_000);
  await load.stop();
  expect(load.bugs).toEqual([]);
  expect(await load.lost(store)).toEqual([]);
  await store.close();
}, 60_000);
