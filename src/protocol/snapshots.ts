/** The user actor's answer to an attach: what READY is made of, besides the guilds' own answers. */
import type { ApplicationRecord, DmRecord, PublicUser } from './records.ts';

export interface UserSnapshot {
  readonly user: PublicUser;
  readonly email: string | null;
  readonly locale: string;
  readonly bio: string;
  /** For bots. */
  readonly application: ApplicationRecord | null;
  readonly dms: readonly DmRecord[];
}
