/** A bot comes into a guild by a manager's hand. */
import type { By } from '../protocol/commands.ts';
import { guildKey, type Snowflake } from '../protocol/ids.ts';
import type { PublicUser } from '../protocol/records.ts';
import type { Asker } from './enrolment.ts';
import { Refused } from './refused.ts';

/** What the server does by itself needs no permission. */
export const serverBy = (self: PublicUser): By => ({ id: '0', self, reason: null });

/**
 * Adds the bot, and with `permissions` a role of its own that has them. A member stays as he is.
 * `by` needs the permission to manage the guild; the role is the server's work, so the caller bounds `permissions` to what he may give.
 */
export async function joinBot(
  asker: Asker,
  by: By,
  guildId: Snowflake,
  bot: PublicUser,
  permissions: bigint,
): Promise<void> {
  const guild = guildKey(guildId);
  if (await isMember(asker, guildId, bot.id)) {
    await asker.read(guild, { ask: 'guild', by: by.id, withCounts: false });
    return;
  }
  await asker.ask(guild, { kind: 'addMember', by, user: bot });
  if (permissions === 0n) return;
  const server = serverBy(by.self);
  const patch = { name: bot.username, permissions: permissions.toString(), hoist: false, mentionable: false };
  const role = await asker.ask<{ readonly id: Snowflake }>(guild, { kind: 'createRole', by: server, patch });
  await asker.ask(guild, { kind: 'addMemberRole', by: server, userId: bot.id, roleId: role.id });
}

async function isMember(asker: Asker, guildId: Snowflake, userId: Snowflake): Promise<boolean> {
  try {
    await asker.read(guildKey(guildId), { ask: 'member', by: '0', userId });
    return true;
  } catch (error) {
    if (error instanceof Refused) return false;
    throw error;
  }
}
