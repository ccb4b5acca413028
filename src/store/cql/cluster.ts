/** One connection to the cluster, in our words. Only this file, driver-policies.ts and trouble.ts know cassandra-driver. */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { auth, Client, errors, type metadata, policies, types } from 'cassandra-driver';
import { Fault } from '../../protocol/errors.ts';
import { LeasedPlans, SpeculativeReads, WriteAttempts } from './driver-policies.ts';
import { datacentersIn, isOfLogin, sentence, troubleOf } from './trouble.ts';

export interface ClusterOptions {
  /** `host` or `host:port`. */
  readonly contactPoints: readonly string[];
  readonly localDatacenter: string;
  readonly keyspace: string;
  readonly username: string | null;
  /** File with the password; read at the start, and its last line break is not part of it. */
  readonly passwordFile: string | null;
  /** Who has signed the certificates of the nodes, PEM; each must name the node's address. Null: without TLS. */
  readonly ca: string | null;
  /** Milliseconds after which another node is asked for the same rows; 0: only when the first fails. */
  readonly speculativeReadsMs: number;
  /** Nodes of the datacenter that keep each row: for a keyspace that is made. */
  readonly replication: number;
}

/** Ids travel as decimal text, which the driver takes for bigint columns. Numbers are for int columns. */
export type Param = string | number | null | readonly string[];

export interface Statement {
  readonly cql: string;
  readonly params: readonly Param[];
}

/** What those need that read and write rows. */
export type Queries = Pick<Cluster, 'rows' | 'first' | 'write'>;

/** Longer than a node waits for its replicas (2 s for writes, 5 s for reads): mostly it is the node that says what happened. */
const ANSWER_MS = 6000;
const DEFAULT_PORT = 9042;
const AGREE_MS = 50;
/** A minute: a cluster that has much to do takes long to tell all nodes. */
const AGREE_LOOKS = 1200;
/** Rows of one page of an answer. */
const FETCH_ROWS = 1000;

const { localQuorum, localSerial } = types.consistencies;
/** The driver documents it and leaves it out of its types. */
type Agreeing = metadata.Metadata & { checkSchemaAgreement(): Promise<boolean> };

const always = (): boolean => true;

/** Nodes answer, and none of them is where they are looked for. */
export class NoDatacenter extends Error {
  constructor(
    where: string,
    wanted: string,
    readonly datacenters: readonly string[],
  ) {
    super(`The cluster at ${where} has no datacenter ${wanted}: give --local-datacenter ${datacenters.join(' or ')}.`);
  }
}

export class Cluster {
  readonly #client: Client;

  private constructor(
    client: Client,
    readonly keyspace: string,
    readonly datacenter: string,
    readonly speculative: SpeculativeReads | null,
  ) {
    this.#client = client;
  }

  /** Rejects when no contact point answers. The keyspace need not be there: every table is named with it. */
  static async connect(options: ClusterOptions): Promise<Cluster> {
    const { contactPoints, localDatacenter, keyspace, ca, speculativeReadsMs } = options;
    const speculative = speculativeReadsMs > 0 ? new SpeculativeReads(speculativeReadsMs) : null;
    const client = new Client({
      contactPoints: [...contactPoints],
      localDataCenter: localDatacenter,
      ...withPassword(options),
      // The other nodes are told by address alone, and listen at the same port.
      protocolOptions: { port: portOf(contactPoints), maxSchemaAgreementWaitSeconds: 0 },
      ...(ca !== null && { sslOptions: { ca, rejectUnauthorized: true } }),
      // A request goes to a node that has the row.
      policies: {
        loadBalancing: new LeasedPlans(new policies.loadBalancing.DCAwareRoundRobinPolicy(localDatacenter)),
        ...(speculative !== null && { speculativeExecution: speculative }),
        reconnection: new policies.reconnection.ExponentialReconnectionPolicy(100, 2000, false),
      },
      queryOptions: {
        consistency: localQuorum,
        serialConsistency: localSerial,
        prepare: true,
        isIdempotent: true,
        fetchSize: FETCH_ROWS,
      },
      socketOptions: { connectTimeout: 5000, readTimeout: ANSWER_MS, tcpNoDelay: true },
      pooling: { heartBeatInterval: 3000 },
      // Else whoever first asks with a statement waits for each node, also for one that hangs. A node that was not told says so when it is asked.
      prepareOnAllHosts: false,
      encoding: { useBigIntAsLong: true },
    });
    try {
      await client.connect();
    } catch (error) {
      await client.shutdown();
      const where = contactPoints.join(', ');
      const others = datacentersIn(error);
      if (others !== null) throw new NoDatacenter(where, localDatacenter, others);
      const what = isOfLogin(error)
        ? `The cluster at ${where} lets nobody in with this --cql-username and password`
        : `No Cassandra or ScyllaDB answers at ${where}`;
      throw new Error(`${what}: ${sentence(error)}`, { cause: error });
    }
    return new Cluster(client, keyspace, localDatacenter, speculative);
  }

  /** All rows, page by page. bigint columns are decimal text. `{}` in the statement stands for the keyspace. `left`: nothing more is asked for. */
  async rows<Row>(cql: string, params: readonly Param[] = [], left?: AbortSignal): Promise<readonly Row[]> {
    const rows: Row[] = [];
    const text = this.#named(cql);
    this.speculative?.allow(text);
    let pageState: string | null = null;
    do {
      left?.throwIfAborted();
      const result: types.ResultSet = await this.#client.execute(text, params as Param[], {
        ...(pageState !== null && { pageState }),
      });
      for (const row of result.rows ?? []) rows.push(plain<Row>(row));
      pageState = result.pageState ?? null;
    } while (pageState !== null);
    return rows;
  }

  async first<Row>(cql: string, params: readonly Param[]): Promise<Row | null> {
    return (await this.rows<Row>(cql, params))[0] ?? null;
  }

  /**
   * One statement as it is, or several as one batch: `logged` when they are in more than one partition and belong together. `maySend` is asked each
   * time before it goes to a node.
   */
  async write(statements: readonly Statement[], logged: boolean, maySend: () => boolean = always): Promise<void> {
    const retry = new WriteAttempts(maySend);
    try {
      await this.#write(statements, logged, retry);
    } catch (error) {
      throw retry.wasLate && troubleOf(error) === 'absent' ? new errors.OperationTimedOutError(sentence(error)) : error;
    }
  }

  async #write(statements: readonly Statement[], logged: boolean, retry: WriteAttempts): Promise<void> {
    const [only] = statements;
    if (only === undefined) return;
    if (statements.length === 1) {
      await this.#client.execute(this.#named(only.cql), only.params as Param[], { retry });
      return;
    }
    const queries = statements.map(({ cql, params }) => ({ query: this.#named(cql), params: params as Param[] }));
    await this.#client.batch(queries, { logged, prepare: true, isIdempotent: true, consistency: localQuorum, retry });
  }

  /** A light-weight transaction. Not idempotent: who hears nothing reads what became of it. */
  async transact<Row>(cql: string, params: readonly Param[]): Promise<{ applied: boolean; row: Row | null }> {
    const result = await this.#client.execute(this.#named(cql), params as Param[], { isIdempotent: false });
    const row = result.first();
    return { applied: result.wasApplied(), row: row === null ? null : plain<Row>(row) };
  }

  /** What light-weight transactions have decided, those under way included. */
  async decided<Row>(cql: string, params: readonly Param[]): Promise<Row | null> {
    const result = await this.#client.execute(this.#named(cql), params as Param[], { consistency: localSerial });
    const row = result.first();
    return row === null ? null : plain<Row>(row);
  }

  /**
   * Schema. All is asked of one node, which knows it at once; the others hear of it about a second later. Ends when all that are up have the same;
   * rejects with Fault `timeout` when they have not after so many `looks`.
   */
  async define(statements: readonly string[], looks = AGREE_LOOKS): Promise<void> {
    const host = this.#hostsOf(this.datacenter).find((node) => node.isUp());
    for (const cql of statements) {
      await this.#client.execute(this.#named(cql), [], { prepare: false, ...(host !== undefined && { host }) });
    }
    const known = this.#client.metadata as Agreeing;
    for (let left = looks; !(await known.checkSchemaAgreement()); left -= 1) {
      if (left === 0) throw new Fault('timeout', true, 'the nodes do not agree on the tables: start it again');
      await pause(AGREE_MS);
    }
  }

  /** Nodes of one datacenter that are known and that answer. */
  nodes(datacenter: string): { readonly known: number; readonly up: number } {
    const hosts = this.#hostsOf(datacenter);
    return { known: hosts.length, up: hosts.filter((host) => host.isUp()).length };
  }

  async close(): Promise<void> {
    await this.#client.shutdown();
  }

  #hostsOf(datacenter: string) {
    return this.#client.hosts.values().filter((host) => host.datacenter === datacenter);
  }

  #named(cql: string): string {
    return cql.replaceAll('{}.', `${this.keyspace}.`);
  }
}

const portOf = ([first = '']: readonly string[]): number => Number(/:(\d+)$/.exec(first)?.[1] ?? DEFAULT_PORT);

function withPassword({ username, passwordFile }: ClusterOptions) {
  if (username === null || passwordFile === null) return {};
  const password = readFileSync(passwordFile, 'utf8').replace(/\r?\n$/, '');
  return { authProvider: new auth.PlainTextAuthProvider(username, password) };
}

/** As its own object, with ids as text. */
function plain<Row>(row: types.Row): Row {
  const made: Record<string, unknown> = {};
  for (const name of row.keys()) {
    const value: unknown = row[name];
    made[name] = typeof value === 'bigint' ? value.toString() : value;
  }
  return made as Row;
}
