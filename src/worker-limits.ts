/** The numbers of `limits.ts`, and those that the gateway keeps to itself. */
import type { DataLimits } from './data/server.ts';
import { type GatewayLimits, ROOM_LIMITS } from './gateway/limits.ts';
import { LIMITS } from './limits.ts';
import type { GatherLimits } from './store/gathered.ts';
import type { GrpcLimits } from './store/grpc/client.ts';
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

export const GATHERED: GatherLimits = { keys: LIMITS.gatheredKeys, queries: LIMITS.gatheredQueries };

export const GRPC_LIMITS: GrpcLimits = {
  calls: LIMITS.dataCalls,
  answerBytes: LIMITS.dataAnswerBytes,
  commitMs: LIMITS.commitMs,
  readMs: LIMITS.readMs,
  silentMs: LIMITS.dataSilentMs,
  connectMs: LIMITS.dataConnectMs,
};

export const DATA_LIMITS: DataLimits = {
  calls: LIMITS.dataCalls,
  requestBytes: LIMITS.dataRequestBytes,
  channels: LIMITS.channelCache,
  streams: LIMITS.dataStreams,
  stopMs: LIMITS.stopMs / 3,
  running: LIMITS.queries,
  runningPerLane: LIMITS.queriesPerChannel,
  waiting: LIMITS.flightsWaiting,
  waitingPerLane: LIMITS.flightsWaitingPerChannel,
  deadlineMs: LIMITS.readMs,
};
