/** Looks at the machine and the data directory as `serve` would find them, and says what to mend. */
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, rmdirSync, statfsSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { connect, createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { realClock } from './base/clock.ts';
import { adminSocketOf, type Config } from './config.ts';
import { dataTokenFileOf, openDataToken } from './data-token.ts';
import { examineCluster } from './examine-cluster.ts';
import { reachStore } from './reach-store.ts';
import { readHealth } from './said-health.ts';
import { isLocked, lookAtStore, whyNoStore } from './store/sqlite/examine.ts';
import { rememberedStore } from './store-kind.ts';
import { readCqlCa, readDataCa, readDataTls } from './tls-files.ts';

export interface Finding {
  readonly check:
    | 'port'
    | 'files'
    | 'directory'
    | 'space'
    | 'clock'
    | 'store'
    | 'token'
    | 'lock'
    | 'tls'
    | 'seed'
    | 'workers'
    | 'health';
  /** `poor`: it serves, but not as it could. `bad`: it must be mended. */
  readonly state: 'good' | 'poor' | 'bad';
  readonly found: string;
  /** Null: nothing. */
  readonly mend: string | null;
}

const MIB = 1024 * 1024;
/** Open files: sockets, and a little for the store. */
const FEW_FILES = 4096;
const MANY_FILES = 65_536;
const LITTLE_SPACE = 256 * MIB;
const SOME_SPACE = 2048 * MIB;
/** 2025-01-01: no clock that is right shows less. */
const PAST = Date.UTC(2025, 0, 1);
const SKEW_MS = 60_000;
const CONNECT_MS = 2000;
/** Longer than its events take until they count as lost. */
const HEALTH_MS = 5000;

type Said = readonly [state: Finding['state'], found: string, mend?: string];

/** `now`: milliseconds since 1970, as this machine has it. */
export async function examine(config: Config, now: number): Promise<readonly Finding[]> {
  const { dataDir, workers } = config;
  const runs = await answers(adminSocketOf(config));
  const checks: readonly (readonly [Finding['check'], Said | null])[] = [
    ['port', runs ? ['good', 'a server runs on this data directory, with the port it was given'] : await port(config)],
    ['files', openFiles(readLimits())],
    ['directory', directory(dataDir)],
    ['space', space(dataDir)],
    ['clock', clock(now, changedAt(`${dataDir}/guildhall.db`))],
    ['store', await storeOf(config, runs)],
    ['token', token(config)],
    ['tls', tls(config)],
    ['lock', lock(dataDir, runs)],
    ['workers', cores(workers, availableParallelism())],
    ['health', runs ? await health(config) : null],
  ];
  return checks.flatMap(([check, said]) => {
    if (said === null) return [];
    const [state, found, mend = null] = said;
    return [{ check, state, found, mend }];
  });
}

/** Somebody listens on the command line's socket. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const end = (is: boolean) => () => {
      socket.destroy();
      resolve(is);
    };
    socket.setTimeout(CONNECT_MS, end(false)).once('connect', end(true)).once('error', end(false));
  });
}

/** What the running server says of itself. */
async function health(config: Config): Promise<Said> {
  const text = await healthText(adminSocketOf(config));
  const said = text === null ? null : readHealth(text);
  if (said === null) return ['bad', 'the running server does not say how it is', 'look into its log'];
  const { store: state, troubles } = said;
  if (state !== 'open') return ['bad', `the store of the running server is ${state}`, mendOfStore(config)];
  if (troubles.length === 0) return ['good', 'the running server is well'];
  return ['bad', `the running server is not well: ${troubles.join('; ')}`, 'look into its log'];
}

/** What lies elsewhere is looked at beside this, under `store`, when it is said how it is reached. */
function mendOfStore({ store, dataDir }: Config): string {
  if (store !== 'sqlite') return 'mend what is said of the store above';
  const known = rememberedStore(dataDir);
  if (known === null) return 'look at its disk: room, errors, answers';
  return `look at it: guildhall doctor --store ${known}, with the options of the server`;
}

/** Null: no answer. */
function healthText(socketPath: string): Promise<string | null> {
  return new Promise((resolve) => {
    const none = (): void => resolve(null);
    const asked = request({ socketPath, path: '/health', timeout: HEALTH_MS }, async (incoming) => {
      let text = '';
      for await (const chunk of incoming.setEncoding('utf8')) text += String(chunk);
      resolve(text);
    });
    asked.on('timeout', () => asked.destroy(new Error('it takes too long')));
    asked.on('error', none).end();
  });
}

function port({ host, port: wanted }: Config): Promise<Said> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(portTrouble(error, host, wanted)));
    server.listen(wanted, host, () => server.close(() => resolve(['good', `${wanted} on ${host} is free`])));
  });
}

function portTrouble({ code, message }: NodeJS.ErrnoException, host: string, wanted: number): Said {
  const found = `${wanted} on ${host}: ${message}`;
  switch (code) {
    case 'EADDRINUSE':
      return ['bad', `${wanted} on ${host} is taken`, 'stop what listens there, or give another --port'];
    case 'EACCES':
      return ['bad', found, 'give a --port above 1023, with a proxy in front'];
    default:
      return ['bad', found, 'give a --host that this machine has'];
  }
}

/** Text of /proc/self/limits; null where there is none. */
function readLimits(): string | null {
  const path = '/proc/self/limits';
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}

/** The hard limit counts: the runtime raises the soft one to it. Null: this system does not say. */
export function openFiles(limits: string | null): Said | null {
  const hard = /^Max open files +\S+ +(\S+)/m.exec(limits ?? '')?.[1];
  if (hard === undefined) return null;
  const most = hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard);
  const mend = `allow ${MANY_FILES}: ulimit -n, LimitNOFILE= of systemd, --ulimit nofile= of Docker`;
  if (most < FEW_FILES) return ['bad', `only ${hard} open files`, mend];
  return most < MANY_FILES ? ['poor', `${hard} open files: one a client`, mend] : ['good', `${hard} open files`];
}

/** `may`: whether this user may read and write a directory. */
export function directory(dir: string, may = mayUse): Said {
  const there = nearest(dir);
  if (!statSync(there).isDirectory()) return ['bad', `${there} is no directory`, 'give another --data-dir'];
  if (!may(there))
    return [
      'bad',
      `${there} may not be written`,
      there === dir ? giveTo(dir) : `make it: install -d -m 700 -o USER ${dir}`,
    ];
  if (there !== dir)
    return takesDirectory(there)
      ? ['good', `${dir} is made at the first start`]
      : ['bad', `${dir} cannot be made`, 'give another --data-dir'];
  const open = statSync(dir).mode & 0o007;
  return open === 0
    ? ['good', `${dir} may be written, by its owner alone`]
    : ['poor', `${dir} is open to every user of this machine`, `chmod 700 ${dir}`];
}

function mayUse(dir: string, how = constants.R_OK | constants.W_OK | constants.X_OK): boolean {
  try {
    accessSync(dir, how);
    return true;
  } catch {
    return false;
  }
}

/** Rights do not say it of each file system: /proc gives them and takes nothing. What is made is removed. */
function takesDirectory(there: string): boolean {
  try {
    rmdirSync(mkdtempSync(join(there, '.guildhall-')));
    return true;
  } catch {
    return false;
  }
}

/** What is in a directory that is closed to this user looks as if it were not there. Null: it is not closed. */
export function closed(dir: string, may = mayUse): Said | null {
  const there = nearest(dir);
  if (there === dir ? may(dir) : may(there, constants.X_OK)) return null;
  return ['bad', `not known: ${there} is closed to this user`, 'run this as the user who runs the server'];
}

/** Only of a data directory may all that lies in it be given away. */
const giveTo = (dir: string): string =>
  `run this as the user who runs the server; if it is a data directory, give it to him: chown -R USER ${dir}`;

/** The directory, or what is there of the way to it. */
function nearest(dir: string): string {
  return existsSync(dir) || dirname(dir) === dir ? dir : nearest(dirname(dir));
}

function space(dir: string): Said {
  const { bavail, bsize } = statfsSync(nearest(dir));
  const free = bavail * bsize;
  const found = `${Math.floor(free / MIB)} MiB free`;
  const mend = 'make room, or move the data directory: a full disk takes no message';
  if (free < LITTLE_SPACE) return ['bad', found, mend];
  return free < SOME_SPACE ? ['poor', found, mend] : ['good', found];
}

const changedAt = (path: string): number | null => (existsSync(path) ? statSync(path).mtimeMs : null);

/** Ids are times: a clock that goes back makes new messages wait for the old ones. */
export function clock(now: number, storeChangedAt: number | null): Said {
  const found = `it is ${new Date(now).toISOString()}`;
  if (now < PAST) return ['bad', found, 'set the clock (NTP)'];
  if (storeChangedAt === null || storeChangedAt <= now + SKEW_MS) return ['good', found];
  return [
    'bad',
    `${found}, and the store was written at ${new Date(storeChangedAt).toISOString()}`,
    'set the clock (NTP)',
  ];
}

async function storeOf(config: Config, runs: boolean): Promise<Said> {
  if (config.store === 'cql') return examineCluster(config);
  if (config.store === 'data') return behindData(config);
  if (config.store === 'memory') return ['good', 'in memory: nothing is kept'];
  const unseen = closed(config.dataDir);
  if (unseen !== null) return unseen;
  const known = rememberedStore(config.dataDir);
  if (known === null) return store(config.dataDir);
  if (runs) return ['good', `the running server keeps it with --store ${known}, and says under health how it is`];
  return ['bad', `this data directory was last used with --store ${known}`, `give --store ${known}`];
}

async function behindData(config: Config): Promise<Said> {
  try {
    const reached = await reachStore(config, null, '', realClock);
    const { state } = reached;
    await reached.close();
    if (state === 'open') return ['good', `a data service answers at ${config.dataAddress}`];
    return [
      'bad',
      `the store of the data service at ${config.dataAddress} is ${state}`,
      'look at its disk: room, errors, answers',
    ];
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const isThere = !why.startsWith('no data service answers');
    const mend = isThere ? 'mend the option that is named' : 'start guildhall data there, or give --data-address';
    return ['bad', why, mend];
  }
}

function store(dir: string): Said {
  const look = lookAtStore(dir);
  const why = whyNoStore(look);
  if (why !== null) return ['bad', why.found, why.mend];
  if (look.store !== 'ours') return ['good', 'none yet: it is made at the first start'];
  const { version, knows } = look;
  if (version > knows) return ['bad', `version ${version}; this program knows ${knows}`, 'start a newer Guildhall'];
  if (version < knows) return ['good', `version ${version}: brought to ${knows} at the next start`];
  return ['good', `opens, version ${version}`];
}

/** Null: none is there. */
function token(config: Config): Said | null {
  const file = dataTokenFileOf(config);
  if (!existsSync(file)) return null;
  const open = openDataToken(config);
  return open === null ? ['good', `${file} is its owner's alone`] : ['poor', open.found, open.mend];
}

/** Null: no option names a file. */
function tls(config: Config): Said | null {
  const { dataTlsCert, dataCaFile, cqlCaFile } = config;
  const named = [dataTlsCert, dataCaFile, cqlCaFile].filter((file) => file !== null);
  if (named.length === 0) return null;
  try {
    for (const read of [readDataTls, readDataCa, readCqlCa]) read(config);
    return ['good', `${named.join(', ')} can be used`];
  } catch (error) {
    return ['bad', error instanceof Error ? error.message : String(error), 'give files as PEM that belong together'];
  }
}

function lock(dir: string, runs: boolean): Said {
  const unseen = closed(dir);
  if (unseen !== null) return unseen;
  if (!isLocked(dir)) return ['good', 'nobody holds the data directory'];
  return runs
    ? ['good', 'the running server holds the data directory']
    : [
        'bad',
        'a process holds the data directory and answers nobody here',
        `if it is guildhall data, let it be; else find it (fuser ${dir}/lock.db) and stop it`,
      ];
}

export function cores(workers: number, there: number): Said {
  const found = `${workers} for ${there} cores`;
  if (workers > there) return ['poor', found, `give --workers ${there}`];
  return ['good', found];
}
