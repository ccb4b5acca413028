/** What a small Cassandra on loopback is started with. */
import { join } from 'node:path';

/** Inner parts of Java 17 that Cassandra uses (the list of its own start script). */
const EXPORTS = [
  'java.base/jdk.internal.misc',
  'java.base/jdk.internal.ref',
  'java.base/sun.nio.ch',
  'java.management.rmi/com.sun.jmx.remote.internal.rmi',
  'java.rmi/sun.rmi.registry',
  'java.rmi/sun.rmi.server',
  'java.rmi/sun.rmi.transport.tcp',
  'java.sql/java.sql',
  'jdk.unsupported/sun.misc',
];
const OPENS = [
  ...['java.lang', 'java.lang.module', 'java.io', 'java.nio', 'java.util', 'java.util.concurrent'],
  ...['java.util.concurrent.atomic', 'jdk.internal.loader', 'jdk.internal.ref', 'jdk.internal.reflect'],
  ...['jdk.internal.math', 'jdk.internal.module', 'jdk.internal.util.jar', 'sun.nio.ch'],
].map((name) => `java.base/${name}`);

/** The one node of all test files comes to have some hundred tables. */
const HEAP = '512m';

export interface NodePlace {
  readonly dir: string;
  readonly address: string;
  /** Addresses of the whole cluster. */
  readonly nodes: readonly string[];
  readonly port: number;
  readonly storagePort: number;
  /** What is acknowledged is in the commit log: one that is synced now and then is read again up to its last sync only. */
  readonly isDurable: boolean;
  /** Lines of cassandra.yaml besides. */
  readonly more: string;
}

/** For a life of minutes: compiled quickly, with one collector thread, and classes are not verified, which is a tenth of a start. */
const BRIEF = [
  ...['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'],
  ...['-XX:+UnlockDiagnosticVMOptions', '-XX:-BytecodeVerificationRemote'],
];

export function cassandraCommand(
  lib: string,
  dir: string,
  { isDurable, isBrief }: Pick<NodePlace, 'isDurable'> & { readonly isBrief: boolean },
  glob: (pattern: string) => readonly string[],
): string[] {
  const [jamm] = glob(join(lib, 'jamm-*.jar'));
  if (jamm === undefined) throw new Error(`there is no jamm in ${lib}`);
  return [
    ...['java', `-Xms${HEAP}`, `-Xmx${HEAP}`, `-javaagent:${jamm}`, '-cp', `${join(dir, 'conf')}:${lib}/*`],
    ...(isBrief ? BRIEF : []),
    `-Dcassandra.config=file://${join(dir, 'conf', 'cassandra.yaml')}`,
    `-Dcassandra.storagedir=${dir}`,
    // Nobody else joins: nothing is waited for.
    ...['-Dcassandra.ring_delay_ms=1000', '-Dcassandra.skip_wait_for_gossip_to_settle=0'],
    // A new table is not forced to disk: much faster, and gone with the process.
    ...(isDurable ? [] : ['-Dcassandra.unsafesystem=true']),
    // The first user is there at once, where users are asked for.
    '-Dcassandra.superuser_setup_delay_ms=0',
    ...EXPORTS.flatMap((name) => ['--add-exports', `${name}=ALL-UNNAMED`]),
    ...[...OPENS, 'jdk.management/com.sun.management.internal'].flatMap((name) => [
      '--add-opens',
      `${name}=ALL-UNNAMED`,
    ]),
    'org.apache.cassandra.service.CassandraDaemon',
  ];
}

/** Nodes that know their tokens and each other may start at once. */
const tokenOf = (n: number, count: number): bigint => -(2n ** 63n) + (2n ** 64n / BigInt(count)) * BigInt(n) + 1n;

/** Timeouts are those of a cluster in use. */
export const yamlOf = ({
  dir,
  address,
  nodes,
  port,
  storagePort,
  isDurable,
  more,
}: NodePlace): string => `cluster_name: guildhall
num_tokens: 1
initial_token: ${tokenOf(nodes.indexOf(address), nodes.length)}
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
auto_bootstrap: false
${isDurable ? 'commitlog_sync: batch' : 'commitlog_sync: periodic\ncommitlog_sync_period: 10000ms'}
data_file_directories: ['${dir}/data']
commitlog_directory: ${dir}/commitlog
saved_caches_directory: ${dir}/saved_caches
hints_directory: ${dir}/hints
cdc_raw_directory: ${dir}/cdc_raw
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters: [{ seeds: '${nodes.join(',')}' }]
listen_address: ${address}
storage_port: ${storagePort}
rpc_address: ${address}
native_transport_port: ${port}
endpoint_snitch: SimpleSnitch
memtable_heap_space: 64MiB
memtable_offheap_space: 64MiB
# Else each table that is written to takes a megabyte of the heap at once, and each test file has 26 of its own.
memtable_allocation_type: unslabbed_heap_buffers
file_cache_size: 64MiB
key_cache_size: 16MiB
${more}`;

export const LOGBACK = `<configuration>
  <appender name="out" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%-5level %date{ISO8601} %F:%L - %msg%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="out" /></root>
</configuration>
`;
