/** The composition root of one thread: the only file that knows everybody. Decides nothing. */
import { parentPort, workerData } from 'node:worker_threads';
import { GatedDirectory } from './actor/gated-directory.ts';
import { MeasuredDirectory } from './actor/measured-directory.ts';
import { MeasuredStore } from './actor/measured-store.ts';
import { portPipe } from './actor/port-pipe.ts';
import { type Load, Pressure } from './actor/pressure.ts';
import { WorkerDirectory } from './actor/worker-directory.ts';
import { type AdminSocket, openAdminSocket } from './admin-socket.ts';
import { realClock as clock } from './base/clock.ts';
import { HeapWatch } from './base/heap-watch.ts';
import { droppedLines, log, setLogLevel } from './base/log.ts';
import { watchLoop } from './base/loop-lag.ts';
import { counter, type Family, Histograms, histogram } from './base/metrics.ts';
import { realRandom as random } from './base/random.ts';
import { collectGarbage } from './collect.bun.ts';
import { type Config, filesOf } from './config.ts';
import { gatewayFamilies } from './gateway/families.ts';
import { Gateway } from './gateway/gateway.ts';
import { TrustedProxies } from './gateway/proxies.ts';
import { Server } from './gateway/server.bun.ts';
import type { Listener } from './gateway/server-ports.ts';
import { HealthCheck } from './health.ts';
import { openOwner } from './host/loader.ts';
import { openNeeds } from './host/needs.ts';
import { Passwords } from './host/passwords.ts';
import { TimedBehavior, TURN_BOUNDS } from './host/timed-behavior.ts';
import { Tokens } from './host/tokens.ts';
import { isVolatile } from './host/volatile.ts';
import { LIMITS } from './limits.ts';
import { printMetrics, processFamilies } from './metrics.ts';
import type { OwnerKey } from './protocol/ids.ts';
import type { Control } from './protocol/links.ts';
import { Mint } from './protocol/snowflake.ts';
import { reachStore } from './reach-store.ts';
import { createAdmin } from './rest/admin.ts';
import { type RestDeps, rateLimitsOf } from './rest/deps.ts';
import { Files } from './rest/files.ts';
import { openReads, type Reads } from './rest/open-reads.ts';
import { createRest } from './rest/rest.ts';
import { gatherSingles } from './store/gathered.ts';
import { GuardedStore } from './store/guarded.ts';
import type { Store } from './store/ports.ts';
import { storePlace } from './store-place.ts';
import type { FromWorker, Listen, ToWorker, WorkerStart } from './threads.ts';
import { watch } from './watch.ts';
import { GATHERED, GUARD_LIMITS, WORKER_GATEWAY_LIMITS } from './worker-limits.ts';

/** What every part of this thread is given. */
interface Ground {
  readonly start: WorkerStart;
  readonly store: GuardedStore;
  readonly mint: Mint;
  readonly tokens: Tokens;
  readonly server: Server;
}

interface Core {
  readonly directory: WorkerDirectory;
  /** The same, as the edges ask it. */
  readonly asked: MeasuredDirectory;
  readonly gateway: Gateway;
  readonly load: Load;
  readonly reads: Reads;
  /** Parts of this thread that have counted something. */
  readonly measured: (() => readonly Family[])[];
  readonly health: HealthCheck;
}

interface Doors {
  shared: Listener | null;
  readonly own: Listener | null;
  readonly admin: AdminSocket | null;
  /** The public port, which may be held at first. */
  readonly open: () => Listener | null;
}

const say = (message: FromWorker): void => parentPort?.postMessage(message);

async function run(start: WorkerStart): Promise<void> {
  setLogLevel(start.config.logLevel);
  const reached = await reachStore(start.config, start.store, start.claim, clock);
  const store = new GuardedStore(reached, { clock, random, limits: GUARD_LIMITS });
  const mint = new Mint(start.idNumber);
  const tokens = new Tokens({ store, random, clock, capacity: LIMITS.tokenCache });
  const ground: Ground = { start, store, mint, tokens, server: new Server() };
  const core = composeCore(ground);
  for (const { id, port } of start.peers) core.directory.peerUp(id, portPipe(port, clock));
  const doors = await openDoors(ground, core);
  parentPort?.on('message', (message: ToWorker) => hear(message, ground, core, doors));
  wakeTellers(ground, core).catch((error) => log.error('owners with something to tell were not woken', { error }));
  beat(ground, 'open');
  tidyHeap(new HeapWatch(LIMITS));
  say({ t: 'ready', port: doors.shared?.port ?? null, ownPort: doors.own?.port ?? null });
}

/** Actors and sessions know each other only by the directory and the outlet. */
function composeCore({ start, store, mint, tokens, server }: Ground): Core {
  const { id: self, slots, config } = start;
  const reads = shareReads(store, config.readCacheMb / slots);
  const control = async (said: Control): Promise<void> => {
    if (said.control === 'userChanged') {
      reads.forgetUser(said.user);
      return tokens.forgetUser(said.user);
    }
    tokens.forget(said.hashes);
    gateway.revoke(said.hashes);
  };
  const turns = new Histograms(TURN_BOUNDS);
  const measuredStore = new MeasuredStore(store, clock);
  const pressure = new Pressure(clock, LIMITS, () => measuredStore.waiting);
  const measured: Core['measured'] = [];
  const directory: WorkerDirectory = new WorkerDirectory({
    self,
    slots,
    clock,
    limits: LIMITS,
    store: measuredStore,
    log: log.warn,
    mint: (now, after) => mint.next(now, after),
    open: async (key) => {
      const opened = await openOwner(store, key, LIMITS, clock.now);
      return { ...opened, behavior: new TimedBehavior(opened.behavior, clock, turns) };
    },
    load: openNeeds(store, gatherSingles(store, clock, GATHERED), clock),
    isVolatile,
    outlet: (entry, from) => gateway.deliver(entry, from),
    residence: (message) => gateway.residence(message),
    control,
    serveRead: (read, signal) => reads.shared.serve(read, signal),
    measure: () => measured.flatMap((part) => part()),
    health: () => health.own(),
  });
  const gated = new GatedDirectory(directory, LIMITS);
  const asked = new MeasuredDirectory(gated);
  const gateway: Gateway = new Gateway({
    self,
    directory: asked,
    clock,
    random,
    authenticate: tokens.authenticate,
    publishTopic: server.publishTopic,
    openLine: server.openLine,
    load: pressure,
    countsStarts: config.rateLimits !== 'off',
    log: log.warn,
    limits: { ...WORKER_GATEWAY_LIMITS, socketsPerIp: config.socketsPerAddress },
  });
  const health = healthCheck(start, store, directory, gateway);
  measured.push(
    () => [
      ...directory.measure(),
      ...asked.measure(),
      ...measuredStore.measure(),
      ...pressure.measure(),
      ...gated.measure(),
      ...store.measure(),
      ...gatewayFamilies(gateway.measure()),
    ],
    () => [histogram('guildhall_turn_seconds', 'Deciding one command, by its kind.', turns, 'command')],
    threadFamilies(pressure),
  );
  return { directory, asked, gateway, load: pressure, reads, measured, health };
}

function healthCheck(
  { slot, slots }: WorkerStart,
  store: Store,
  directory: WorkerDirectory,
  gateway: Gateway,
): HealthCheck {
  return new HealthCheck({
    clock,
    random,
    directory,
    measures: directory.measures,
    slot,
    slots,
    slotOf: (key) => directory.slotOf(key),
    openProbe: gateway.openProbe,
    storeState: () => store.state,
    eventMs: LIMITS.probeEventMs,
    answerMs: LIMITS.probeAnswerMs,
    keepMs: LIMITS.healthKeepMs,
  });
}

/** `cacheMib`: this worker's part. */
function shareReads(store: Store, cacheMib: number): Reads {
  const singles = gatherSingles(store, clock, GATHERED);
  return openReads({ store, singles, clock, limits: LIMITS, cacheBytes: Math.floor(cacheMib * 2 ** 20) });
}

/** The thread itself. */
function threadFamilies(pressure: Pressure): () => readonly Family[] {
  const lag = watchLoop(clock, (lagMs) => pressure.observe(lagMs));
  return () => [
    histogram('guildhall_loop_lag_seconds', 'How late the loop of a worker serves what is due.', lag),
    counter('guildhall_log_lines_dropped_total', 'Log lines that standard error did not take.', droppedLines()),
  ];
}

function restDeps(
  { start, store, mint, tokens }: Ground,
  { directory: links, asked: directory, load, reads }: Core,
): RestDeps {
  const { config, filesUsed } = start;
  return {
    directory,
    load,
    store,
    reads,
    fetchRead: (to, read, options) => links.fetch(to, read, options),
    authenticate: tokens.authenticate,
    recall: tokens.recall,
    tokens,
    passwords: new Passwords({ random, atOnce: LIMITS.passwordHashes, waiting: LIMITS.passwordWaiting }),
    clock,
    random,
    mint: () => mint.next(clock.now()),
    config: { ...config, rateLimits: rateLimitsOf(config.rateLimits) },
    // All routes together are not bound more tightly than one alone.
    limits: { ...LIMITS, globalRequests: Math.max(LIMITS.globalRequests, Number(config.rateLimits) || 0) },
    files: new Files({
      directory: filesOf(config),
      quotaBytes: LIMITS.uploadQuotaBytes,
      used: new BigInt64Array(filesUsed),
    }),
    report: (error) => log.error('a request failed', { error }),
  };
}

async function openDoors(ground: Ground, core: Core): Promise<Doors> {
  const { start, server } = ground;
  const { config, listen, slots } = start;
  const deps = restDeps(ground, core);
  const rest = createRest(deps);
  server.serve(core.gateway);
  core.measured.push(rest.measure);
  const look = watcher(ground, core);
  const fetch: Fetch = (request, info) => look(request, info.ip) ?? rest.handle(request, info);
  const on = (port: number, reusePort: boolean): Listener =>
    server.listen({ port, reusePort, ...httpOptions(config), fetch });
  const open = (): Listener | null => (listen.port === null ? null : on(listen.port, slots > 1));
  // The command line's door first: who sees the port open finds it too.
  const admin = await openAdmin(listen, deps, look);
  const shared = listen.isHeld ? null : open();
  const own = listen.own ? on(0, false) : null;
  return { shared, own, admin, open };
}

type Fetch = Parameters<Server['listen']>[0]['fetch'];
/** /metrics and /health; null: something else is asked. */
type Look = (request: Request, ip: string) => Promise<Response> | Response | null;

function watcher({ start }: Ground, { directory, health }: Core): Look {
  const { metrics } = start.config;
  const print = async (): Promise<string> => {
    const measured = await directory.measures.numbers(clock.now() + LIMITS.measureMs);
    return printMetrics(measured, start.slots, processFamilies());
  };
  const options = { metrics, printMetrics: print, checkHealth: () => health.check() };
  return (request, ip) => watch(request, ip, options);
}

const httpOptions = ({ host, publicUrl, trustedProxies }: Config, proxies = new TrustedProxies(trustedProxies)) => ({
  hostname: host,
  publicUrl,
  clientOf: (peer: string, headers: Headers) => proxies.clientOf(peer, headers),
  limits: WORKER_GATEWAY_LIMITS,
  maxRequestBytes: LIMITS.multipartBytes,
  idleSeconds: LIMITS.requestIdleMs / 1000,
});

/** Who may open it is on this machine. */
const ADMIN_IP = '127.0.0.1';

async function openAdmin({ admin }: Listen, deps: RestDeps, look: Look): Promise<AdminSocket | null> {
  if (admin === null) return null;
  const { handle } = createAdmin(deps);
  return openAdminSocket(admin, async (request) => look(request, ADMIN_IP) ?? handle(request));
}

function hear(message: ToWorker, ground: Ground, core: Core, doors: Doors): void {
  const { directory, gateway } = core;
  switch (message.t) {
    case 'peer':
      directory.peerUp(message.peer.id, portPipe(message.peer.port, clock));
      break;
    case 'silence':
      directory.peerSilent(message.id, message.isSilent);
      break;
    case 'peerDown':
      directory.peerDown(message.id);
      gateway.died(message.id);
      break;
    case 'open':
      doors.shared = doors.open();
      say({ t: 'opened', port: doors.shared?.port ?? 0 });
      break;
    case 'stop':
      stop(ground, core, doors).catch((error) => log.error('stopping failed', { error }));
  }
}

/** Clients are told to go, mailboxes run dry, what is stored is stored. */
async function stop({ store }: Ground, { directory, gateway }: Core, doors: Doors): Promise<void> {
  gateway.stop();
  await Promise.all([doors.shared?.stop(true), doors.own?.stop(true), doors.admin?.close()]);
  await directory.actors.quiet(LIMITS.stopMs / 2);
  directory.close();
  await store.close();
  say({ t: 'stopped' });
}

/** Owners of this slot that died between a commit and its tells say them again, though nobody asks for them. */
async function wakeTellers({ start, store }: Ground, { directory }: Core): Promise<void> {
  for (let after: OwnerKey | null = null; ; ) {
    const page: readonly OwnerKey[] = await store.tellers(after, LIMITS.tellersPage);
    for (const owner of page) if (directory.slotOf(owner) === start.slot) await directory.actors.wake(owner);
    after = page.at(-1) ?? null;
    if (page.length < LIMITS.tellersPage) return;
  }
}

/** Main hears that this thread turns; whoever reads the log hears when the store is in another state. `before`: the one that was said last. */
function beat(ground: Ground, before: Store['state']): void {
  say({ t: 'beat' });
  const { state } = ground.store;
  if (state !== before)
    (state === 'open' ? log.info : log.warn)('the store is in another state', {
      worker: ground.start.id,
      store: storePlace(ground.start.config),
      state,
      before,
    });
  clock.after(LIMITS.beatMs, () => beat(ground, state));
}

/** What a crowd has left behind is given back when the thread is quiet. */
function tidyHeap(heap: HeapWatch): void {
  try {
    if (heap.look(process.memoryUsage().heapUsed)) collectGarbage();
  } catch (error) {
    // It is read from a file: without a free descriptor there is no look this time.
    log.warn('the heap cannot be looked at', { error });
  }
  clock.after(LIMITS.heapLookMs, () => tidyHeap(heap));
}

await run(workerData as WorkerStart);
