/** Flags, environment and one optional file -> one frozen config. The only file that reads the environment. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { LOG_LEVELS, type LogLevel } from './base/log.ts';
import { nearest } from './base/nearest.ts';
import { ROOM_LIMITS } from './gateway/limits.ts';
import { wrongProxies } from './gateway/proxies.ts';
import { LIMITS } from './limits.ts';
import { parseJson } from './protocol/json.ts';
import { type Strange, strangeVariables } from './strange-variables.ts';

export interface Config {
  /** 0: any free one. */
  readonly port: number;
  /** Address to listen on. */
  readonly host: string;
  /** Absolute. */
  readonly dataDir: string;
  readonly workers: number;
  /** What clients are told, without a trailing slash; null: as the request's Host says. */
  readonly publicUrl: string | null;
  /** `memory`: nothing is kept, one worker (bot tests). `data`: behind a data service. `cql`: Cassandra or ScyllaDB. */
  readonly store: 'sqlite' | 'memory' | 'data' | 'cql';
  /** File that fills a store in memory at the start; null: none. */
  readonly seed: string | null;
  /** `open`: anybody may register. `invite`: who names an invite that works. `closed`: accounts come from the command line. */
  readonly registration: 'open' | 'invite' | 'closed';
  /** Log lines below it are not written. */
  readonly logLevel: LogLevel;
  /** Who may read /metrics: nobody, this machine alone, anybody. */
  readonly metrics: 'off' | 'local' | 'on';
  /** `off`: no request is counted (load tests). A number: requests a second of one user on one route. */
  readonly rateLimits: 'on' | 'off' | number;
  /** WebSockets that one worker takes from one address; this machine's own has no such bound. */
  readonly socketsPerAddress: number;
  /** Addresses and CIDR ranges, with a comma between two, whose X-Forwarded-For says who the client is; null: none. */
  readonly trustedProxies: string | null;
  /** Of the process, shared by its workers: newest pages and pins of busy channels, and users. 0: none is kept. */
  readonly readCacheMb: number;
  /** `host:port` of the data service that is the store. */
  readonly dataAddress: string;
  /** Absolute; null: `data-token` in the data directory. */
  readonly dataTokenFile: string | null;
  /** `host:port` where the store is served over gRPC; null: nowhere. */
  readonly dataListen: string | null;
  /** Absolute, of PEM files; both or neither. */
  readonly dataTlsCert: string | null;
  readonly dataTlsKey: string | null;
  /** Absolute; null: the data service is called without TLS. */
  readonly dataCaFile: string | null;
  /** Nodes of Cassandra or ScyllaDB, with a comma between two: `host` or `host:port`. */
  readonly contactPoints: string;
  readonly localDatacenter: string;
  readonly keyspace: string;
  /** Nodes that keep each row, for a keyspace that is made. */
  readonly replication: number;
  /** Null: the cluster asks for no password. */
  readonly cqlUsername: string | null;
  /** Absolute. */
  readonly cqlPasswordFile: string | null;
  /** Absolute; null: the cluster is called without TLS. */
  readonly cqlCaFile: string | null;
  /** Milliseconds after which another node is asked what one is asked to read; 0: only when that one fails. */
  readonly speculativeReads: number;
}

interface Option {
  readonly schema: z.ZodType<string | number | null, string>;
  /** As text, the way it would be given. */
  readonly fallback: string;
  readonly about: string;
}

const whole = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, `a whole number from ${least} to ${most}`)
    .transform(Number)
    .refine((value) => value >= least && value <= most, `a whole number from ${least} to ${most}`);

const oneOf = (...values: readonly string[]) =>
  z.string().refine((value) => values.includes(value), `one of: ${values.join(', ')}`);

const address = z
  .string()
  .refine(isPlainUrl, 'an http:// or https:// address without query')
  .transform((text) => text.replace(/\/+$/, ''));

function isPlainUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url !== null && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '' && url.username === '';
}

const filePath = z.string().transform((path) => (path === '' ? null : resolve(path)));
const place = z
  .string()
  .regex(/^([\w.-]+|\[[\da-fA-F:]+\]):\d{1,5}$/, 'ADDRESS:PORT')
  .refine((text) => Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535, 'ADDRESS:PORT');

/** Every option by its name in `Config`: `dataDir` is `--data-dir` and `GUILDHALL_DATA_DIR`. The order is that of `--help`. */
export const OPTIONS = {
  port: { schema: whole(0, 65_535), fallback: '8080', about: 'port of HTTP and WebSocket; 0 takes a free one' },
  host: { schema: z.string().min(1, 'an address to listen on'), fallback: '0.0.0.0', about: 'address to listen on' },
  dataDir: {
    schema: z.string().min(1, 'a directory'),
    fallback: './data',
    about: 'directory of the store and uploads',
  },
  workers: {
    schema: whole(1, LIMITS.workers),
    fallback: String(Math.min(availableParallelism(), LIMITS.workers)),
    about: 'worker threads',
  },
  publicUrl: {
    schema: z.union([z.literal('').transform(() => null), address]),
    fallback: '',
    about: 'address that clients are told, when it is not the Host of their requests',
  },
  store: {
    schema: oneOf('sqlite', 'memory', 'data', 'cql'),
    fallback: 'sqlite',
    about:
      'where data lives: sqlite, memory (lost at the end; one worker), data (a data service) or cql (docs/scylladb.md)',
  },
  seed: {
    schema: z.string().transform((path) => (path === '' ? null : path)),
    fallback: '',
    about: 'JSON file that fills a store in memory at the start (docs/seed.md)',
  },
  registration: {
    schema: oneOf('open', 'invite', 'closed'),
    fallback: 'open',
    about: 'who may register: open (anybody), invite (who names an invite that works) or closed',
  },
  logLevel: {
    schema: oneOf(...LOG_LEVELS),
    fallback: 'info',
    about: 'least important log lines on standard error: debug, info, warn, error or silent',
  },
  metrics: {
    schema: oneOf('off', 'local', 'on'),
    fallback: 'local',
    about: 'who may read /metrics: off (nobody), local (this machine, not through a proxy) or on (anybody)',
  },
  rateLimits: {
    schema: z
      .string()
      .regex(/^(on|off|[1-9]\d{0,5})$/, 'on, off or a whole number from 1 to 999999')
      .transform((text) => (/^\d/.test(text) ? Number(text) : text)),
    fallback: 'on',
    about: 'limits of requests: on, off, or so many a second of a user on a route; of some routes on each worker',
  },
  socketsPerAddress: {
    schema: whole(1, 1_000_000),
    fallback: String(ROOM_LIMITS.socketsPerIp),
    about: 'WebSockets that one worker takes from one address; the machine itself is not bounded',
  },
  trustedProxies: {
    schema: z.union([
      z.literal('').transform(() => null),
      z
        .string()
        .refine((text) => wrongProxies(text) === null, { error: ({ input }) => wrongProxies(String(input)) ?? '' }),
    ]),
    fallback: '',
    about: 'proxies whose X-Forwarded-For says who the client is: addresses or ranges, with a comma between two',
  },
  readCacheMb: {
    schema: whole(0, 65_536),
    fallback: '32',
    about: 'MiB of newest messages of busy channels and of users kept in memory, all workers together; 0 keeps none',
  },
  dataAddress: {
    schema: place,
    fallback: '127.0.0.1:7077',
    about: 'where the data service of --store data is',
  },
  dataTokenFile: {
    schema: filePath,
    fallback: '',
    about:
      'file with the token of the data service, its own or the one that is used; absent: data-token in the data directory',
  },
  dataListen: {
    schema: z.union([z.literal('').transform(() => null), place]),
    fallback: '',
    about: 'address and port at which other programs read the store over gRPC (docs/data-service.md)',
  },
  dataTlsCert: {
    schema: filePath,
    fallback: '',
    about: 'file with the certificate, as PEM, that the store is served with over TLS; with --data-tls-key',
  },
  dataTlsKey: { schema: filePath, fallback: '', about: 'file with the private key of --data-tls-cert, as PEM' },
  dataCaFile: {
    schema: filePath,
    fallback: '',
    about: 'file with the certificate, as PEM, that vouches for the data service; with it, --store data speaks TLS',
  },
  contactPoints: {
    schema: z.string().regex(/^[\w.-]+(:\d{1,5})?(,[\w.-]+(:\d{1,5})?)*$/, 'hosts with a comma between two: a,b:9042'),
    fallback: '127.0.0.1:9042',
    about: 'nodes of Cassandra or ScyllaDB that --store cql asks first, with a comma between two',
  },
  localDatacenter: {
    schema: z.string().regex(/^[\w.-]+$/, 'the name of a datacenter'),
    fallback: 'datacenter1',
    about: 'datacenter of the cluster whose nodes are used',
  },
  keyspace: {
    schema: z.string().regex(/^[a-z][a-z0-9_]{0,47}$/, 'up to 48 small letters, digits and _, a letter first'),
    fallback: 'guildhall',
    about: 'keyspace of the cluster; made when it is missing',
  },
  replication: {
    schema: whole(1, 9),
    fallback: '3',
    about: 'nodes of the datacenter that keep each row, for a keyspace that is made',
  },
  cqlUsername: {
    schema: z.string().transform((name) => (name === '' ? null : name)),
    fallback: '',
    about: 'user name at the cluster, if it asks for one',
  },
  cqlPasswordFile: { schema: filePath, fallback: '', about: 'file with the password of --cql-username' },
  cqlCaFile: {
    schema: filePath,
    fallback: '',
    about:
      'file with the certificate, as PEM, that vouches for the nodes of the cluster; with it, --store cql speaks TLS',
  },
  speculativeReads: {
    schema: whole(0, 60_000),
    fallback: String(LIMITS.nodeReadMs),
    about:
      'milliseconds after which a read that a node of the cluster has not answered is asked of another one, too; 0: never',
  },
} as const satisfies { readonly [K in keyof Config]: Option };

export type OptionName = keyof typeof OPTIONS;
export const OPTION_NAMES = Object.keys(OPTIONS) as readonly OptionName[];

/** `dataDir` -> `data-dir`. */
export const flagOf = (name: OptionName): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
/** `dataDir` -> `GUILDHALL_DATA_DIR`. */
export const variableOf = (name: OptionName): string => `GUILDHALL_${flagOf(name).replace(/-/g, '_').toUpperCase()}`;

/** Where the command line meets the running server. */
export const adminSocketOf = (config: Config): string => join(config.dataDir, 'guildhall.sock');

/** Says which option is wrong, where it was given and what it must be. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

type Texts = Readonly<Record<string, string | boolean | undefined>>;

/**
 * A flag wins over the environment, which wins over the file (`--config`, `GUILDHALL_CONFIG`), which wins over the default; an empty variable counts
 * as absent. `flags`: by flag name (`data-dir`), without dashes in front. `used`: what the command looks at; where anything else is wrong, it has its
 * default. Throws ConfigError with a line for each option that is wrong.
 */
export function readConfig(
  flags: Texts,
  environment: Texts = process.env,
  used: (name: OptionName) => boolean = () => true,
): Config {
  const file = readConfigFile(firstText(flags.config, environment[CONFIG_VARIABLE]));
  const wrong = misspelled(environment, used);
  const read = (name: OptionName): string | number | null => {
    const [text, source] = given(name, flags, environment, file);
    const parsed = OPTIONS[name].schema.safeParse(text);
    if (parsed.success) return parsed.data;
    if (used(name)) wrong.push(`${source} is ${JSON.stringify(text)}; it must be ${wish(parsed.error)}`);
    return OPTIONS[name].schema.parse(OPTIONS[name].fallback);
  };
  const config = readAll(read);
  if (config.store === 'memory' && Number(flags.workers ?? 1) > 1)
    wrong.push(`--workers is ${JSON.stringify(flags.workers)}; with --store memory there is one worker`);
  if (used('dataTlsCert') && (config.dataTlsCert === null) !== (config.dataTlsKey === null))
    wrong.push('--data-tls-cert and --data-tls-key go together: one of them is missing');
  if (wrong.length > 0) throw new ConfigError(wrong.join('\n'));
  return Object.freeze(config.store === 'memory' ? { ...config, workers: 1 } : config);
}

const CONFIG_VARIABLE = 'GUILDHALL_CONFIG';

/** A server that goes on without what was meant is not the one that was asked for. */
function misspelled(environment: Texts, used: (name: OptionName) => boolean): string[] {
  const meaningful = [CONFIG_VARIABLE, ...OPTION_NAMES.filter(used).map(variableOf)];
  return strangersIn(environment).flatMap(({ name, meant }) =>
    meant !== null && meaningful.includes(meant) ? [`${name} is no option; is ${meant} meant?`] : [],
  );
}

/** What begins like our variables and is none of them. */
export const strangersIn = (environment: Texts = process.env): readonly Strange[] =>
  strangeVariables(environment, [CONFIG_VARIABLE, ...OPTION_NAMES.map(variableOf)]);

function readAll(read: (name: OptionName) => string | number | null): Config {
  return {
    port: Number(read('port')),
    host: String(read('host')),
    dataDir: resolve(String(read('dataDir'))),
    workers: Number(read('workers')),
    publicUrl: read('publicUrl') as string | null,
    store: read('store') as Config['store'],
    seed: read('seed') as string | null,
    registration: read('registration') as Config['registration'],
    logLevel: read('logLevel') as LogLevel,
    metrics: read('metrics') as Config['metrics'],
    rateLimits: read('rateLimits') as Config['rateLimits'],
    socketsPerAddress: Number(read('socketsPerAddress')),
    trustedProxies: read('trustedProxies') as string | null,
    readCacheMb: Number(read('readCacheMb')),
    dataAddress: String(read('dataAddress')),
    dataTokenFile: read('dataTokenFile') as string | null,
    dataListen: read('dataListen') as string | null,
    dataTlsCert: read('dataTlsCert') as string | null,
    dataTlsKey: read('dataTlsKey') as string | null,
    dataCaFile: read('dataCaFile') as string | null,
    contactPoints: String(read('contactPoints')),
    localDatacenter: String(read('localDatacenter')),
    keyspace: String(read('keyspace')),
    replication: Number(read('replication')),
    cqlUsername: read('cqlUsername') as string | null,
    cqlPasswordFile: read('cqlPasswordFile') as string | null,
    cqlCaFile: read('cqlCaFile') as string | null,
    speculativeReads: Number(read('speculativeReads')),
  };
}

const firstText = (...values: readonly unknown[]): string | null =>
  values.find((value): value is string => typeof value === 'string' && value !== '') ?? null;

/** The text and where it stands. */
function given(name: OptionName, flags: Texts, environment: Texts, file: ConfigFile | null): readonly [string, string] {
  const flag = flags[flagOf(name)];
  if (typeof flag === 'string') return [flag, `--${flagOf(name)}`];
  const variable = environment[variableOf(name)];
  if (typeof variable === 'string' && variable !== '') return [variable, variableOf(name)];
  const value = file?.values[name];
  return value === undefined ? [OPTIONS[name].fallback, name] : [String(value), `${name} in ${file?.path}`];
}

interface ConfigFile {
  readonly path: string;
  readonly values: Readonly<Partial<Record<string, string | number | readonly string[]>>>;
}

/** An object of options by their names here: `{ "port": 8080, "dataDir": "/srv/guildhall" }`. */
function readConfigFile(path: string | null): ConfigFile | null {
  if (path === null) return null;
  let value: unknown;
  try {
    value = parseJson(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ConfigError(`the config file ${path} cannot be read: ${error instanceof Error ? error.message : error}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ConfigError(`the config file ${path} must be an object: { "port": 8080 }`);
  }
  for (const [name, each] of Object.entries(value)) {
    if (!Object.hasOwn(OPTIONS, name)) {
      const meant = nearest(name, OPTION_NAMES);
      const hint = meant === null ? `the options are: ${OPTION_NAMES.join(', ')}` : `is ${meant} meant?`;
      throw new ConfigError(`${name} in ${path} is no option; ${hint}`);
    }
    const wanted = formOf(name as OptionName);
    if (!wanted.allows(each))
      throw new ConfigError(`${name} in ${path} is ${JSON.stringify(each)}; it must be ${wanted.says}`);
  }
  return { path, values: value as ConfigFile['values'] };
}

const LISTS: ReadonlySet<OptionName> = new Set<OptionName>(['contactPoints', 'trustedProxies']);
const isText = (value: unknown): boolean => typeof value === 'string';

/** What an option may be in JSON. A list is written as its texts with a comma between two, as `String` does. */
function formOf(name: OptionName): { readonly says: string; allows(value: unknown): boolean } {
  if (LISTS.has(name)) {
    return { says: 'a text or a list of texts', allows: (value) => [value].flat().every(isText) };
  }
  const isNumber = name === 'rateLimits' || /^\d+$/.test(OPTIONS[name].fallback);
  if (!isNumber) return { says: 'a text', allows: isText };
  return { says: 'a text or a number', allows: (value) => isText(value) || typeof value === 'number' };
}

/** The sentence of the schema; of a union, that of its last choice. */
function wish(error: z.ZodError): string {
  const issue = error.issues[0];
  if (issue?.code === 'invalid_union') return issue.errors.at(-1)?.[0]?.message ?? issue.message;
  return issue?.message ?? 'something else';
}

/** Where uploads and pictures lie. Those of a store in memory are of no use to the next one, nor to another store in the same directory. */
export const filesOf = ({ dataDir, store }: Config): string =>
  join(dataDir, store === 'memory' ? 'files-of-memory' : 'files');
