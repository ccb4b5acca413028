/** Every operation of the API. Fixed parts of a path stand before parameters that would take them. */
import { accountRoutes } from './accounts.ts';
import { applicationRoutes } from './applications.ts';
import { banRoutes } from './bans.ts';
import { channelRoutes } from './channels.ts';
import { commandRoutes } from './commands.ts';
import { gatewayRoutes } from './gateway.ts';
import { guildRoutes } from './guilds.ts';
import { inviteRoutes } from './invites.ts';
import { memberRoutes } from './members.ts';
import { messageRoutes } from './messages.ts';
import { myGuildRoutes } from './my-guilds.ts';
import { oauthRoutes } from './oauth.ts';
import { pinRoutes } from './pins.ts';
import { reactionRoutes } from './reactions.ts';
import { roleRoutes } from './roles.ts';
import type { Route } from './route.ts';
import { userRoutes } from './users.ts';
import { voiceRoutes } from './voice.ts';

export const ROUTES: readonly Route[] = [
  ...gatewayRoutes,
  ...accountRoutes,
  ...myGuildRoutes,
  ...userRoutes,
  ...oauthRoutes,
  ...applicationRoutes,
  ...commandRoutes,
  ...pinRoutes,
  ...messageRoutes,
  ...reactionRoutes,
  ...channelRoutes,
  ...inviteRoutes,
  ...guildRoutes,
  ...memberRoutes,
  ...roleRoutes,
  ...banRoutes,
  ...voiceRoutes,
];

/** Of the original, and not here: a route would take the last word for an id. */
export const ABSENT: readonly string[] = [
  '/applications/:applicationId/guilds/:guildId/commands/permissions',
  '/guilds/:guildId/roles/member-counts',
];
