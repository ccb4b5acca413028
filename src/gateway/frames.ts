/**
 * Frames as text. The key order `t`, `s`, `op`, `d` is part of the protocol, and frames that are no dispatch carry null for both
 * (wire-rules.md rules 1 and 2: twilight reads by first substring, discordeno by `s !== null`).
 */
import { GatewayOpcodes as Op } from 'discord-api-types/v10';

const control = (op: Op, d: string): string => `{"t":null,"s":null,"op":${op},"d":${d}}`;

/** `d` is JSON text already. */
export const dispatch = (t: string, s: number, d: string): string => `{"t":"${t}","s":${s},"op":0,"d":${d}}`;

export const hello = (heartbeatMs: number): string =>
  control(Op.Hello, `{"heartbeat_interval":${heartbeatMs},"_trace":[]}`);

export const HEARTBEAT_ACK = control(Op.HeartbeatAck, 'null');
export const RECONNECT = control(Op.Reconnect, 'null');
/** Never `true`: what can be resumed is resumed. */
export const INVALID_SESSION = control(Op.InvalidSession, 'false');

/** RESUMED has a number but is no log entry. `d` must be an object: discord.py gateway.py:584 writes into it. */
export const RESUMED = { t: 'RESUMED', d: '{"_trace":[]}' } as const;
