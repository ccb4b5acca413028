/** Whom a text mentions: what stands in it, cut down to what the author allows and may do. */
import { PermissionFlagsBits as P } from 'discord-api-types/v10';
import type { AllowedMentions } from '../protocol/commands.ts';
import type { Snowflake } from '../protocol/ids.ts';
import type { PublicUser } from '../protocol/records.ts';
import type { Place } from './place.ts';

export interface Mentions {
  readonly users: readonly PublicUser[];
  readonly roles: readonly Snowflake[];
  readonly everyone: boolean;
}

const ALL: AllowedMentions = { parse: ['users', 'roles', 'everyone'], users: [], roles: [], replied_user: true };

/** What is quoted as code mentions nobody. */
const CODE = /```[\s\S]*?```|``[\s\S]*?``|`[^`\n]*`/g;
const TOKEN = /<@(!|&)?(\d{1,20})>|@(everyone|here)/g;

/** `allowed` null: everything the author may mention. `permissions`: the author's, here. `replied`: whom a reply answers, if it shall mention him. */
export function resolveMentions(
  place: Place,
  content: string,
  allowed: AllowedMentions | null,
  permissions: bigint,
  replied: Snowflake | null,
): Mentions {
  const { parse, users, roles } = allowed ?? ALL;
  const mayAll = (permissions & P.MentionEveryone) !== 0n;
  const people = new Map<Snowflake, PublicUser>();
  const named = new Set<Snowflake>();
  let everyone = false;
  const meet = (id: Snowflake): void => {
    const person = place.person(id);
    if (person) people.set(id, person);
  };
  for (const [, sigil, id, all] of content.replace(CODE, ' ').matchAll(TOKEN)) {
    if (all !== undefined) everyone ||= mayAll && parse.includes('everyone');
    else if (id === undefined) continue;
    else if (sigil === '&') {
      if (!parse.includes('roles') && !roles.includes(id)) continue;
      const mentionable = place.mentionable(id);
      if (mentionable !== null && (mentionable || mayAll)) named.add(id);
    } else if (parse.includes('users') || users.includes(id)) meet(id);
  }
  if (replied !== null) meet(replied);
  return { users: [...people.values()], roles: [...named], everyone };
}
