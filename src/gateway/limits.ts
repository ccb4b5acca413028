/** The bounds of this room. The composition root may replace any of them; every one is a hard limit. */

export interface GatewayLimits {
  /** Told in HELLO. At least 2 s, else discordeno spins (clients.md rule 15). */
  readonly heartbeatMs: number;
  /** A socket that is silent for longer is a zombie. At least twice `heartbeatMs`. */
  readonly silentMs: number;
  /** A socket must identify or resume within. */
  readonly identifyMs: number;
  /** A resume at another worker must be answered within. */
  readonly resumeMs: number;
  /** Frames of a client in 60 s, then 4008. */
  readonly framesPerMinute: number;
  /** Presence updates in 20 s; later ones wait, the last one counts. */
  readonly presencesPer20s: number;
  /** Longest frame of a client, then 4002. */
  readonly clientFrameBytes: number;
  /** Frames kept while a socket identifies. */
  readonly waitingFrames: number;
  /** Bytes a socket may buffer before it is cut; a quarter of it is where the cursor waits for `drain`. */
  readonly backpressureBytes: number;
  /** Frames that a cursor writes in one turn of the loop. */
  readonly cursorFrames: number;
  readonly sockets: number;
  readonly socketsPerIp: number;
  /** Tokens being checked at once; more are told to come again (op 9). */
  readonly identifying: number;
  readonly sessions: number;
  readonly sessionsPerUser: number;
  readonly detached: number;
  readonly detachedPerUser: number;
  /** A session outlives its socket by. */
  readonly detachedMs: number;
  /** For others' eyes a cut session stays online for. */
  readonly presenceGraceMs: number;
  /** Numbers of an own stream that the client has not confirmed. */
  readonly sent: number;
  /** Holds that have ended, per session. */
  readonly closedHolds: number;
  /** A body of this size and more stays with its session; its position alone is in the log. */
  readonly bigBodyBytes: number;
  /** Such bodies, per session. */
  readonly bodyBytes: number;
  readonly logEntries: number;
  readonly logBytes: number;
  readonly logAgeMs: number;
  readonly ownerEntries: number;
  readonly ownerBytes: number;
  /** Topics whose last evicted position is remembered one by one. */
  readonly evictedTopics: number;
  /** Shared streams start anew above this `s`: JDA and Discord.Net keep 32 bits (clients.md rule 3). */
  readonly counterMax: number;
  /** Entries the outlet gathers at most before it flushes. */
  readonly queueEntries: number;
  /** The outlet gathers for at most this long under load. */
  readonly gatherMs: number;
  /** What one delivery costs, to know how long the last flush keeps the loop busy. */
  readonly deliveryMs: number;
  /** READY of a person waits so long for his guilds. */
  readonly readyWaitMs: number;
  /** An attach without an answer is asked again after. */
  readonly askAgainMs: number;
  /** Commands of sessions (op 4, op 8) end after. */
  readonly commandMs: number;
  /** How often time-outs are looked at. */
  readonly sweepMs: number;
}

const MiB = 1 << 20;

export const GATEWAY_LIMITS: GatewayLimits = {
  heartbeatMs: 41_250,
  silentMs: 100_000,
  identifyMs: 60_000,
  resumeMs: 10_000,
  framesPerMinute: 120,
  presencesPer20s: 5,
  clientFrameBytes: 4096,
  waitingFrames: 16,
  backpressureBytes: 4 * MiB,
  cursorFrames: 512,
  sockets: 20_000,
  socketsPerIp: 20_000,
  identifying: 1000,
  sessions: 40_000,
  sessionsPerUser: 1000,
  detached: 20_000,
  detachedPerUser: 250,
  detachedMs: 180_000,
  presenceGraceMs: 10_000,
  sent: 10_000,
  closedHolds: 256,
  bigBodyBytes: 16 << 10,
  bodyBytes: 32 * MiB,
  logEntries: 200_000,
  logBytes: 128 * MiB,
  logAgeMs: 240_000,
  ownerEntries: 50_000,
  ownerBytes: 32 * MiB,
  evictedTopics: 50_000,
  counterMax: 2 ** 31 - 2 ** 20,
  queueEntries: 10_000,
  gatherMs: 8,
  deliveryMs: 0.004,
  readyWaitMs: 2000,
  askAgainMs: 5000,
  commandMs: 10_000,
  sweepMs: 500,
};
