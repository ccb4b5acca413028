/** The caller's own guilds, with what he is and may do there (docs/resources/user, get current user guilds). */
import { PermissionFlagsBits } from 'discord-api-types/v10';
import type { Question } from '../protocol/commands.ts';
import { compareSnowflakes, guildKey, type OwnerKey, type Snowflake, userKey } from '../protocol/ids.ts';
import type { Call } from './call.ts';
import { Refused } from './refused.ts';
import { type Outcome, ok } from './respond.ts';
import { type Route, route } from './route.ts';

const ALL = Object.values(PermissionFlagsBits).reduce((sum, bit) => sum | bit, 0n);

/** What of a guild's REST form is read here. */
export interface GuildWire {
  readonly id: Snowflake;
  readonly name: string;
  readonly icon: string | null;
  readonly banner: string | null;
  readonly owner_id: Snowflake;
  readonly features: readonly string[];
  readonly roles: readonly { readonly id: Snowflake; readonly permissions: string }[];
  readonly approximate_member_count?: number;
  readonly approximate_presence_count?: number;
}

/** Whoever can ask questions: a call, or the server itself. */
export interface Reads {
  peek<T>(to: OwnerKey, question: Question): Promise<T>;
}

export interface Standing {
  readonly guild: GuildWire;
  readonly owner: boolean;
  readonly permissions: bigint;
}

/** What a member may do in his guild as a whole, channels aside. */
export async function standing(
  reads: Reads,
  guildId: Snowflake,
  user: Snowflake,
  withCounts = false,
): Promise<Standing> {
  const [guild, member] = await Promise.all([
    reads.peek<GuildWire>(guildKey(guildId), { ask: 'guild', by: user, withCounts }),
    reads.peek<{ readonly roles: readonly Snowflake[] }>(guildKey(guildId), { ask: 'member', by: user, userId: user }),
  ]);
  const owner = guild.owner_id === user;
  const held = guild.roles.filter(({ id }) => id === guildId || member.roles.includes(id));
  const bits = held.reduce((sum, { permissions }) => sum | BigInt(permissions), 0n);
  return { guild, owner, permissions: owner || (bits & PermissionFlagsBits.Administrator) !== 0n ? ALL : bits };
}

async function listMyGuilds(call: Call): Promise<Outcome> {
  const { query } = call;
  const limit = query.integer('limit', 1, 200, 200);
  const [before, after] = [query.snowflake('before'), query.snowflake('after')];
  const withCounts = query.flag('with_counts');
  const all = await call.read<readonly (readonly [Snowflake, number])[]>(userKey(call.userId), { ask: 'guildList' });
  const inside = all
    .map(([id]) => id)
    .filter((id) => before === null || compareSnowflakes(id, before) < 0)
    .filter((id) => after === null || compareSnowflakes(id, after) > 0);
  const page = before !== null && after === null ? inside.slice(-limit) : inside.slice(0, limit);
  const found = await Promise.all(page.map((id) => standing(call, id, call.userId, withCounts).catch(gone)));
  return ok(found.flatMap((each) => (each === null ? [] : wireMyGuild(each))));
}

/** Left or deleted between the list and the look at it. */
function gone(error: unknown): null {
  if (error instanceof Refused) return null;
  throw error;
}

function wireMyGuild({ guild, owner, permissions }: Standing): Readonly<Record<string, unknown>> {
  const { id, name, icon, banner, features, approximate_member_count, approximate_presence_count } = guild;
  const counts = approximate_member_count === undefined ? {} : { approximate_member_count, approximate_presence_count };
  return { id, name, icon, banner, owner, permissions: permissions.toString(), features, ...counts };
}

export const myGuildRoutes: readonly Route[] = [route('GET', '/users/@me/guilds', listMyGuilds)];
