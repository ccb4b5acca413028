/**
 * A real Apache Cassandra for tests: one node or three on loopback, small, with its data in a folder that goes with it. By hand, until Ctrl-C:
 *
 *     bun tests/support/cassandra.ts [NODES]
 *
 * Without Java and Maven on this machine its tests are skipped, loudly; with CI=true that is a failure.
 */
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'cassandra-driver';
import type { ClusterOptions } from '../../src/store/cql/cluster.ts';
import { cassandraCommand, LOGBACK, yamlOf } from './cassandra-config.ts';
import { eventually } from './eventually.ts';

const POM = join(import.meta.dir, 'cassandra.pom.xml');
const START_MS = 180_000;
const ASK_MS = 200;
const HOUR_MS = 3_600_000;
export const DATACENTER = 'datacenter1';

/** The folder of the jars, fetched once into the user's cache; null: no Java or no Maven. Throws when they cannot be fetched. */
async function fetchJars(): Promise<string | null> {
  const missing = ['java', 'mvn'].filter((program) => Bun.which(program) === null);
  if (missing.length > 0) {
    const sentence = `the store on Cassandra is not tested: ${missing.join(' and ')} missing`;
    if (process.env.CI === 'true') throw new Error(sentence);
    console.warn(`\n*** ${sentence} ***\n`);
    return null;
  }
  const hash = createHash('sha256').update(readFileSync(POM)).digest('hex').slice(0, 16);
  const place = join(cacheDir(), `cassandra-${hash}`);
  if (existsSync(place)) return place;
  await mkdir(cacheDir(), { recursive: true });
  await removeHalves(place);
  const half = await mkdtemp(`${place}-`);
  const maven = Bun.spawn(['mvn', '-q', '-B', '-f', POM, 'dependency:copy-dependencies', `-DoutputDirectory=${half}`], {
    stdout: 'pipe',
    stderr: 'ignore',
  });
  const said = await new Response(maven.stdout).text();
  if ((await maven.exited) !== 0) {
    await rm(half, { recursive: true });
    throw new Error(`the jars of Cassandra were not fetched:\n${said}`);
  }
  // Whoever was faster has fetched the same.
  await rename(half, place).catch(() => rm(half, { recursive: true }));
  return place;
}

/** What a run that was killed has left: nobody fetches for an hour. */
async function removeHalves(place: string): Promise<void> {
  const dir = cacheDir();
  for (const name of await readdir(dir)) {
    const half = join(dir, name);
    if (!half.startsWith(`${place}-`)) continue;
    const { mtimeMs } = await stat(half);
    if (mtimeMs < Date.now() - HOUR_MS) await rm(half, { recursive: true, force: true });
  }
}

function cacheDir(): string {
  const cache = process.env.XDG_CACHE_HOME;
  return join(cache === undefined || cache === '' ? join(homedir(), '.cache') : cache, 'guildhall-tests');
}

let jars: Promise<string | null> | null = null;
/** Whether this machine can run one. */
export async function hasCassandra(): Promise<boolean> {
  jars ??= fetchJars();
  return (await jars) !== null;
}

/**
 * Starts the node and waits for its standard input to end, which it also does when whoever started it dies in whatever way. Then the node is killed,
 * and its folder removed unless it was told to keep it.
 */
const KEEPER = `dir=$1; shift; "$@" >"$dir/out.log" 2>&1 & pid=$!; echo $pid
read -r said; kill -9 $pid 2>/dev/null; wait $pid; [ "$said" = keep ] || { rm -rf "$dir"; rmdir "$(dirname "$dir")" 2>/dev/null; }`;

interface Node {
  readonly address: string;
  readonly dir: string;
  pid: number;
  /** Ends the node when it is called. */
  end: (said: 'keep' | 'remove') => Promise<void>;
}

/** How one gets in: what cassandra.yaml says of it, and as whom. */
export interface Door {
  readonly yaml: string;
  readonly credentials: { readonly username: string; readonly password: string } | null;
}

/** What a node is for. */
interface Purpose {
  /** It may be killed and started again. */
  readonly isDurable: boolean;
  /** It lives for minutes: code that is compiled well is not worth its time, nor are collectors beside the program. Not for benches. */
  readonly isBrief: boolean;
  readonly door: Door;
}

const PURPOSE: Purpose = { isDurable: true, isBrief: true, door: { yaml: '', credentials: null } };

export class Cassandra implements AsyncDisposable {
  readonly #nodes: Node[] = [];

  private constructor(
    readonly folder: string,
    readonly lib: string,
    readonly port: number,
    readonly storagePort: number,
    readonly purpose: Purpose,
  ) {}

  /** Nodes 127.0.0.1 up to 127.0.0.3, with the same ports, that all see each other. */
  static async start(count: 1 | 3, other: Partial<Purpose> = {}): Promise<Cassandra> {
    const purpose = { ...PURPOSE, ...other };
    const { isDurable, door } = purpose;
    jars ??= fetchJars();
    const lib = await jars;
    if (lib === null) throw new Error('there is no Java or no Maven: ask hasCassandra first');
    const addresses = ['127.0.0.1', '127.0.0.2', '127.0.0.3'].slice(0, count);
    const [port, storagePort] = await freePorts(addresses);
    const cluster = new Cassandra(
      await mkdtemp(join(tmpdir(), 'guildhall-cassandra-')),
      lib,
      port,
      storagePort,
      purpose,
    );
    try {
      for (const [n, address] of addresses.entries()) {
        const dir = join(cluster.folder, `node-${n + 1}`);
        await mkdir(join(dir, 'conf'), { recursive: true });
        await writeFile(
          join(dir, 'conf', 'cassandra.yaml'),
          yamlOf({ ...{ dir, address, nodes: addresses, port, storagePort, isDurable }, more: door.yaml }),
        );
        await writeFile(join(dir, 'conf', 'logback.xml'), LOGBACK);
        cluster.#nodes.push({ address, dir, pid: 0, end: async () => {} });
        await cluster.#spawn(n);
      }
      await cluster.#joined();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** As `--contact-points` takes them. */
  get contactPoints(): readonly string[] {
    return this.#nodes.map(({ address }) => `${address}:${this.port}`);
  }

  /** Signal 9. */
  async kill(n: number): Promise<void> {
    await this.#node(n).end('keep');
  }

  async restart(n: number): Promise<void> {
    await this.#spawn(n);
    await this.#joined();
  }

  pause(n: number): void {
    process.kill(this.#node(n).pid, 'SIGSTOP');
  }

  resume(n: number): void {
    process.kill(this.#node(n).pid, 'SIGCONT');
  }

  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.end('remove')));
    await rm(this.folder, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #node(n: number): Node {
    const node = this.#nodes[n];
    if (node === undefined) throw new RangeError(`there is no node ${n}`);
    return node;
  }

  async #spawn(n: number): Promise<void> {
    const node = this.#node(n);
    const child = Bun.spawn(
      ['sh', '-c', KEEPER, 'sh', node.dir, ...cassandraCommand(this.lib, node.dir, this.purpose, globSync)],
      {
        stdin: 'pipe',
        stdout: 'pipe',
        stderr: 'ignore',
      },
    );
    child.unref();
    node.end = async (said) => {
      child.stdin.write(`${said}\n`);
      await child.stdin.end();
      await child.exited;
    };
    const { value } = await child.stdout.getReader().read();
    node.pid = Number(new TextDecoder().decode(value));
  }

  /** Every node answers CQL and says that it sees all the others. */
  async #joined(): Promise<void> {
    for (const node of this.#nodes) {
      const ask = async (): Promise<boolean> =>
        (await peersOf(node.address, this.port, this.purpose.door)) === this.#nodes.length - 1;
      // A pause after each refusal: each question is a driver of its own, which takes the processor that the node starts with.
      const askSlowly = (): Promise<boolean> =>
        ask().catch((error) => Bun.sleep(ASK_MS).then(() => Promise.reject(error)));
      const answers = async (): Promise<boolean> => hasEnded(node.pid) || (await askSlowly());
      const started = eventually(`Cassandra answers at ${node.address}`, answers, START_MS).then(() => {
        if (hasEnded(node.pid)) throw new Error('its process has ended');
      });
      await started.catch((error: unknown) => {
        const log = existsSync(join(node.dir, 'out.log')) ? readFileSync(join(node.dir, 'out.log'), 'utf8') : '';
        throw new Error(`Cassandra did not start:\n${log.slice(-4000)}`, { cause: error });
      });
    }
  }
}

/** Its keeper has it until it is told to end, so a process that ended by itself is a zombie. */
function hasEnded(pid: number): boolean {
  const stat = `/proc/${pid}/stat`;
  return existsSync(stat) && / Z /.test(readFileSync(stat, 'utf8'));
}

async function peersOf(address: string, port: number, { credentials }: Door): Promise<number> {
  const client = new Client({
    contactPoints: [`${address}:${port}`],
    localDataCenter: DATACENTER,
    ...(credentials !== null && { credentials }),
    socketOptions: { connectTimeout: 5000, readTimeout: 5000 },
    pooling: { warmup: false },
  });
  try {
    await client.connect();
    return (await client.execute('select peer from system.peers')).rowLength;
  } finally {
    await client.shutdown();
  }
}

/** Two ports that are free at every address. */
async function freePorts(addresses: readonly string[]): Promise<readonly [number, number]> {
  const found: number[] = [];
  while (found.length < 2) {
    const port = await listenOnce(0, addresses[0] ?? '');
    if (port === null || found.includes(port)) continue;
    const others = await Promise.all(addresses.slice(1).map((address) => listenOnce(port, address)));
    if (!others.includes(null)) found.push(port);
  }
  return [found[0] ?? 0, found[1] ?? 0];
}

function listenOnce(port: number, address: string): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(port, address, () => {
      const bound = server.address();
      server.close(() => resolve(typeof bound === 'object' && bound !== null ? bound.port : null));
    });
  });
}

let shared: Promise<Pick<Cassandra, 'contactPoints'>> | null = null;
/** Contact points of a node that runs already, for whoever works on the store: then none is started. */
export const RUNNING = process.env.GUILDHALL_TEST_CASSANDRA;

/** The one node of this process: all test files share it, each with a keyspace of its own. It ends with the process. */
function sharedCassandra(): Promise<Pick<Cassandra, 'contactPoints'>> {
  shared ??=
    RUNNING === undefined
      ? Cassandra.start(1, { isDurable: false })
      : Promise.resolve({ contactPoints: RUNNING.split(',') });
  return shared;
}

let keyspaces = 0;
const freshKeyspace = (): string => `test_${process.pid}_${++keyspaces}`;

/** A keyspace that nobody has, on this cluster; absent: on the shared one. */
export async function clusterOptions(cluster?: Pick<Cassandra, 'contactPoints'>): Promise<ClusterOptions> {
  const { contactPoints } = cluster ?? (await sharedCassandra());
  return {
    contactPoints,
    localDatacenter: DATACENTER,
    keyspace: freshKeyspace(),
    replication: contactPoints.length,
    username: null,
    passwordFile: null,
    ca: null,
    speculativeReadsMs: 0,
  };
}

if (import.meta.main) {
  const began = performance.now();
  await using cluster = await Cassandra.start(process.argv[2] === '3' ? 3 : 1, { isBrief: false });
  const took = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`Cassandra answers after ${took} s: --store cql --contact-points ${cluster.contactPoints.join(',')}`);
  // Nothing else keeps the loop alive, and a loop without anything alive asks again and again instead of waiting.
  const alive = setInterval(() => {}, 60_000);
  await new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve));
  clearInterval(alive);
}
