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
/** They write or read without pause, each again as soon as it is answered. */
const ASKERS = 32;
/** Answers of each in that time. Who hears only when his request has failed by its time hears one or two. */
const ANSWERS = 20;
/** Of the memory of a server that was as busy before: a heap that is not collected yet, and no more. */
const GROWTH_BYTES = 96 << 20;
/** Above all messages. */
const BORDER = 2n ** 62n;
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

  /** Each answer as `status, Retry-After`, and how many there were. Without `content` they read pages, each another one. */
  async press({ owner, channels }: SteadyChat, content: string | null, isOver: (answers: number) => boolean) {
    const found = new Set<string>();
    let count = 0;
    const ask = async (n: number): Promise<void> => {
      const path = `/channels/${channels[n % channels.length]}/messages`;
      while (!isOver(count)) {
        count += 1;
        const { status, headers } = await (content === null
          ? answerOf(this.town.url, owner.token, 'GET', `${path}?before=${BORDER + BigInt(count)}`)
          : answerOf(this.town.url, owner.token, 'POST', path, { content }));
        found.add(`${status}, ${headers.get('retry-after')}`);
      }
    };
    await Promise.all(Array.from({ length: ASKERS }, (_, n) => ask(n)));
    return { found: [...found], count };
  }

  /** Both for so long. */
  async pressFor(ms: number, chat: SteadyChat) {
    const end = performance.now() + ms;
    const isOver = (): boolean => performance.now() > end;
    const [written, read] = await Promise.all([this.press(chat, 'pressed', isOver), this.press(chat, null, isOver)]);
    return { written, read };
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
    await stage.pressFor(AWAY_MS / 2, chat);
    const before = await stage.bytes();
    stage.cluster.pause(0);
    try {
      await eventually('the silence is known', async () => (await stage.workersThatSay('stuck')) === 2, LONG_MS);
      const { written, read } = await stage.pressFor(AWAY_MS, chat);
      for (const { found, count } of [written, read]) {
        expect(found.filter((answer) => !LATER.test(answer))).toEqual([]);
        expect(count).toBeGreaterThan(ASKERS * ANSWERS);
      }
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
    const line = /"what":"the cluster takes no writes"/;
    const said = stage.server.complaints.split('\n').findLast((each) => line.test(each)) ?? '{}';
    expect(JSON.parse(said)).toMatchObject({
      state: expect.stringMatching(/^(broken|stuck)$/),
      nodes: expect.stringMatching(/^[01] of 1 answer$/),
      why: expect.stringMatching(/./),
    });
    const isEnough = (answers: number): boolean => answers > ASKERS * ANSWERS;
    const presses = ['to nobody', null].map((content) => stage.press(chat, content, isEnough));
    for (const { found } of await Promise.all(presses)) {
      expect(found.filter((answer) => !LATER.test(answer))).toEqual([]);
    }
    await stage.cluster.restart(0);
    await stage.isOpenAgain(chat);
    await allIsWell(chat);
    expect(await stage.bytes()).toBeLessThan(before + GROWTH_BYTES);
  }, 400_000);
});
