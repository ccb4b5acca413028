/** Topic names: the only filter of the fan-out. */
import type { SessionId, Snowflake } from './ids.ts';

/** What every member may see. */
export const guildTopic = (guildId: Snowflake): string => `g:${guildId}`;
/** A channel that some members may not see. A channel that all may see has no topic of its own: its events go under the guild's. */
export const channelTopic = (channelId: Snowflake): string => `c:${channelId}`;
/** Who is banned and who no more: for those who may ban. */
export const bansTopic = (guildId: Snowflake): string => `b:${guildId}`;
/** What is one user's alone. */
export const userTopic = (userId: Snowflake): string => `u:${userId}`;
/** What is owed to one session: member chunks, snapshots, missed rows. */
export const sessionTopic = (session: SessionId): string => `s:${session}`;
