/** A user as he sees himself (GET /users/@me, USER_UPDATE, READY). Every documented key is present (wire-rules.md, fields). */
import type { PublicUser, UserRecord } from '../protocol/records.ts';

export interface UserSelf extends PublicUser {
  readonly flags: number;
  readonly email: string | null;
  readonly verified: boolean;
  readonly mfa_enabled: boolean;
  readonly locale: string;
  readonly premium_type: number;
  readonly bio: string;
  readonly avatar_decoration_data: null;
  readonly collectibles: null;
  readonly primary_guild: null;
}

export function selfOf({ user, email, locale, bio }: UserRecord): UserSelf {
  return {
    ...user,
    flags: user.public_flags,
    email,
    verified: true,
    mfa_enabled: false,
    locale,
    premium_type: 0,
    bio,
    avatar_decoration_data: null,
    collectibles: null,
    primary_guild: null,
  };
}
