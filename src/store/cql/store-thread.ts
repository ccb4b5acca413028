/** Entry point of the store's thread: the driver lives here, so that a worker that dies takes no write with it. Ports in, writer and reader behind. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../base/assert.ts';
import { realClock as clock } from '../../base/clock.ts';
import { type LogLevel, log, setLogLevel } from '../../base/log.ts';
import { realRandom as random } from '../../base/random.ts';
import { BEAT_MS, type Control, type ControlAnswer, Outbox } from '../thread/wire.ts';
import { Cluster, type ClusterOptions } from './cluster.ts';
import { ClusterHealth } from './health.ts';
import { lookAtKeyspace } from './look.ts';
import { MIGRATIONS, migrate } from './migrations.ts';
import { holderName, openKeyspace } from './opening.ts';
import { Reader } from './reader.ts';
import { crossing, sentence } from './trouble.ts';
import { Writer } from './writer.ts';

export interface StoreThreadData {
  /** `serve`: until it is closed. Else one thing, whose answer is posted as `{ done }`. */
  readonly task: 'serve' | 'migrate' | 'look';
  readonly options: ClusterOptions;
  readonly commitDeadlineMs: number;
  readonly readDeadlineMs: number;
  readonly logLevel: LogLevel;
}

/** Owners whose batches are under way at once: more than the nodes of a small cluster take in parallel. */
const AT_ONCE = 256;
const MAX_WAITING = 100_000;
/** Between two probes of a cluster that does not take writes. */
const PROBE_MS = 500;
const PROBE = "select value from {}.counters where name = 'schema'";

async function serve({ options, commitDeadlineMs, readDeadlineMs }: StoreThreadData): Promise<void> {
  const { cluster, db, lease, epochs, stamps } = await openKeyspace(options, clock, random, log.warn);
  const outboxes = new Set<Outbox>();
  let isClosed = false;
  const health = new ClusterHealth(clock);
  const state = (): string => {
    if (isClosed || lease.isOver) return 'closed';
    return lease.isHeld || health.state !== 'open' ? health.state : 'broken';
  };
  const said = stateLine(cluster, health);
  const flush = atEndOfTurn(() => {
    for (const outbox of outboxes) outbox.flush();
  });
  const writer = new Writer({
    ...{ db, clock, epochs, stamps, health, answered: flush },
    ...{ deadlineMs: commitDeadlineMs, maxWaiting: MAX_WAITING, atOnce: AT_ONCE },
    ...{ lease, warn: log.warn },
  });
  const reader = new Reader(db, clock, readDeadlineMs, flush);
  const beat = (): void => {
    const now = said(state());
    for (const outbox of outboxes) outbox.answer(0, 'state', now);
    flush();
    if (!isClosed) clock.after(BEAT_MS, beat);
  };
  const probe = (): void => {
    if (isClosed) return;
    // A probe that fails says nothing new.
    const asked = health.state === 'open' ? null : db.cluster.rows(PROBE).then(() => health.answered());
    void (asked ?? Promise.resolve()).catch(() => {}).then(() => clock.after(PROBE_MS, probe));
  };
  const connect = (port: MessagePort): void => {
    const outbox = new Outbox(port);
    outboxes.add(outbox);
    outbox.answer(0, 'state', state());
    outbox.flush();
    const asks = reader.connect(outbox);
    port.on('message', (requests: readonly (string | number)[]) => {
      // Requests to a reader begin with their number, those to a writer with their kind.
      if (typeof requests[0] === 'number') asks.take(requests);
      else writer.take(requests, outbox);
    });
    port.on('close', () => {
      outboxes.delete(outbox);
      asks.close();
    });
  };
  const close = async (): Promise<void> => {
    await writer.drained();
    isClosed = true;
    beat();
    await lease.giveUp();
    await cluster.close();
    main?.postMessage('closed' satisfies ControlAnswer);
  };
  void lease.lost.then((error) => {
    beat();
    // As an uncaught error: the process ends, and with it all that relied on the lease.
    setImmediate(() => {
      throw error;
    });
  });
  main?.on('message', (control: Control) => {
    if (control.do === 'connect') connect(control.port);
    else if (control.do === 'close') void close();
  });
  beat();
  probe();
  main?.postMessage('ready' satisfies ControlAnswer);
}

/** Gives each state back. Whoever reads the log hears, when it is another one, how the cluster is: its nodes, and what was said last. */
function stateLine(cluster: Cluster, health: ClusterHealth): (state: string) => string {
  let before = 'open';
  return (state) => {
    if (state === before || state === 'closed') return state;
    before = state;
    const { known, up } = cluster.nodes(cluster.datacenter);
    const at = { keyspace: cluster.keyspace, nodes: `${up} of ${known} answer` };
    const { trouble } = health;
    if (state === 'open') log.info('the cluster takes writes again', at);
    else log.warn('the cluster takes no writes', { ...at, state, ...(trouble !== null && { why: sentence(trouble) }) });
    return state;
  };
}

/** What is said in one turn of the loop leaves as one message. */
function atEndOfTurn(task: () => void): () => void {
  let isDue = false;
  return () => {
    if (isDue) return;
    isDue = true;
    setImmediate(() => {
      isDue = false;
      task();
    });
  };
}

async function once({ task, options }: StoreThreadData): Promise<unknown> {
  if (task === 'look') return lookAtKeyspace(options);
  const cluster = await Cluster.connect(options);
  try {
    const { localDatacenter: datacenter, replication } = options;
    return await migrate(cluster, { datacenter, replication }, holderName(random), clock, MIGRATIONS, log.warn);
  } finally {
    await cluster.close();
  }
}

const main = parentPort;
assert(main !== null, 'the store thread has a parent');
const data = workerData as StoreThreadData;
setLogLevel(data.logLevel);
try {
  if (data.task === 'serve') await serve(data);
  else main.postMessage({ done: await once(data) });
} catch (error) {
  throw crossing(error);
}
