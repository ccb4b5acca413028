import type { Config } from './config.ts';

type Where = Pick<Config, 'store' | 'dataDir' | 'keyspace' | 'contactPoints' | 'dataAddress'>;

/** Where the store lies, in words for people. */
export function storePlace({ store, dataDir, keyspace, contactPoints, dataAddress }: Where): string {
  if (store === 'cql') return `the keyspace ${keyspace} at ${contactPoints}`;
  if (store === 'data') return `the data service at ${dataAddress}`;
  return store === 'memory' ? 'memory' : dataDir;
}
