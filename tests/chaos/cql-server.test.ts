/** A whole server while Cassandra is paused, killed and started again under load: what clients are told, and what is there and was heard afterwards. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { answerOf } from '../support/call-rest.ts';
import { Cassandra, hasCassandra } from '../support/cassandra.ts';
import { flagsOnCassandra } from '../support/cluster-town.ts';
import { eventually } from '../support/eventually.ts';
import { numbersOf, sumOf } from '../support/read-numbers.ts';
import { ServerProcess } from '../support/server-process.ts';
import { SteadyChat } from '../support/steady-chat.ts';
import { StoreFolder } from '../support/store-folder.ts';
import { Town } from '../support/town.ts';

const LONG_MS = 120_000;
const OPEN_MS = 400_000;
const EVERY_MS = 50;
/** So long the node is paused, from when the server knows it. */
const AWAY_MS = 10_000;
/** They write without pause, each again as soon as it is answered. */
const ASKERS = 32;
/** Answers of each in that time. Who hears only when his request has failed by its time hears one or two. */
const ANSWERS = 20;
/** Of the memory of a server that has refused for a while, until any time after: a heap that is not collected yet, and no more. */
const GROWTH_BYTES = 96 << 20;
/** Whoever waits for the cluster is told to come again, and when. */
const LATER = /^(?:503|429), \d+$/;

class Stage implements AsyncDisposable {
  private constructor(
    readonly folder: StoreFolder,
    readonly cluster: Cassandra,
    readonly server: ServerProcess,
    readonly town: Town,
  ) {}

  static async open(): Promise<Stage> {
    const cluster = await Cassandra.start(1);
    const folder = new StoreFolder();
    try {
      const flags = ['--workers', '2', '--rate-limits', 'off', ...(await flagsOnCassandra(cluster))];
      const server = await ServerProcess.start(folder.dir, flags);
      return new Stage(folder, cluster, server, Town.of(server));
    } catch (error) {
      await cluster.stop();
      folder[Symbol.dispose]();
      throw error;
    }
  }

  /** Workers to which the store is in that state. */
  async workersThatSay(state: 'open' | 'broken' | 'stuck'): Promise<number> {
    return sumOf(await numbersOf(this.town), `guildhall_store_state{state="${state}"}`);
  }

  async isOpenAgain(chat: SteadyChat): Promise<void> {
    await eventually('the store is open', async () => (await this.workersThatSay('open')) === 2, LONG_MS);
    await chat.more(60, LONG_MS);
  }

  async bytes(): Promise<number> {
    return sumOf(await numbersOf(this.town), 'process_resident_memory_bytes');
  }

  /** Each answer as `status, Retry-After`, and how many there were. */
  async press({ owner, channels }: SteadyChat, content: string, isOver: (answers: number) => boolean) {
    const found = new Set<string>();
    let count = 0;
    const ask = async (n: number): Promise<void> => {
      const path = `/channels/${channels[n % channels.length]}/messages`;
      while (!isOver(count)) {
        const { status, headers } = await answerOf(this.town.url, owner.token, 'POST', path, { content });
        found.add(`${status}, ${headers.get('retry-after')}`);
        count += 1;
      }
    };
    await Promise.all(Array.from({ length: ASKERS }, (_, n) => ask(n)));
    return { found: [...found], count };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.stop();
    await this.cluster.stop();
    this.folder[Symbol.dispose]();
  }
}

async function allIsWell(chat: SteadyChat): Promise<void> {
  await chat.end();
  expect(await chat.lost()).toEqual([]);
  expect(await chat.unheard(LONG_MS)).toEqual([]);
}

describe.skipIf(!(await hasCassandra()))('a server on one node', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open();
  }, OPEN_MS);
  afterAll(() => stage?.[Symbol.asyncDispose](), OPEN_MS);

  test('that is paused for ten seconds: early refusals, flat memory, all goes on by itself, nothing acknowledged is lost', async () => {
    await using chat = await SteadyChat.begin(stage.town, EVERY_MS);
    await chat.more(60, LONG_MS);
    let before = Number.NaN;
    stage.cluster.pause(0);
    try {
      await eventually('the silence is known', async () => (await stage.workersThatSay('stuck')) === 2, LONG_MS);
      const half = performance.now() + AWAY_MS / 2;
      await stage.press(chat, 'into the silence', () => performance.now() > half);
      before = await stage.bytes();
      const end = performance.now() + AWAY_MS / 2;
      const { found, count } = await stage.press(chat, 'into the silence', () => performance.now() > end);
      expect(found.filter((answer) => !LATER.test(answer))).toEqual([]);
      expect(count).toBeGreaterThan((ASKERS * ANSWERS) / 2);
      expect(await stage.bytes()).toBeLessThan(before + GROWTH_BYTES);
    } finally {
      stage.cluster.resume(0);
    }
    await stage.isOpenAgain(chat);
    await allIsWell(chat);
    expect(await stage.bytes()).toBeLessThan(before + GROWTH_BYTES);
  }, 300_000);

  test('that is killed and started again: refusals, flat memory, all goes on by itself, nothing acknowledged is lost', async () => {
    await using chat = await SteadyChat.begin(stage.town, EVERY_MS);
    await chat.more(60, LONG_MS);
    const before = await stage.bytes();
    await stage.cluster.kill(0);
    const isKnown = async () => (await stage.workersThatSay('open')) === 0;
    await eventually('the death is known', isKnown, LONG_MS);
    const { found } = await stage.press(chat, 'to nobody', (answers) => answers > ASKERS * ANSWERS);
    expect(found.filter((answer) => !LATER.test(answer))).toEqual([]);
    await stage.cluster.restart(0);
    await stage.isOpenAgain(chat);
    await allIsWell(chat);
    expect(await stage.bytes()).toBeLessThan(before + GROWTH_BYTES);
  }, 400_000);
});
