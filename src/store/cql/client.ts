/** The store on Cassandra or ScyllaDB as a worker sees it. */
import type { Store } from '../ports.ts';
import { type ConnectOptions, type StorePorts, ThreadStore } from '../thread/client.ts';
import { encodeBatch } from './statements.ts';

export function connectStore(ports: StorePorts, options: ConnectOptions = {}): Store {
  return new ThreadStore(ports, encodeBatch, options);
}
