/** What this room counts. Plain numbers, read by whoever exports them. */
import { CLOSES, type CloseName } from '../protocol/closes.ts';

export interface GatewayMetrics {
  sockets: number;
  sessions: number;
  live: number;
  detached: number;
  logEntries: number;
  logBytes: number;
  variants: number;
  /** Owners that a session hears or has asked. */
  owners: number;
  /** Calls of `publish`, and entries that went through the outlet. */
  publishes: number;
  published: number;
  /** Frames written to one socket. */
  written: number;
  flushes: number;
  /** Live sessions that were left to their cursor because their sockets buffered too much. */
  paced: number;
  /** What the last flush asked the next one to wait, milliseconds. */
  gatheredMs: number;
  /** Sockets that found no room, those that the server closed, by reason, and sessions without a socket that gave way to others. */
  socketsRefused: number;
  closed: Record<CloseName, number>;
  gaveWay: number;
  /** op 9 by reason. */
  refused: Record<string, number>;
  /** Handshakes under way, those that wait, and those that were told to come again. */
  handshakes: number;
  handshakesWaiting: number;
  turnedAway: number;
  resumed: number;
  moved: number;
  /** Sessions made here that live anywhere; sessions given away that have not settled yet. */
  homes: number;
  given: number;
  holes: number;
}

export const newMetrics = (): GatewayMetrics => ({
  sockets: 0,
  sessions: 0,
  live: 0,
  detached: 0,
  logEntries: 0,
  logBytes: 0,
  variants: 0,
  owners: 0,
  publishes: 0,
  published: 0,
  written: 0,
  flushes: 0,
  paced: 0,
  gatheredMs: 0,
  socketsRefused: 0,
  closed: Object.fromEntries(Object.keys(CLOSES).map((name) => [name, 0])) as Record<CloseName, number>,
  gaveWay: 0,
  refused: {},
  handshakes: 0,
  handshakesWaiting: 0,
  turnedAway: 0,
  resumed: 0,
  moved: 0,
  homes: 0,
  given: 0,
  holes: 0,
});
