/** The caller's own account and what others may know of a user (docs/resources/user). */
import { groupKey, guildKey, nameKey, pairKey, type Snowflake, userKey } from '../protocol/ids.ts';
import type { DmRecord, UserRecord } from '../protocol/records.ts';
import { slowGuessing } from './accounts.ts';
import type { Call } from './call.ts';
import { pick } from './compact.ts';
import { isReserved, isTaken, settleName, takenUsername, usernameTaken } from './enrolment.ts';
import { type PictureHash, type PictureOf, withPicture } from './pictures.ts';
import { refused, refusedField } from './refused.ts';
import { noContent, type Outcome, ok } from './respond.ts';
import { type Route, route } from './route.ts';
import { privateChannel, userEdit } from './schemas.ts';
import { type OwnRecord, wireDm, wireSelf, wireUser } from './wire-users.ts';

/** A picture as base64, 10 MiB before. */
export const PICTURE_BODY_BYTES = 15 * 1024 * 1024;

async function getMyUser(call: Call): Promise<Outcome> {
  return ok(wireSelf(call.account.record));
}

async function getUser(call: Call): Promise<Outcome> {
  const user = await call.edge.deps.reads.users.one(call.id('userId'));
  if (user === null) throw refused('unknownUser');
  return ok(wireUser(user));
}

type Edit = ReturnType<typeof userEdit.parse>;

async function updateMyUser(call: Call): Promise<Outcome> {
  const form = await call.body(userEdit);
  const { record, kind } = call.account;
  const passwordHash = await newPassword(call, form);
  const renamed = form.username !== undefined && form.username !== record.user.username;
  const name = renamed && kind === 'person' ? (form.username ?? null) : null;
  const change = (avatar: PictureHash, banner: PictureHash) => {
    const patch = {
      ...(renamed && form.username !== undefined && { username: form.username }),
      ...pick(form, ['global_name', 'accent_color']),
      ...(typeof form.bio === 'string' && { bio: form.bio }),
      ...(avatar !== undefined && { avatar }),
      ...(banner !== undefined && { banner }),
      ...(passwordHash !== null && { passwordHash }),
    };
    return call.ask<OwnRecord>(userKey(call.userId), { kind: 'updateUser', patch });
  };
  const changed = await withPicture(call, mine(call, 'avatar'), form.avatar, (avatar) =>
    withPicture(call, mine(call, 'banner'), form.banner, (banner) =>
      name === null ? change(avatar, banner) : underName(call, name, record, () => change(avatar, banner)),
    ),
  );
  if (passwordHash !== null) await endOtherLogins(call);
  await call.edge.deps.directory.control({ control: 'userChanged', user: call.userId });
  return ok(wireSelf(changed));
}

/** A new password ends what was logged in with the old one. */
async function endOtherLogins(call: Call): Promise<void> {
  const revoke = { kind: 'revokeToken', hash: null, except: call.account.tokenHash } as const;
  const hashes = await call.ask<readonly string[]>(userKey(call.userId), revoke);
  await call.edge.deps.directory.control({ control: 'revoked', hashes });
}

/** The new name is claimed before the account takes it; the user's actor gives the old one free. */
async function underName<T>(call: Call, name: string, record: UserRecord, change: () => Promise<T>): Promise<T> {
  if (!/^[a-zA-Z0-9._]+$/.test(name)) {
    throw refusedField(
      ['username'],
      'USERNAME_INVALID_CONTAINS',
      'Username must only contain letters, numbers, underscores and periods.',
    );
  }
  if (name.toLowerCase() === record.user.username.toLowerCase()) return change();
  if (isReserved(name)) throw takenUsername(name);
  try {
    await call.ask(nameKey(name), { kind: 'claimName', user: record.user.id });
    return await change();
  } catch (error) {
    if (!isTaken(error)) await settleName(call, name, record.user.id);
    throw usernameTaken(error, name);
  }
}

/** A person proves the old password to set a new one. */
async function newPassword(call: Call, form: Edit): Promise<string | null> {
  if (form.new_password === undefined) return null;
  const { passwordHash, user } = call.account.record;
  slowGuessing(call, user.username);
  const { passwords } = call.edge.deps;
  const proven =
    passwordHash !== null && form.password !== undefined && (await passwords.verify(form.password, passwordHash));
  if (!proven) throw refusedField(['password'], 'PASSWORD_DOES_NOT_MATCH', 'Password does not match.');
  return passwords.hash(form.new_password);
}

const mine = ({ userId }: Call, field: 'avatar' | 'banner') =>
  ({ kind: `${field}s`, owner: userId, field }) as const satisfies PictureOf;

async function listMyDms(call: Call): Promise<Outcome> {
  const dms = await call.read<readonly DmRecord[]>(userKey(call.userId), { ask: 'dms' });
  return ok(dms.map((dm) => wireDm(dm, call.userId)));
}

async function createDm(call: Call): Promise<Outcome> {
  const form = await call.body(privateChannel);
  const others = form.recipients ?? [];
  if (form.recipient_id === null || form.recipient_id === undefined) {
    if (others.length === 0) throw refusedField(['recipient_id'], 'BASE_TYPE_REQUIRED', 'This field is required');
    if (others.length > 1) return createGroupDm(call, others);
  }
  const target = form.recipient_id ?? others[0] ?? '';
  if (target === call.userId) throw refused('cannotSendToUser');
  const user = await call.edge.deps.reads.users.one(target);
  if (user === null) throw refused('invalidRecipients');
  return ok(await call.ask(pairKey(call.userId, target), { kind: 'openDm', by: call.by, with: user }));
}

async function createGroupDm(call: Call, others: readonly Snowflake[]): Promise<Outcome> {
  if (call.account.kind === 'bot') throw refused('botsForbidden');
  const ids = [...new Set(others)].filter((id) => id !== call.userId);
  const recipients = await call.edge.deps.reads.users.many(ids);
  if (recipients.length !== ids.length || recipients.some(({ bot }) => bot)) throw refused('invalidRecipients');
  const channelId = call.edge.deps.mint();
  return ok(await call.ask(groupKey(channelId), { kind: 'createGroup', by: call.by, channelId, recipients }));
}

/** Leaving one's own guild is refused by the guild. */
async function leaveGuild(call: Call): Promise<Outcome> {
  await call.ask(guildKey(call.id('guildId')), { kind: 'removeMember', by: call.by, userId: call.userId });
  return noContent;
}

async function getMyGuildMember(call: Call): Promise<Outcome> {
  return ok(await call.read(guildKey(call.id('guildId')), { ask: 'member', by: call.userId, userId: call.userId }));
}

export const userRoutes: readonly Route[] = [
  route('GET', '/users/@me', getMyUser, { counted: 'here' }),
  route('PATCH', '/users/@me', updateMyUser, { maxBodyBytes: 2 * PICTURE_BODY_BYTES }),
  route('GET', '/users/@me/channels', listMyDms),
  route('POST', '/users/@me/channels', createDm),
  route('DELETE', '/users/@me/guilds/:guildId', leaveGuild),
  route('GET', '/users/@me/guilds/:guildId/member', getMyGuildMember),
  route('GET', '/users/:userId', getUser, { counted: 'here' }),
];
