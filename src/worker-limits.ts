/** The numbers of `limits.ts`, and those that the gateway keeps to itself. */
import { type GatewayLimits, ROOM_LIMITS } from './gateway/limits.ts';
import { LIMITS } from './limits.ts';

export const WORKER_GATEWAY_LIMITS: GatewayLimits = { ...LIMITS, ...ROOM_LIMITS };
