/** People come, log in and log out. The forms are those of the original's own web client (docs of the user API). */
import { guildKey, type OwnerKey, userKey } from '../protocol/ids.ts';
import type { Call } from './call.ts';
import { countHere } from './count-here.ts';
import { addToken, enrolPerson, isReserved, revoked, takenUsername } from './enrolment.ts';
import { networkOf } from './network-of.ts';
import { Refused, refused, refusedField } from './refused.ts';
import { created, noContent, type Outcome, ok } from './respond.ts';
import { type Route, route } from './route.ts';
import { login, register } from './schemas.ts';

async function registerAccount(call: Call): Promise<Outcome> {
  const form = await call.body(register);
  const { registrations: limit, registrationWindowMs: windowMs } = call.edge.deps.limits;
  countHere(call.edge, `register ${networkOf(call.ip)}`, { limit, windowMs });
  await mayRegister(call, form.invite ?? null);
  const { username, password } = form;
  if (isReserved(username)) throw takenUsername(username);
  const person = { username, password, email: form.email ?? null, globalName: form.global_name ?? null };
  const { user, token } = await enrolPerson(call, call.edge.deps, person);
  return created({ token, user_id: user.id });
}

/** Who registers by invite still has to accept it; naming it is his ticket. */
async function mayRegister(call: Call, code: string | null): Promise<void> {
  const { config, deps } = call.edge;
  if (config.registration === 'open') return;
  if (config.registration === 'invite') {
    if (code === null) throw refused('missingAccess', { message: 'Registration needs the code of an invite.' });
    const invite = /^[\w-]{2,100}$/.test(code) ? await deps.store.invite(code) : null;
    if (invite !== null && (await isAlive(call, guildKey(invite.guild_id), code))) return;
    throw refusedField(['invite'], 'INVITE_INVALID', 'This invite does not work.');
  }
  throw refused('missingAccess', { message: 'Registration is closed on this server.' });
}

/** Its guild says whether it still counts: the store keeps invites that ran out. */
async function isAlive(call: Call, guild: OwnerKey, code: string): Promise<boolean> {
  try {
    await call.read(guild, { ask: 'invite', code, withCounts: false });
    return true;
  } catch (error) {
    if (error instanceof Refused) return false;
    throw error;
  }
}

/** A wrong name and a wrong password look and last the same. */
async function loginAccount(call: Call): Promise<Outcome> {
  const form = await call.body(login);
  const { deps } = call.edge;
  slowGuessing(call, form.login);
  const id = await deps.store.userByLogin(form.login.toLowerCase());
  const record = id === null ? null : await deps.store.user(id);
  const good = await deps.passwords.verify(form.password, record?.passwordHash ?? null, call.request.signal);
  if (!good || record === null) {
    throw refusedField(['login'], 'INVALID_LOGIN', 'Login or password is invalid.');
  }
  const token = await addToken(call, deps, record.user.id, 'person');
  return ok({ token, user_id: record.user.id });
}

/**
 * Whoever guesses the password of one account is slowed down at his address, so that he locks nobody out who is at another one; and many addresses
 * together are, too. What the first bucket refuses does not fill the second one.
 */
export function slowGuessing({ edge, ip }: Call, name: string): void {
  const { logins, loginsOfName, loginWindowMs: windowMs } = edge.deps.limits;
  const account = name.toLowerCase();
  countHere(edge, `login ${networkOf(ip)} ${account}`, { limit: logins, windowMs });
  countHere(edge, `logins of ${account}`, { limit: loginsOfName, windowMs });
}

async function logout(call: Call): Promise<Outcome> {
  const revoke = { kind: 'revokeToken', hash: call.account.tokenHash, except: null } as const;
  await revoked(call.edge.deps, await call.ask<readonly string[]>(userKey(call.userId), revoke));
  return noContent;
}

export const accountRoutes: readonly Route[] = [
  route('POST', '/auth/register', registerAccount, { who: 'anyone', counted: 'here' }),
  route('POST', '/auth/login', loginAccount, { who: 'anyone', counted: 'here' }),
  route('POST', '/auth/logout', logout, { who: 'person' }),
];
