/** READY as text: for bots a list of guilds that follow by GUILD_CREATE, for people their guilds in full (wire-rules.md, fields and routes). */
import type { OwnerKey, SessionId, Snowflake } from '../protocol/ids.ts';
import { ownerId } from '../protocol/ids.ts';
import type { DmRecord } from '../protocol/records.ts';
import type { UserSnapshot } from '../protocol/snapshots.ts';
import { onShard, type Shard } from './shard.ts';

export interface ReadyParts {
  readonly version: 9 | 10;
  readonly session: SessionId;
  readonly url: string;
  readonly shard: Shard | null;
  readonly snapshot: UserSnapshot;
  /** Guild -> JSON of its snapshot, or null: not here yet. */
  readonly guilds: ReadonlyMap<OwnerKey, string | null>;
  /** A person's session: with everything a user client expects. */
  readonly full: boolean;
}

/** JSON text of `d`. */
export function readyData(parts: ReadyParts): string {
  const { version, session, url, shard, snapshot, full } = parts;
  const { application } = snapshot;
  const direct = onShard('d:', shard) && full ? snapshot.dms.map((dm) => dmOf(dm, snapshot.user.id)) : [];
  const head = {
    v: version,
    user: selfOf(snapshot),
    session_type: 'normal',
    session_id: session,
    resume_gateway_url: url,
    ...(shard === null ? {} : { shard }),
    ...(application === null ? {} : { application: { id: application.id, flags: application.flags } }),
    private_channels: direct,
    relationships: [],
    presences: [],
    geo_ordered_rtc_regions: [],
    ...(full ? personParts() : {}),
    _trace: [],
  };
  return `${JSON.stringify(head).slice(0, -1)},"guilds":[${guildsOf(parts.guilds).join(',')}]}`;
}

function guildsOf(guilds: ReadyParts['guilds']): string[] {
  return [...guilds].map(([owner, json]) => json ?? `{"id":"${ownerId(owner)}","unavailable":true}`);
}

/** `mfa_enabled` is demanded by twilight and serenity, `discriminator` by discord.py. */
function selfOf({ user, email, locale, bio }: UserSnapshot): object {
  return {
    ...user,
    email,
    verified: true,
    mfa_enabled: false,
    flags: user.public_flags,
    locale,
    bio,
    premium_type: 0,
    ...(user.bot
      ? {}
      : { phone: null, nsfw_allowed: true, premium: false, desktop: false, mobile: false, pronouns: '' }),
  };
}

/** A DM as one of its recipients sees it: himself left out. */
function dmOf(dm: DmRecord, self: Snowflake): object {
  const { id, type, recipients, name, icon, owner_id, last_message_id, last_pin_timestamp } = dm;
  return {
    id,
    type,
    recipients: recipients.filter((user) => user.id !== self),
    last_message_id,
    last_pin_timestamp,
    flags: 0,
    ...(type === 3 ? { name, icon, owner_id } : {}),
  };
}

/** What user clients read from READY, in the documented empty forms. */
const personParts = (): object => ({
  users: [],
  sessions: [],
  merged_members: [],
  read_state: { entries: [], partial: false, version: 0 },
  user_guild_settings: { entries: [], partial: false, version: 0 },
  user_settings: {},
  user_settings_proto: '',
  notification_settings: { flags: 0 },
  connected_accounts: [],
  guild_join_requests: [],
  friend_suggestion_count: 0,
  consents: { personalization: { consented: false } },
  experiments: [],
  guild_experiments: [],
  tutorial: null,
  country_code: null,
  api_code_version: 1,
  analytics_token: null,
});
