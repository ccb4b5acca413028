/** Two directories on real message ports and real time. */
import { afterEach, expect, test } from 'bun:test';
import { MessageChannel } from 'node:worker_threads';
import { portPipe } from '../../../src/actor/port-pipe.ts';
import { WorkerDirectory } from '../../../src/actor/worker-directory.ts';
import { realClock } from '../../../src/base/clock.ts';
import { LIMITS } from '../../../src/limits.ts';
import type { OutletEntry } from '../../../src/protocol/envelope.ts';
import type { OwnerKey, WorkerId } from '../../../src/protocol/ids.ts';
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
  });
  opened.push(directory);
  return directory;
}

async function pair() {
  const store = new FakeStore();
  const heard: [OutletEntry[], OutletEntry[]] = [[], []];
  const [a, b] = [directoryOf('0.1', store, heard[0]), directoryOf('1.1', store, heard[1])];
  const { port1, port2 } = new MessageChannel();
  a.peerUp('1.1', portPipe(port1));
  b.peerUp('0.1', portPipe(port2));
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
