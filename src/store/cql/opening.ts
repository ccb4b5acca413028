/** Opens a keyspace: for a process that writes, under its lease. */
import { hostname } from 'node:os';
import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { Cluster, type ClusterOptions } from './cluster.ts';
import { refuseShortage } from './copies.ts';
import { type Db, dbOf } from './db.ts';
import { Epochs } from './epochs.ts';
import { Lease } from './lease.ts';
import { MIGRATIONS, migrate, tooNew, versionOf } from './migrations.ts';
import { Stamps } from './stamps.ts';

/** How far timestamps may run ahead of what is stored of them. */
const CEILING_MS = 60_000;

export interface Opened {
  readonly cluster: Cluster;
  readonly db: Db;
  readonly lease: Lease;
  readonly epochs: Epochs;
  readonly stamps: Stamps;
}

/** Names a process: the host, its number there, and what nobody else has. */
export const holderName = (random: Random): string => `${hostname()} ${process.pid} ${random.secret(6)}`;

/** Rejects with a sentence when somebody else holds the keyspace, or when its tables are not those of this program. */
export async function openKeyspace(
  options: ClusterOptions,
  clock: Clock,
  random: Random,
  warn: (sentence: string) => void = () => {},
): Promise<Opened> {
  const cluster = await Cluster.connect(options);
  try {
    const holder = holderName(random);
    await prepare(cluster, options, holder, clock, warn);
    let stamps: Stamps | null = null;
    const beforeRenewal = async (): Promise<void> => {
      if (stamps !== null) await raise(cluster, stamps, clock);
    };
    const lease = await Lease.take({ cluster, clock, name: 'writer', holder, beforeRenewal, warn });
    try {
      stamps = await stampsOf(cluster);
      await raise(cluster, stamps, clock);
    } catch (error) {
      await lease.giveUp();
      throw error;
    }
    return {
      cluster,
      db: dbOf(cluster, clock),
      lease,
      epochs: new Epochs(cluster),
      stamps,
    };
  } catch (error) {
    await cluster.close();
    throw error;
  }
}

/** An empty keyspace gets its tables at the first start. One with older tables is changed on purpose only. */
async function prepare(
  cluster: Cluster,
  options: ClusterOptions,
  holder: string,
  clock: Clock,
  warn: (sentence: string) => void,
): Promise<void> {
  const { localDatacenter: datacenter, replication } = options;
  await refuseShortage(cluster, { datacenter, replication });
  const version = await versionOf(cluster);
  if (version !== null && version > MIGRATIONS.length) throw tooNew(cluster, version);
  if (version === MIGRATIONS.length) return;
  if (version !== null && version > 0) {
    throw new Error(
      `The keyspace ${cluster.keyspace} has version ${version}: run guildhall migrate, then start again.`,
    );
  }
  await migrate(cluster, { datacenter, replication }, holder, clock, MIGRATIONS, warn);
}

async function stampsOf(cluster: Cluster): Promise<Stamps> {
  const row = await cluster.first<{ value: string }>("select value from {}.counters where name = 'stamp'", []);
  return new Stamps(Number(row?.value ?? 0));
}

/** The ceiling is its own timestamp: the highest stays. */
async function raise(cluster: Cluster, stamps: Stamps, clock: Clock): Promise<void> {
  const ceiling = Math.max(clock.now() * 1000, stamps.last) + CEILING_MS * 1000;
  const cql = "insert into {}.counters (name, value) values ('stamp', ?) using timestamp ?";
  await cluster.write([{ cql, params: [String(ceiling), String(ceiling)] }], false);
  stamps.raise(ceiling);
}
