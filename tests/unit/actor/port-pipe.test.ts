/** Two directories on real message ports and real time. */
import { afterEach, expect, test } from 'bun:test';
import { MessageChannel } from 'node:worker_threads';
import { portPipe } from '../../../src/actor/port-pipe.ts';
import { WorkerDirectory } from '../../../src/actor/worker-directory.ts';
import { realClock } from '../../../src/base/clock.ts';
import { LIMITS } from '../../../src/limits.ts';
import type { OutletEntry } from '../../../src/protocol/envelope.ts';
import type { OwnerKey, WorkerId } from '../../../src/protocol/ids.ts';
import type { LinkMessage } from '../../../src/protocol/links.ts';
import { eventually } from '../../support/eventually.ts';
import { FakeClock } from './fake-clock.ts';
import { event, FakeStore, script } from './fake-owner.ts';
import { attachAsk, nextName } from './fake-world.ts';

const opened: WorkerDirectory[] = [];
afterEach(() => {
  for (const directory of opened.splice(0)) directory.close();
});

function directoryOf(self: WorkerId, store: FakeStore, outlet: OutletEntry[]): WorkerDirectory {
  const directory = new WorkerDirectory({
    self,
    slots: 2,
    clock: realClock,
    limits: LIMITS,
    store,
    log: () => {},
    mint: () => '1',
    open: async (key) => store.open(key, ['7']),
    load: async () => null,
    isVolatile: () => false,
    outlet: (entry) => void outlet.push(entry),
    residence: () => {},
    control: async () => {},
    serveRead: async () => ({ json: null, reacted: [], named: [] }),
    measure: () => [],
    health: async () => ({ slot: 0, status: 'ok', ms: 0 }),
  });
  opened.push(directory);
  return directory;
}

async function pair() {
  const store = new FakeStore();
  const heard: [OutletEntry[], OutletEntry[]] = [[], []];
  const [a, b] = [directoryOf('0.1', store, heard[0]), directoryOf('1.1', store, heard[1])];
  const { port1, port2 } = new MessageChannel();
  a.peerUp('1.1', portPipe(port1, realClock));
  b.peerUp('0.1', portPipe(port2, realClock));
  const keys = Array.from({ length: 50 }, (_, i): OwnerKey => `g:${i}`);
  const there = keys.find((key) => a.slotOf(key) === 1) ?? 'g:0';
  const ask = (what: Parameters<typeof script>[0], ms = 5000) =>
    a.ask(there, script(what), { commandId: nextName(), deadline: Date.now() + ms, rate: null });
  return { a, b, heard, there, ask, port2 };
}

test('asks, relays and controls cross real ports, in order', async () => {
  const { a, heard, there, ask } = await pair();
  a.interest(there, { kind: 'attach', ask: attachAsk() });
  const answers = await Promise.all(Array.from({ length: 200 }, () => ask({ add: 1, rows: [event('g:1')] })));
  expect(answers.map(({ reply }) => ('ok' in reply ? (reply.ok as { total: number }).total : null))).toEqual(
    Array.from({ length: 200 }, (_, i) => i + 1),
  );
  await a.control({ control: 'revoked', hashes: [] });
  const numbers = heard[0].flatMap((entry) => (entry.what === 'relay' ? [entry.relay.n] : []));
  expect(numbers).toEqual(Array.from({ length: 201 }, (_, i) => i + 1));
  expect(heard[0][0]?.what).toBe('placed');
});

test('a port that closes is a dead worker: what it was asked fails at the deadline, not for ever', async () => {
  const { a, ask, port2 } = await pair();
  await ask({ add: 1 });
  port2.close();
  const fault = await ask({ add: 1 }, 300).catch((error) => error);
  expect(['lost', 'timeout']).toContain(fault.code);
  for (let i = 0; i < 200 && a.workers().length > 1; i += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(a.workers()).toEqual(['0.1']);
});

const relay = (n: number, d: string): LinkMessage => ({
  m: 'outlet',
  entry: {
    what: 'relay',
    relay: {
      owner: 'g:1',
      epoch: 1,
      n,
      seq: n,
      entry: { kind: 'event', topic: 'g:1', body: { t: 'EVENT', d, cls: 1, full: n > 1 ? ['7'] : null } },
      ...(n > 1 ? { followed: true as const } : {}),
    },
  },
});

const body = (d: string) => ({ t: 'EVENT', d, cls: 1, full: null });

const answered = (missed: readonly string[] | null, create: string | null): LinkMessage => ({
  m: 'outlet',
  entry: {
    what: 'relay',
    relay: {
      ...{ owner: 'g:1', epoch: 1, n: 4, seq: 9 },
      entry: {
        ...{ kind: 'answer', ask: 3, session: 's', hop: 0, mask: 1, guilds: null, topics: ['g:1'], voice: null },
        missed: missed?.map(body) ?? null,
        create: create === null ? null : body(create),
      },
    },
  },
});

const moves = (created: string | null): LinkMessage => ({
  m: 'outlet',
  entry: {
    what: 'relay',
    relay: {
      ...{ owner: 'g:1', epoch: 1, n: 5, seq: 10 },
      entry: {
        ...{ kind: 'moves', channel: '5', from: null, to: 'c:5', gained: ['s'], lost: [] },
        ...{ created: created === null ? null : body(created), deleted: body('{"gone":1}') },
      },
    },
  },
});

const moved: LinkMessage = {
  m: 'residence',
  message: {
    r: 'session',
    move: { session: 's', s: 3, to: '1.1', socket: 2, token: 'hash' },
    data: {
      ...{ from: '0.1', id: 's', user: '7', token: 'hash', own: true, intents: 1, shard: null, hop: 1, head: 4 },
      ...{ lastS: 3, clientS: 2, past: [{ from: 1, to: 2 }], standings: [], voices: [], version: 10, presence: null },
      missed: [
        { numbers: [3], body: body('{"first":"\u2028"}') },
        { numbers: [4, 5], body: body('{"second":"é"}') },
      ],
    },
  },
};

test('messages of all kinds come out as they went in and in their order: as texts, or as what they are; what is sent stays whole', async () => {
  const { port1, port2 } = new MessageChannel();
  const [from, to] = [portPipe(port1, realClock), portPipe(port2, realClock)];
  const heard: LinkMessage[][] = [];
  to.onBatch((batch) => void heard.push([...batch]));
  const fetched: LinkMessage = { m: 'fetched', id: 1, body: { json: new Uint8Array([1, 2]), reacted: [], named: [] } };
  const measured: LinkMessage = { m: 'measured', id: 2, what: 'numbers', families: [] };
  const others: LinkMessage[] = [
    { m: 'interest', to: 'g:1', tell: { kind: 'attach', ask: attachAsk() } },
    {
      m: 'fetch',
      id: 4,
      read: { what: 'message', channelId: '5', generation: '6', bare: false, id: '7' },
      deadline: 8,
    },
    { m: 'control', id: 5, control: { control: 'revoked', hashes: ['hash'] } },
    { m: 'outlet', entry: { what: 'placed', owner: 'g:1', worker: '0.1', epoch: 2 } },
    { m: 'residence', message: { r: 'moved', session: 's', at: '1.1' } },
  ];
  const all = [
    moves('{"made":1}'),
    moves(null),
    fetched,
    answered(['{"a":1}', '{"b":2}'], '{"c":"\ud83d"}'),
    measured,
    moved,
    answered(null, null),
    ...others,
  ];
  const before = structuredClone(all);
  from.post(all);
  from.post([answered([], '{}')]);
  await eventually('both batches', () => heard.length === 2);
  expect(heard).toEqual([before, [answered([], '{}')]]);
  expect(all).toEqual(before);
  from.close();
});

test('messages come out as they went in, as texts or as they are', async () => {
  const { port1, port2 } = new MessageChannel();
  const [from, to] = [portPipe(port1, realClock), portPipe(port2, realClock)];
  const heard: LinkMessage[][] = [];
  to.onBatch((batch) => void heard.push([...batch]));
  const answer: LinkMessage = {
    m: 'answer',
    id: 3,
    answer: { reply: { ok: { text: '"\u2028\ud83d\ude00' } }, rate: null },
  };
  const placed: LinkMessage = { m: 'outlet', entry: { what: 'placed', owner: 'g:1', worker: '0.1', epoch: 2 } };
  const batches = [[relay(1, '{"a":"\\"b"}'), answer, relay(2, '{"c":"é"}')], [relay(3, '{}'), placed], [answer]];
  for (const batch of batches) from.post(batch);
  await eventually('all batches', () => heard.length === batches.length);
  expect(heard).toEqual(batches);
  from.close();
});

test('what was taken is said with the next batch, by itself when it is much or a while has passed, and of each batch once', async () => {
  const { port1, port2 } = new MessageChannel();
  const clock = new FakeClock();
  const pipe = portPipe(port1, clock);
  const said: unknown[] = [];
  port2.on('message', (posted: readonly unknown[]) => void said.push(posted[0]));
  let heard = 0;
  pipe.onBatch(() => {
    heard += 1;
  });
  const post = async (batches: number): Promise<void> => {
    const all = heard + batches;
    for (let n = 0; n < batches; n += 1) port2.postMessage([0, '[null]', relay(1, '{}')]);
    await eventually('the batches', () => heard === all);
  };
  await post(20);
  await eventually('a word', () => said.length === 1);
  await post(1);
  pipe.post([relay(1, '{}')]);
  await eventually('a batch', () => said.length === 2);
  expect(clock.timers).toBe(0);
  await post(1);
  await clock.advance(20);
  await eventually('a late word', () => said.length === 3);
  expect(said).toEqual([16, 5, 1]);
  pipe.close();
});
