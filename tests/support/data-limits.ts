/** Bounds of a data service and of its clients in tests. */
import type { DataLimits } from '../../src/data/server.ts';
import type { GrpcLimits } from '../../src/store/grpc/client.ts';

export const SERVER_LIMITS: DataLimits = {
  ...{ running: 64, runningPerLane: 8, waiting: 1000, waitingPerLane: 500, deadlineMs: 5000 },
  ...{ calls: 20_000, requestBytes: 16 << 20, channels: 1000, streams: 16, stopMs: 500 },
};

export const CLIENT_LIMITS: GrpcLimits = {
  ...{ calls: 20_000, answerBytes: 64 << 20 },
  ...{ commitMs: 5000, readMs: 5000, silentMs: 3000, connectMs: 5000 },
};
