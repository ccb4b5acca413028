/** One worker of a town: the real directory, actors and gateway, over tiny rules or others. Time, randomness, sockets and pipes are the caller's. */
import { type DirectoryOptions, WorkerDirectory } from '../../src/actor/worker-directory.ts';
import type { Clock } from '../../src/base/clock.ts';
import type { Random } from '../../src/base/random.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import type { GatewayLimits } from '../../src/gateway/limits.ts';
import { ROOM_LIMITS } from '../../src/gateway/limits.ts';
import { LIMITS } from '../../src/limits.ts';
import type { Authenticate } from '../../src/protocol/accounts.ts';
import type { WorkerId } from '../../src/protocol/ids.ts';
import type { TinyStore } from './tiny-store.ts';

export interface TinyWorkerOptions {
  readonly self: WorkerId;
  readonly slots: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly store: Pick<TinyStore, 'asActorStore' | 'open'>;
  /** Tiny ones need none. */
  readonly rules?: Partial<Pick<DirectoryOptions, 'mint' | 'load' | 'isVolatile' | 'log'>>;
  readonly authenticate: Authenticate;
  /** What it says of itself; absent: that it is well. */
  readonly health?: DirectoryOptions['health'];
  readonly publishTopic: (topic: string, frame: string) => void;
  readonly limits?: Partial<GatewayLimits>;
  readonly directoryLimits?: Partial<Record<keyof typeof LIMITS, number>>;
}

export interface TinyWorker {
  readonly directory: WorkerDirectory;
  readonly gateway: Gateway;
}

export const GATEWAY_LIMITS: GatewayLimits = { ...LIMITS, ...ROOM_LIMITS };

export function makeTinyWorker(options: TinyWorkerOptions): TinyWorker {
  const { self, slots, clock, random, store, authenticate, publishTopic } = options;
  let minted = 0;
  const directory: WorkerDirectory = new WorkerDirectory({
    self,
    slots,
    clock,
    limits: { ...LIMITS, ...options.directoryLimits },
    store: store.asActorStore(),
    log: () => {},
    mint: () => {
      minted += 1;
      return String(minted);
    },
    open: (key) => store.open(key),
    load: async () => null,
    isVolatile: () => false,
    ...options.rules,
    outlet: (entry, from) => gateway.deliver(entry, from),
    residence: (message) => gateway.residence(message),
    serveRead: async () => ({ json: null, reacted: [], named: [] }),
    measure: () => [],
    health: options.health ?? (async () => ({ slot: 0, status: 'ok', ms: 0 })),
    control: async (control) => {
      if (control.control === 'revoked') gateway.revoke(control.hashes);
    },
  });
  const limits = { ...GATEWAY_LIMITS, ...options.limits };
  const gateway: Gateway = new Gateway({ self, directory, clock, random, authenticate, publishTopic, limits });
  return { directory, gateway };
}
