/** A manager adds a bot to his guild, as the original's web client does it (POST /oauth2/authorize). */

import { joinBot } from './bot-joins.ts';
import type { Call } from './call.ts';
import { standing } from './my-guilds.ts';
import { asSnowflake } from './query.ts';
import { refused, refusedField } from './refused.ts';
import { type Outcome, ok } from './respond.ts';
import { type Route, route } from './route.ts';
import { authorize } from './schemas.ts';

/** `client_id` and `permissions` stand in the query, the choice of the guild in the body. The bot gets no bit that the manager has not. */
async function authorizeBot(call: Call): Promise<Outcome> {
  const said = call.query.text('client_id');
  if (!said) throw refusedField(['client_id'], 'BASE_TYPE_REQUIRED', 'This field is required');
  const clientId = asSnowflake(said, 'client_id');
  const form = await call.body(authorize);
  const { store } = call.edge.deps;
  const [application, bot] = await Promise.all([store.application(clientId), store.user(clientId)]);
  const open = application !== null && (application.bot_public || application.owner === call.userId);
  if (!open || bot === null) throw refused('unknownApplication');
  if (!form.guild_id) throw refusedField(['guild_id'], 'BASE_TYPE_REQUIRED', 'This field is required');
  const location = `${call.origin}/oauth2/authorized`;
  if (form.authorize === false) return ok({ location: `${location}?error=access_denied` });
  const wanted = BigInt(form.permissions ?? call.query.snowflake('permissions') ?? '0');
  const { permissions } = await standing(call, form.guild_id, call.userId);
  await joinBot(call, call.by, form.guild_id, bot.user, wanted & permissions);
  return ok({ location });
}

export const oauthRoutes: readonly Route[] = [
  route('POST', '/oauth2/authorize', authorizeBot, { who: 'person', counted: 'here' }),
];
