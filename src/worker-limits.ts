/** The numbers of `limits.ts`, and those that the gateway keeps to itself. */
import { type GatewayLimits, ROOM_LIMITS } from './gateway/limits.ts';
import { LIMITS } from './limits.ts';
import type { GuardLimits } from './store/guarded.ts';

export const WORKER_GATEWAY_LIMITS: GatewayLimits = { ...LIMITS, ...ROOM_LIMITS };

/** How a store is guarded, here and in the data service. */
export const GUARD_LIMITS: GuardLimits = {
  readMs: LIMITS.readMs,
  commitMs: LIMITS.commitMs,
  slowMs: LIMITS.readSlowMs,
  reads: LIMITS.readsAtStore,
  waiting: LIMITS.readsWaiting,
  attempts: LIMITS.readAttempts,
  retryMs: LIMITS.readRetryMs,
  windowMs: LIMITS.circuitWindowMs,
  least: LIMITS.circuitLeast,
  badPercent: LIMITS.circuitBadPercent,
  openMs: LIMITS.circuitOpenMs,
  openMaxMs: LIMITS.circuitOpenMaxMs,
  trials: LIMITS.circuitTrials,
};
