/**
 * The bounds of this room; every one is a hard limit. The first part has the names and values of the composition root's table,
 * which is handed in; the second part is this room's own.
 */
import type { StartLimits } from '../protocol/bot-starts.ts';

export interface GatewayLimits extends RoomLimits, StartLimits {
  /** Told in HELLO. */
  readonly heartbeatMs: number;
  /** A socket that said nothing for this long is a zombie. */
  readonly zombieMs: number;
  /** A socket must identify or resume within. */
  readonly identifyMs: number;
  /** Sockets that have not identified. */
  readonly strangers: number;
  /** Handshakes under way at once, until READY or for `identifyHoldMs`; further ones wait. */
  readonly identifies: number;
  readonly identifyHoldMs: number;
  /** Handshakes that wait, and how long. */
  readonly identifiesWaiting: number;
  readonly identifyWaitMs: number;
  /** Before an identify that was not let in gets its op 9: a random time between. */
  readonly turnAwayMinMs: number;
  readonly turnAwayMaxMs: number;
  /** Client frames in `frameWindowMs`; one more is closed with 4008. */
  readonly frames: number;
  readonly frameWindowMs: number;
  /** Presence updates in `presenceWindowMs`; later ones wait, the last one counts. */
  readonly presences: number;
  readonly presenceWindowMs: number;
  /** A longer frame of a client is closed with 4002, of one who has a person's session: the other; beyond `frameHardBytes` the socket is cut. */
  readonly frameBytes: number;
  readonly personFrameBytes: number;
  readonly frameHardBytes: number;
  /** A socket that buffers more is cut without a close frame. */
  readonly backpressureBytes: number;
  /** Nothing is written to a socket that still buffers more than this: its session goes on by the cursor at `drain`. */
  readonly writableBytes: number;
  readonly sessions: number;
  readonly sessionsPerUser: number;
  /** A session outlives its socket by. */
  readonly detachedMs: number;
  /** For others' eyes a cut session stays online for. */
  readonly offlineMs: number;
  /** Numbers of an own stream that the client has not confirmed. */
  readonly unconfirmedNumbers: number;
  readonly logEntries: number;
  readonly logBytes: number;
  readonly logOwnerBytes: number;
  readonly logAgeMs: number;
  /** Shared streams start anew above this `s` (wire-rules.md rule 3). */
  readonly logPosition: number;
  /** Entries that gather in the outlet at most, and their text. */
  readonly outletEntries: number;
  readonly outletBytes: number;
  readonly flushMs: number;
  readonly flushBytes: number;
  /** Member requests (op 8) of one session under way; further ones are told RATE_LIMITED. */
  readonly memberRequests: number;
  /** Guilds of one session. */
  readonly sessionGuilds: number;
  /** READY of a person waits so long for his guilds. */
  readonly readyMs: number;
  /** Commands of sessions (op 4, op 8) end after. */
  readonly askMs: number;
}

export interface RoomLimits {
  readonly sockets: number;
  /** Of one address other than this machine's own. The composition root has a wish of the operator for it. */
  readonly socketsPerIp: number;
  /** A resume at another worker must be answered within. */
  readonly resumeMs: number;
  /** Frames kept while a socket identifies. */
  readonly waitingFrames: number;
  /** Frames that a cursor writes in one turn of the loop. */
  readonly cursorFrames: number;
  /** Guilds in the READY of a person, as JSON; those beyond come by GUILD_CREATE. */
  readonly readyBytes: number;
  /** A live session whose socket still buffers more when time-outs are looked at goes on by the cursor. */
  readonly pacedBytes: number;
  readonly detached: number;
  readonly detachedPerUser: number;
  /** Holds that have ended, per session, beside one for each topic that it held. */
  readonly closedHolds: number;
  /** A body of this size and more stays with its session; its position alone is in the log. */
  readonly bigBodyBytes: number;
  /** Such bodies, per session. */
  readonly bodyBytes: number;
  /** Such bodies, of all sessions of a worker. */
  readonly keptBytes: number;
  readonly logOwnerEntries: number;
  /** Topics whose last evicted position is remembered one by one. */
  readonly evictedTopics: number;
  /** An attach without an answer is asked again after. */
  readonly askAgainMs: number;
  /** Attach asks of one owner that are open at once. */
  readonly asksPerOwner: number;
  /** An owner whose link was full is left alone for this long; doubles. */
  readonly pauseMinMs: number;
  readonly pauseMaxMs: number;
  /** How often time-outs are looked at. */
  readonly sweepMs: number;
}

const MiB = 1 << 20;

export const ROOM_LIMITS: RoomLimits = {
  sockets: 20_000,
  socketsPerIp: 2000,
  resumeMs: 10_000,
  waitingFrames: 16,
  cursorFrames: 512,
  // 25 seconds of a line of 8 Mbit/s.
  readyBytes: 24 * MiB,
  pacedBytes: 64 << 10,
  detached: 10_000,
  detachedPerUser: 100,
  closedHolds: 256,
  bigBodyBytes: 16 << 10,
  bodyBytes: 256 * MiB,
  keptBytes: 512 * MiB,
  logOwnerEntries: 200_000,
  evictedTopics: 50_000,
  askAgainMs: 5000,
  asksPerOwner: 1024,
  pauseMinMs: 20,
  pauseMaxMs: 2000,
  sweepMs: 500,
};
