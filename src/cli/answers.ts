/** What the admin routes answer, as far as it is printed. */
import { z } from 'zod';

const user = z.looseObject({ id: z.string(), username: z.string() });
const guild = z.looseObject({ id: z.string(), name: z.string() });

/** POST /admin/users. The password is the one that was asked with. */
export const UserAdded = z.looseObject({ user, token: z.string(), password: z.string().nullish() });
/** POST /admin/passwords */
export const PasswordSet = z.looseObject({ user, password: z.string().nullish() });
/** POST /admin/guilds */
export const GuildAdded = z.looseObject({ guild });
/** POST /admin/bots. `guildMade`: the owner had none of that name. `ownerPassword`: only when the owner was made. */
export const BotAdded = z.looseObject({
  bot: user,
  token: z.string(),
  guild,
  guildMade: z.boolean(),
  owner: user.nullish(),
  ownerPassword: z.string().nullish(),
});
/** POST /admin/sweep. `next`: what the next step is asked with. */
export const Swept = z.looseObject({
  next: z.unknown().refine((next) => next !== undefined),
  channels: z.number(),
  strange: z.number(),
  files: z.number(),
  bytes: z.number(),
});
