/**
 * The main thread: opens the store, keeps N workers alive, joins each pair by one ordered link. It decides nothing about chat.
 * A worker that dies comes back in its slot with a new incarnation; one that hangs is terminated.
 */
import { join } from 'node:path';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { Clock, Timer } from './base/clock.ts';
import { realClock } from './base/clock.ts';
import { log, setLogLevel } from './base/log.ts';
import { adminSocketOf, type Config, filesOf } from './config.ts';
import type { RunningData } from './data-node.ts';
import { LIMITS } from './limits.ts';
import { type HeldStore, openStore } from './open-store.ts';
import { probePort } from './probe-port.ts';
import type { WorkerId } from './protocol/ids.ts';
import { newClaim } from './reach-store.ts';
import { Files } from './rest/files.ts';
import type { FromWorker, Listen, Peer, ToWorker, WorkerStart } from './threads.ts';

export interface ServerOptions {
  /** A listener of its own for every worker, on a free port (tests). */
  readonly ownListeners: boolean;
  /** False: only the unix socket of the command line. `held`: nobody else comes in before `open`. */
  readonly publicListener: boolean | 'held';
  /** What each worker runs; absent: `worker.ts` (tests give workers that fail on demand). */
  readonly workerProgram?: URL;
  /** The same for the writer thread of the store. */
  readonly writerProgram?: URL;
}

export interface Running {
  readonly port: number | null;
  readonly ownPorts: readonly number[];
  readonly dataDir: string;
  /** Where the store is served over gRPC; null: nowhere. */
  readonly dataAddress: string | null;
  /** Path of the unix socket that the command line speaks to. */
  readonly adminSocket: string;
  /** Resolves when the server cannot go on: the store's threads died. */
  readonly failed: Promise<Error>;
  /** The public port, where it was held until now. */
  open(): Promise<void>;
  stop(): Promise<void>;
  /** Terminates a worker as a crash would and resolves when its successor is ready (tests). */
  killWorker(slot: number): Promise<void>;
  /** Bytes the store's file may have from now on; above, the store is `full` (tests). */
  limitStore(bytes: number): void;
}

/** Ten bits. */
const ID_NUMBERS = 1024;

const WORKER_PROGRAM = new URL('./worker.ts', import.meta.url);

interface Slot {
  readonly slot: number;
  incarnation: number;
  id: WorkerId;
  idNumber: number;
  worker: Worker | null;
  ready: boolean;
  /** The others were told to ask it nothing new. */
  isSilent: boolean;
  lastBeat: number;
  ownPort: number | null;
  /** Monotonic times of recent deaths: restarts are paced by them. */
  deaths: number[];
  waiting: ((error: Error | null) => void)[];
}

/** Starts the whole server. Rejects if the data directory is in use, the store cannot be opened, or the port is taken. */
export async function startServer(config: Config, options: ServerOptions, clock: Clock = realClock): Promise<Running> {
  setLogLevel(config.logLevel);
  const store = await openStore(config, clock, options.writerProgram);
  let stop = (): Promise<void> => store.close();
  try {
    if (options.publicListener) await probePort(config.host, config.port);
    const used = new SharedArrayBuffer(8);
    const files = new Files({ directory: filesOf(config), quotaBytes: LIMITS.uploadQuotaBytes });
    if (config.store === 'memory') await files.clear();
    new BigInt64Array(used)[0] = BigInt(await files.measure());
    const supervisor = new Supervisor(config, options, clock, store, used);
    stop = () => supervisor.stop();
    await supervisor.start();
    return supervisor;
  } catch (error) {
    await stop();
    throw error;
  }
}

class Supervisor implements Running {
  readonly adminSocket: string;
  readonly #slots: Slot[];
  #port: number | null;
  #stopping = false;
  #isHeld: boolean;
  #beats: Timer | null = null;
  readonly #claim = newClaim();
  #data: Pick<RunningData, 'stop' | 'address'> | null = null;
  /** Starts elsewhere at each start of the process, in case the clock stepped back in between. */
  #idNumber: number;

  constructor(
    readonly config: Config,
    readonly options: ServerOptions,
    readonly clock: Clock,
    readonly store: HeldStore,
    readonly filesUsed: SharedArrayBuffer,
  ) {
    // The core of one command ends with it: whoever asked it as a server would be cut off.
    this.adminSocket = options.publicListener ? adminSocketOf(config) : join(config.dataDir, 'command.sock');
    this.#idNumber = Math.floor(clock.now() / 1000) % ID_NUMBERS;
    this.#port = options.publicListener === false ? null : config.port;
    this.#isHeld = options.publicListener === 'held';
    this.#slots = Array.from({ length: config.store === 'memory' ? 1 : config.workers }, (_, slot) => ({
      slot,
      incarnation: 0,
      id: `${slot}.0`,
      idNumber: -1,
      worker: null,
      ready: false,
      isSilent: false,
      lastBeat: 0,
      ownPort: null,
      deaths: [],
      waiting: [],
    }));
  }

  get port(): number | null {
    return this.#port;
  }

  get ownPorts(): readonly number[] {
    return this.#slots.map((slot) => slot.ownPort ?? 0);
  }

  get failed(): Promise<Error> {
    return this.store.died;
  }

  get dataAddress(): string | null {
    return this.#data?.address ?? null;
  }

  get dataDir(): string {
    return this.config.dataDir;
  }

  /** The first worker finds the port, the others join it. */
  async start(): Promise<void> {
    this.#watch();
    for (const slot of this.#slots) {
      const ready = this.#awaitReady(slot);
      this.#spawn(slot);
      await ready;
    }
    if (this.config.dataListen !== null) await this.#serveData();
  }

  /** Who does not serve it does not load it. */
  async #serveData(): Promise<void> {
    const ports = this.store.connect();
    if (ports === null)
      throw new Error(`--data-listen needs a store of this server's own, not --store ${this.config.store}`);
    const { serveData } = await import('./data-node.ts');
    this.#data = await serveData(this.config, ports, false, this.clock);
  }

  async open(): Promise<void> {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    for (const { id, worker } of this.#slots) {
      if (worker === null) throw new Error(`worker ${id} died before its port was open`);
      await new Promise<void>((resolve, reject) => {
        worker.on('message', (message: FromWorker) => message.t === 'opened' && resolve());
        worker.on('exit', () => reject(new Error(`worker ${id} did not open its port`)));
        send(worker, { t: 'open' });
      });
    }
  }

  async stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#beats?.cancel();
    // Who waits for a successor waits in vain.
    for (const { waiting } of this.#slots) for (const told of waiting.splice(0)) told(new Error('the server stops'));
    await Promise.all([this.#data?.stop(), ...this.#slots.map((slot) => this.#stopWorker(slot))]);
    await this.store.close();
  }

  limitStore(bytes: number): void {
    this.store.limit(bytes);
  }

  async killWorker(slot: number): Promise<void> {
    const victim = this.#slots[slot];
    if (victim?.worker == null) throw new RangeError(`no worker in slot ${slot}`);
    await Promise.all([this.#awaitReady(victim), victim.worker.terminate()]);
  }

  // --- starting

  #awaitReady(slot: Slot): Promise<void> {
    return new Promise((resolve, reject) => {
      slot.waiting.push((error) => (error === null ? resolve() : reject(error)));
    });
  }

  #spawn(slot: Slot): void {
    slot.incarnation += 1;
    slot.id = `${slot.slot}.${slot.incarnation}`;
    slot.idNumber = this.#freeIdNumber();
    slot.ready = false;
    slot.isSilent = false;
    const peers: Peer[] = [];
    for (const other of this.#slots) {
      if (other === slot || other.worker === null) continue;
      const { port1, port2 } = new MessageChannel();
      peers.push({ id: other.id, port: port1 });
      send(other.worker, { t: 'peer', peer: { id: slot.id, port: port2 } }, [port2]);
    }
    const store = this.store.connect();
    const start: WorkerStart = {
      config: this.config,
      id: slot.id,
      slot: slot.slot,
      idNumber: slot.idNumber,
      slots: this.#slots.length,
      store,
      claim: this.#claim,
      peers,
      listen: this.#listen(slot),
      filesUsed: this.filesUsed,
    };
    const transferList = [
      ...peers.map((peer) => peer.port),
      ...(store === null ? [] : [store.writer, ...store.readers]),
    ];
    const worker = new Worker(this.options.workerProgram ?? WORKER_PROGRAM, { workerData: start, transferList });
    slot.worker = worker;
    slot.lastBeat = this.clock.monotonic();
    worker.on('message', (message: FromWorker) => this.#heard(slot, worker, message));
    worker.on('error', (error) => log.error('worker failed', { worker: slot.id, error }));
    worker.on('exit', (code) => this.#died(slot, worker, code));
  }

  /** Not one that a living worker has, and as long as possible not one of a worker that died: what it minted stays unique. */
  #freeIdNumber(): number {
    const taken = new Set(this.#slots.map(({ idNumber }) => idNumber));
    do this.#idNumber = (this.#idNumber + 1) % ID_NUMBERS;
    while (taken.has(this.#idNumber));
    return this.#idNumber;
  }

  #listen(slot: Slot): Listen {
    const admin = slot.slot === 0 ? this.adminSocket : null;
    return { port: this.#port, isHeld: this.#isHeld, own: this.options.ownListeners, admin };
  }

  #heard(slot: Slot, worker: Worker, message: FromWorker): void {
    if (slot.worker !== worker) return;
    slot.lastBeat = this.clock.monotonic();
    this.#tellSilence(slot, false);
    if (message.t === 'opened') this.#port = message.port;
    if (message.t !== 'ready') return;
    slot.ready = true;
    slot.ownPort = message.ownPort;
    if (message.port !== null) this.#port = message.port;
    for (const told of slot.waiting.splice(0)) told(null);
  }

  // --- dying

  #died(slot: Slot, worker: Worker, code: number): void {
    if (slot.worker !== worker) return;
    const { id, ready } = slot;
    slot.worker = null;
    slot.ready = false;
    for (const other of this.#slots) if (other.worker !== null) send(other.worker, { t: 'peerDown', id });
    if (this.#stopping) return;
    log.error('worker died', { worker: id, code });
    const now = this.clock.monotonic();
    slot.deaths = [...slot.deaths.filter((at) => now - at < 60_000), now];
    if (!ready && slot.incarnation === 1) return this.#failStart(slot, code);
    const pause = Math.min(LIMITS.restartMaxMs, LIMITS.restartMinMs * 2 ** (slot.deaths.length - 1));
    this.clock.after(pause, () => {
      if (!this.#stopping && slot.worker === null) this.#spawn(slot);
    });
  }

  /** It never came up: nothing would change by trying again. */
  #failStart(slot: Slot, code: number): void {
    for (const told of slot.waiting.splice(0)) told(new Error(`worker ${slot.id} did not start (exit code ${code})`));
  }

  /** A worker whose loop hangs: after two missed beats the others ask it nothing new, in the end it is terminated. */
  #watch(): void {
    const began = this.clock.monotonic();
    this.#beats = this.clock.after(LIMITS.beatMs, () => {
      const now = this.clock.monotonic();
      // Main itself was late: the beats lie in its queue.
      const isLate = now - began > 3 * LIMITS.beatMs;
      for (const slot of this.#slots) if (slot.worker !== null && !isLate) this.#judge(slot, slot.worker, now);
      if (!this.#stopping) this.#watch();
    });
  }

  #judge(slot: Slot, worker: Worker, now: number): void {
    const silence = now - slot.lastBeat;
    if (silence >= LIMITS.silentMs) {
      log.error('worker hangs and is terminated', { worker: slot.id });
      slot.lastBeat = now;
      void worker.terminate();
    } else if (slot.ready) this.#tellSilence(slot, silence > (LIMITS.beatsMissed + 1) * LIMITS.beatMs);
  }

  #tellSilence(slot: Slot, isSilent: boolean): void {
    if (slot.isSilent === isSilent) return;
    slot.isSilent = isSilent;
    if (isSilent) log.warn('worker misses beats', { worker: slot.id });
    for (const { worker } of this.#slots) if (worker !== null) send(worker, { t: 'silence', id: slot.id, isSilent });
  }

  /** Asks it to stop; terminates it if it does not. */
  async #stopWorker(slot: Slot): Promise<void> {
    const { worker } = slot;
    if (worker === null) return;
    await new Promise<void>((resolve) => {
      const timer = this.clock.after(LIMITS.stopMs, resolve);
      const end = (): void => {
        timer.cancel();
        resolve();
      };
      worker.on('message', (message: FromWorker) => message.t === 'stopped' && end());
      worker.on('exit', end);
      send(worker, { t: 'stop' });
    });
    slot.worker = null;
    await worker.terminate();
  }
}

function send(worker: Worker, message: ToWorker, transferList: MessagePort[] = []): void {
  worker.postMessage(message, transferList);
}
