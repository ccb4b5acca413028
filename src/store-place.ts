import type { Config } from './config.ts';

/** Where the store lies, in words for people. */
export function storePlace({ store, dataDir, keyspace, contactPoints, dataAddress }: Config): string {
  if (store === 'cql') return `the keyspace ${keyspace} at ${contactPoints}`;
  if (store === 'data') return `the data service at ${dataAddress}`;
  return store === 'memory' ? 'in memory' : dataDir;
}
