/** How much a guild may hold, and from where on it is a big one. */
export const BOUNDS = {
  roles: 250,
  channels: 500,
  channelsPerCategory: 50,
  invites: 1000,
  members: 500_000,
  bans: 100_000,
  /** Overwrites of one channel. */
  overwrites: 100,
  /** Above it GUILD_CREATE lists only some members and says `large` (docs: guild object, large_threshold). */
  largeMembers: 250,
  /** Members in one GUILD_MEMBERS_CHUNK (wire-rules.md, fields, op 8). */
  chunkMembers: 1000,
  /** Users one op 8 may name, and matches a query may give. */
  requestedUsers: 100,
  /** A time-out ends at the latest after this. */
  timeoutMs: 28 * 24 * 60 * 60 * 1000,
  /** A ban deletes at most so many messages. */
  bannedMessages: 10_000,
} as const;
