/** The composition root of one thread: the only file that knows everybody. Decides nothing. */
import { parentPort, workerData } from 'node:worker_threads';
import { portPipe } from './actor/port-pipe.ts';
import { WorkerDirectory } from './actor/worker-directory.ts';
import { type AdminSocket, openAdminSocket } from './admin-socket.ts';
import { realClock } from './base/clock.ts';
import { log } from './base/log.ts';
import { realRandom } from './base/random.ts';
import { filesOf } from './config.ts';
import { Gateway } from './gateway/gateway.ts';
import { type Listener, Server } from './gateway/server.bun.ts';
import { openOwner } from './host/loader.ts';
import { loadNeed } from './host/needs.ts';
import { Passwords } from './host/passwords.ts';
import { Tokens } from './host/tokens.ts';
import { isVolatile } from './host/volatile.ts';
import { LIMITS } from './limits.ts';
import type { Control } from './protocol/links.ts';
import { Mint } from './protocol/snowflake.ts';
import { createAdmin } from './rest/admin.ts';
import { GENEROUS, type RestDeps } from './rest/deps.ts';
import { Files } from './rest/files.ts';
import { createRest } from './rest/rest.ts';
import { connectStore } from './store/sqlite/client.ts';
import type { FromWorker, ToWorker, WorkerStart } from './threads.ts';
import { WORKER_GATEWAY_LIMITS } from './worker-limits.ts';

const clock = realClock;
const random = realRandom;
const say = (message: FromWorker): void => parentPort?.postMessage(message);

async function start({ config, id, slots, store: storePorts, peers, listen, filesUsed }: WorkerStart): Promise<void> {
  const store = connectStore(storePorts, {
    clock,
    commitDeadlineMs: LIMITS.commitMs,
    readDeadlineMs: LIMITS.readMs,
    maxCommits: LIMITS.batchesWaiting,
  });
  // Any number of the installation's one counter serves: two lives of a worker never share it.
  const mint = new Mint(await store.fence(`n:#worker ${id}`));
  const tokens = new Tokens({ store, random, clock, capacity: LIMITS.tokenCache });
  const passwords = new Passwords({ random, atOnce: LIMITS.passwordHashes, waiting: LIMITS.passwordWaiting });
  const server = new Server();

  const control = async (said: Control): Promise<void> => {
    if (said.control === 'userChanged') return tokens.forgetUser(said.user);
    tokens.forget(said.hashes);
    gateway.revoke(said.hashes);
  };
  const directory: WorkerDirectory = new WorkerDirectory({
    self: id,
    slots,
    clock,
    limits: LIMITS,
    store,
    log: log.warn,
    mint: (now, after) => mint.next(now, after),
    open: (key) => openOwner(store, key, LIMITS, clock.now),
    load: (need) => loadNeed(store, need, clock.now()),
    isVolatile,
    outlet: (entry, from) => gateway.deliver(entry, from),
    residence: (message) => gateway.residence(message),
    control,
  });
  const gateway: Gateway = new Gateway({
    self: id,
    directory,
    clock,
    random,
    authenticate: tokens.authenticate,
    publishTopic: server.publishTopic,
    limits: WORKER_GATEWAY_LIMITS,
  });
  const deps: RestDeps = {
    directory,
    store,
    authenticate: tokens.authenticate,
    tokens: {
      make: (user) => {
        const { token, record } = tokens.make(user, 'bot');
        return { text: token, hash: record.hash };
      },
    },
    passwords,
    clock,
    random,
    mint: () => mint.next(clock.now()),
    config: { ...config, rateLimits: config.rateLimits === 'on' ? GENEROUS : null },
    limits: LIMITS,
    files: new Files({
      directory: filesOf(config),
      quotaBytes: LIMITS.uploadQuotaBytes,
      used: new BigInt64Array(filesUsed),
    }),
    report: (error) => log.error('a request failed', { error }),
  };
  const rest = createRest(deps);

  for (const peer of peers) directory.peerUp(peer.id, portPipe(peer.port));
  server.serve(gateway);
  const open = (port: number, reusePort: boolean): Listener =>
    server.listen({
      port,
      hostname: config.host,
      reusePort,
      publicUrl: config.publicUrl,
      fetch: (request, info) => rest.handle(request, info),
      limits: WORKER_GATEWAY_LIMITS,
      maxRequestBytes: LIMITS.multipartBytes,
      idleSeconds: LIMITS.requestIdleMs / 1000,
    });
  const shared = listen.port === null ? null : open(listen.port, slots > 1);
  const own = listen.own ? open(0, false) : null;
  let admin: AdminSocket | null = null;
  if (listen.admin !== null) admin = await openAdminSocket(listen.admin, createAdmin(deps).handle);

  const stop = async (): Promise<void> => {
    gateway.stop();
    await Promise.all([shared?.stop(true), own?.stop(true), admin?.close()]);
    const end = clock.now() + LIMITS.stopMs / 2;
    while (!directory.actors.isQuiet && clock.now() < end) await new Promise<void>((turn) => clock.after(5, turn));
    directory.close();
    await store.close();
    say({ t: 'stopped' });
  };
  parentPort?.on('message', (message: ToWorker) => {
    if (message.t === 'peer') directory.peerUp(message.peer.id, portPipe(message.peer.port));
    else if (message.t === 'stop') void stop();
    else {
      directory.peerDown(message.id);
      gateway.died(message.id);
    }
  });
  beat();
  say({ t: 'ready', port: shared?.port ?? null, ownPort: own?.port ?? null });
}

function beat(): void {
  say({ t: 'beat' });
  clock.after(LIMITS.beatMs, beat);
}

await start(workerData as WorkerStart);
