/** How much one user may hold. */
export const BOUNDS = {
  /** Logins; one more takes the place of the oldest. */
  tokens: 50,
  /** DMs in his list; one more takes the place of the one opened longest ago (it opens again with its next message). */
  openDms: 1000,
  /** Sessions whose presence is known; one more takes the place of the one that spoke longest ago. */
  sessions: 1000,
  /** Commands of one application, type and scope (docs: application commands, registering a command). */
  commands: 100,
} as const;
