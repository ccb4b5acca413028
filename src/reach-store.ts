/** How a thread reaches the store: by the ports of its threads, over gRPC, or in its own memory. */
import type { Clock } from './base/clock.ts';
import { realRandom as random } from './base/random.ts';
import type { Config } from './config.ts';
import { readDataToken } from './data-token.ts';
import { LIMITS } from './limits.ts';
import { Fault } from './protocol/errors.ts';
import { connectStore as connectCql } from './store/cql/client.ts';
import { MemoryStore } from './store/memory/store.ts';
import type { Store } from './store/ports.ts';
import { connectStore } from './store/sqlite/client.ts';
import type { StorePorts } from './threads.ts';
import { readDataCa } from './tls-files.ts';
import { GRPC_LIMITS } from './worker-limits.ts';

/** Names this process as the one that owns what a data service stores. */
export const newClaim = (): string => random.uuid();

/** Rejects with an error whose message is the whole story. */
export async function reachStore(
  config: Config,
  ports: StorePorts | null,
  claim: string,
  clock: Clock,
): Promise<Store> {
  if (config.store === 'data') return reachData(config, claim, clock);
  if (ports === null) return new MemoryStore({ clock });
  const connect = config.store === 'cql' ? connectCql : connectStore;
  return connect(ports, {
    clock,
    commitDeadlineMs: LIMITS.commitMs,
    readDeadlineMs: LIMITS.readMs,
    stuckMs: LIMITS.stuckMs,
    maxCommits: LIMITS.batchesWaiting,
  });
}

/** Who does not use a data service does not load what speaks to it. */
async function reachData(config: Config, claim: string, clock: Clock): Promise<Store> {
  const [{ connectGrpc }, { sentenceOf }] = await Promise.all([
    import('./store/grpc/client.ts'),
    import('./store/grpc/faults.ts'),
  ]);
  const token = readDataToken(config);
  const ca = readDataCa(config);
  const options = { address: config.dataAddress, token, ca, claim, clock, limits: GRPC_LIMITS };
  return connectGrpc(options).catch((cause: unknown) => {
    throw cause instanceof Fault ? new Error(sentenceOf(cause), { cause }) : cause;
  });
}
