/** The account itself: made once, changed by its owner, told to every guild he is in. */
import type { Command } from '../protocol/commands.ts';
import { type Decision, done, type RowDraft, refused, type Tell } from '../protocol/decision.ts';
import { refuse } from '../protocol/errors.ts';
import { nameKey } from '../protocol/ids.ts';
import type { PublicUser, UserRecord } from '../protocol/records.ts';
import { userTopic } from '../protocol/topics.ts';
import type { Write } from '../protocol/writes.ts';
import { selfOf } from './self.ts';
import { type KnownUser, memberships, type UserState } from './user-state.ts';

type CreateAccount = Extract<Command, { kind: 'createAccount' }>;
type UpdateUser = Extract<Command, { kind: 'updateUser' }>;
type SettleName = Extract<Command, { kind: 'settleName' }>;
type UpdateApplication = Extract<Command, { kind: 'updateApplication' }>;

/** The writes that make an account; the same at `n:` for people and at `u:` for bots. */
export function accountWrites({ user, token, application }: CreateAccount): Write[] {
  const writes: Write[] = [{ w: 'putUser', user }];
  if (application !== null) writes.push({ w: 'putApplication', application });
  if (token !== null) writes.push({ w: 'putToken', token });
  return writes;
}

/** At `u:`: for bots, and told by the name's actor for people (then it only fills a state that was loaded too early). -> PublicUser */
export function createAccount(state: UserState, command: CreateAccount): Decision {
  const { user, token, application } = command;
  if (user.user.id !== state.id) return refused(refuse('generalError'));
  if (state.record !== null) return done(state.record.user);
  state.record = user;
  state.application = application;
  if (token !== null) state.tokens.set(token.hash, token);
  return { ...done(user.user), writes: accountWrites(command) };
}

/** -> what its owner is shown: replies are kept for a while, and secrets are not. A new name was claimed at its actor before; here the old one is given free in the same commit. */
export function updateUser(state: KnownUser, { patch }: UpdateUser): Decision {
  const before = state.record;
  const { bio, passwordHash, ...visible } = patch;
  const user: PublicUser = { ...before.user, ...visible };
  const changed = JSON.stringify(user) !== JSON.stringify(before.user);
  const record: UserRecord = {
    ...before,
    user,
    bio: bio ?? before.bio,
    passwordHash: passwordHash ?? before.passwordHash,
    version: before.version + 1,
  };
  state.record = record;
  return {
    reply: { ok: { user, email: record.email, locale: record.locale, bio: record.bio } },
    writes: [{ w: 'putUser', user: record }],
    rows: changed || record.bio !== before.bio ? [userUpdate(state)] : [],
    tells: changed ? [...tellNames(before.user, user), ...tellGuilds(state, user)] : [],
  };
}

/** Decided behind every change that was asked for with the claim, so it knows what became of that; also for an id without an account. */
export function settleName(state: UserState, { name }: SettleName): Decision {
  const to = nameKey(name);
  const { record } = state;
  const carried = record === null ? [] : [record.user.username, ...(record.email === null ? [] : [record.email])];
  if (carried.some((each) => nameKey(each) === to)) return done();
  return { ...done(), tells: [{ to, command: { kind: 'freeName', user: state.id }, durable: true }] };
}

/** -> ApplicationRecord */
export function updateApplication(state: KnownUser, { patch }: UpdateApplication): Decision {
  if (state.application === null) return refused(refuse('unknownApplication'));
  const application = { ...state.application, ...patch };
  state.application = application;
  state.record = { ...state.record, version: state.record.version + 1 };
  const writes: Write[] = [
    { w: 'putApplication', application },
    { w: 'putUser', user: state.record },
  ];
  return { ...done(application), writes };
}

function userUpdate(state: KnownUser): RowDraft {
  const note = { as: 'thing', thing: 'user', id: state.id } as const;
  const d = JSON.stringify(selfOf(state.record));
  return { kind: 'event', topic: userTopic(state.id), t: 'USER_UPDATE', d, cls: 0, full: null, note };
}

/** Claimed again behind the release: who goes back to an old name meets his own releases in order. Names of bots are not unique. */
function tellNames(before: PublicUser, user: PublicUser): Tell[] {
  const [old, fresh] = [nameKey(before.username), nameKey(user.username)];
  if (user.bot || old === fresh) return [];
  return [
    { to: old, command: { kind: 'freeName', user: user.id }, durable: true },
    { to: fresh, command: { kind: 'claimName', user: user.id }, durable: true },
  ];
}

function tellGuilds(state: KnownUser, user: PublicUser): Tell[] {
  return memberships(state).map(([to]) => ({ to, command: { kind: 'userChanged', user }, durable: true }));
}
