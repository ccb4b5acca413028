/** Users and applications in the forms that several resources answer with. Every documented key is there, null rather than absent. */
import type { Snowflake } from '../protocol/ids.ts';
import type { ApplicationRecord, DmRecord, PublicUser, UserRecord } from '../protocol/records.ts';

export function wireUser(user: PublicUser): Readonly<Record<string, unknown>> {
  return {
    ...user,
    flags: user.public_flags,
    avatar_decoration_data: null,
    collectibles: null,
    primary_guild: null,
    banner_color: null,
  };
}

/** What its owner is shown of an account. */
export type OwnRecord = Pick<UserRecord, 'user' | 'email' | 'locale' | 'bio'>;

/** The account itself. `email` only for its owner. */
export function wireSelf({ user, email, locale, bio }: OwnRecord): Readonly<Record<string, unknown>> {
  return { ...wireUser(user), bio, locale, email, verified: true, mfa_enabled: false, premium_type: 0 };
}

/** All that `GET /applications/@me` documents; discord.py dies without eight of them (wire-rules.md, fields). */
export function wireApplication(
  application: ApplicationRecord,
  owner: PublicUser,
  bot: PublicUser,
  guilds: number,
): Readonly<Record<string, unknown>> {
  const { id, name, icon, description, bot_public, bot_require_code_grant, verify_key, flags } = application;
  return {
    id,
    name,
    icon,
    description,
    type: null,
    summary: '',
    bot: wireUser(bot),
    bot_public,
    bot_require_code_grant,
    verify_key,
    owner: wireUser(owner),
    team: null,
    flags,
    flags_new: String(flags),
    redirect_uris: [],
    interactions_endpoint_url: null,
    role_connections_verification_url: null,
    event_webhooks_url: null,
    approximate_guild_count: guilds,
    approximate_user_install_count: 0,
    approximate_user_authorization_count: 0,
    explicit_content_filter: 0,
    eligible_oauth2_scopes: [],
    tags: [],
    rpc_origins: [],
    integration_types_config: { '0': {} },
  };
}

/** A DM as one of its recipients sees it: without himself. */
export function wireDm(dm: DmRecord, me: Snowflake): Readonly<Record<string, unknown>> {
  const { id, type, name, icon, owner_id, last_message_id, last_pin_timestamp } = dm;
  const recipients = dm.recipients.filter((user) => user.id !== me).map(wireUser);
  const common = { id, type, flags: 0, last_message_id, last_pin_timestamp, recipients };
  return type === 1 ? common : { ...common, name, icon, owner_id };
}
