/** Close codes of the gateway (docs/topics/opcodes-and-status-codes) and what they make a client do (wire-rules.md rule 17). */

export const CLOSES = {
  /** Resumes. */
  unknownError: [4000, 'Unknown error.'],
  unknownOpcode: [4001, 'Unknown opcode.'],
  decodeError: [4002, 'Error while decoding payload.'],
  notAuthenticated: [4003, 'Not authenticated.'],
  /** Fatal for all libraries but discordgo. */
  authenticationFailed: [4004, 'Authentication failed.'],
  alreadyAuthenticated: [4005, 'Already authenticated.'],
  invalidSeq: [4007, 'Invalid `seq` specified.'],
  rateLimited: [4008, "You're being rate limited."],
  sessionTimedOut: [4009, 'Session timed out.'],
  invalidShard: [4010, 'Invalid shard.'],
  shardingRequired: [4011, 'Sharding required.'],
  invalidVersion: [4012, 'Invalid API version.'],
  invalidIntents: [4013, 'Invalid intent(s).'],
  disallowedIntents: [4014, 'Disallowed intent(s).'],
  /** The server stops: reconnect and resume elsewhere. */
  goingAway: [1001, 'Going away.'],
} as const satisfies Record<string, readonly [code: number, reason: string]>;

export type CloseName = keyof typeof CLOSES;
