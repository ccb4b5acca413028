/** The only file that knows cassandra-driver: one connection to the cluster, in our words. */
import { readFileSync } from 'node:fs';
import { auth, Client, errors, policies, types } from 'cassandra-driver';

export interface ClusterOptions {
  /** `host` or `host:port`. */
  readonly contactPoints: readonly string[];
  readonly localDatacenter: string;
  readonly keyspace: string;
  readonly username: string | null;
  /** File with the password; read at the start, and its last line break is not part of it. */
  readonly passwordFile: string | null;
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

/** `refused`: the cluster says that the statement is wrong; again would be the same. `absent`: no node took it. `late`: it may be stored. */
export type Trouble = 'refused' | 'absent' | 'late';

/** Longer than a node waits for its replicas (2 s for writes, 5 s for reads): mostly it is the node that says what happened. */
const ANSWER_MS = 6000;
/** Rows of one page of an answer. */
const FETCH_ROWS = 1000;

const { localQuorum, localSerial } = types.consistencies;

export class Cluster {
  readonly #client: Client;

  private constructor(
    client: Client,
    readonly keyspace: string,
  ) {
    this.#client = client;
  }

  /** Rejects when no contact point answers. The keyspace need not be there: every table is named with it. */
  static async connect(options: ClusterOptions): Promise<Cluster> {
    const { contactPoints, localDatacenter, keyspace } = options;
    const client = new Client({
      contactPoints: [...contactPoints],
      localDataCenter: localDatacenter,
      ...withPassword(options),
      // A request goes to a node that has the row.
      policies: {
        loadBalancing: new policies.loadBalancing.TokenAwarePolicy(
          new policies.loadBalancing.DCAwareRoundRobinPolicy(localDatacenter),
        ),
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
      encoding: { useBigIntAsLong: true },
    });
    try {
      await client.connect();
    } catch (error) {
      await client.shutdown();
      throw new Error(`No Cassandra or ScyllaDB answers at ${contactPoints.join(', ')}: ${sentence(error)}`, {
        cause: error,
      });
    }
    return new Cluster(client, keyspace);
  }

  /** All rows, page by page. bigint columns are decimal text. `{}` in the statement stands for the keyspace. */
  async rows<Row>(cql: string, params: readonly Param[] = []): Promise<readonly Row[]> {
    const rows: Row[] = [];
    let pageState: string | null = null;
    do {
      const result: types.ResultSet = await this.#client.execute(this.#named(cql), params as Param[], {
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

  /** One statement as it is, or several as one batch: `logged` when they are in more than one partition and belong together. */
  async write(statements: readonly Statement[], logged: boolean): Promise<void> {
    const retry = new SeenRetries();
    try {
      await this.#write(statements, logged, retry);
    } catch (error) {
      throw retry.wasLate && troubleOf(error) === 'absent' ? new errors.OperationTimedOutError(sentence(error)) : error;
    }
  }

  async #write(statements: readonly Statement[], logged: boolean, retry: SeenRetries): Promise<void> {
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

  /** Schema: the driver waits until all nodes have the same. */
  async define(cql: string): Promise<void> {
    await this.#client.execute(this.#named(cql), [], { prepare: false });
  }

  /** A datacenter of the cluster has this name. */
  datacenters(): readonly string[] {
    return [...new Set(this.#client.hosts.values().map(({ datacenter }) => datacenter))];
  }

  /** Nodes of one datacenter that are known and that answer. */
  nodes(datacenter: string): { readonly known: number; readonly up: number } {
    const hosts = this.#client.hosts.values().filter((host) => host.datacenter === datacenter);
    return { known: hosts.length, up: hosts.filter((host) => host.isUp()).length };
  }

  async close(): Promise<void> {
    await this.#client.shutdown();
  }

  #named(cql: string): string {
    return cql.replaceAll('{}.', `${this.keyspace}.`);
  }
}

function withPassword({ username, passwordFile }: ClusterOptions) {
  if (username === null || passwordFile === null) return {};
  const password = readFileSync(passwordFile, 'utf8').replace(/\r?\n$/, '');
  return { authProvider: new auth.PlainTextAuthProvider(username, password) };
}

/** The driver asks one node after the other, and what it says at the end is of the last: an earlier one may have stored what that one did not take. */
class SeenRetries extends policies.retry.RetryPolicy {
  wasLate = false;

  override onRequestError(...asked: Parameters<policies.retry.RetryPolicy['onRequestError']>) {
    if (troubleOf(asked[2]) !== 'absent') this.wasLate = true;
    return super.onRequestError(...asked);
  }

  override onWriteTimeout(...asked: Parameters<policies.retry.RetryPolicy['onWriteTimeout']>) {
    this.wasLate = true;
    return super.onWriteTimeout(...asked);
  }
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

const { unavailableException, isBootstrapping } = types.responseErrorCodes;
/** The statement, not the cluster, is at fault. */
const WRONG: ReadonlySet<number> = new Set([
  types.responseErrorCodes.syntaxError,
  types.responseErrorCodes.unauthorized,
  types.responseErrorCodes.invalid,
  types.responseErrorCodes.configError,
  types.responseErrorCodes.alreadyExists,
  types.responseErrorCodes.protocolError,
]);

export function troubleOf(error: unknown): Trouble {
  if (error instanceof errors.ResponseError) {
    if (WRONG.has(error.code)) return 'refused';
    return error.code === unavailableException || error.code === isBootstrapping ? 'absent' : 'late';
  }
  if (error instanceof errors.NoHostAvailableError) {
    const told = toldOf(error);
    return told.some((each) => troubleOf(each) === 'late') ? 'late' : 'absent';
  }
  if (error instanceof errors.BusyConnectionError) return 'absent';
  if (error instanceof errors.ArgumentError) return 'refused';
  // A connection that was cut: a write on it may have arrived. What is no error of the cluster or of the network is a bug of ours.
  return error instanceof errors.DriverError || isOfNetwork(error) ? 'late' : 'refused';
}

/** What each node said; none when there is no connection at all. */
const toldOf = ({ innerErrors }: errors.NoHostAvailableError): unknown[] =>
  Object.values((innerErrors ?? {}) as Readonly<Record<string, unknown>>);

const isOfNetwork = (error: unknown): boolean => error instanceof Error && 'code' in error && 'syscall' in error;

export function sentence(error: unknown): string {
  if (error instanceof errors.NoHostAvailableError) {
    const [first] = toldOf(error);
    if (first !== undefined && first !== error) return sentence(first);
  }
  return error instanceof Error ? error.message : String(error);
}
