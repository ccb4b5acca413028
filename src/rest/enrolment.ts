/** How people and bots come into being: the same steps for the API and for the command line. */
import type { Command, Question } from '../protocol/commands.ts';
import { nameKey, type OwnerKey, type Snowflake, userKey } from '../protocol/ids.ts';
import type { ApplicationRecord, PublicUser, TokenRecord, UserRecord } from '../protocol/records.ts';
import type { RestDeps } from './deps.ts';
import { Refused, refusedField } from './refused.ts';

/** Whoever can ask owners: a call of a client, or the server itself. */
export interface Asker {
  ask<T>(to: OwnerKey, command: Command): Promise<T>;
  read<T>(to: OwnerKey, question: Question): Promise<T>;
}

export interface NewPerson {
  readonly username: string;
  readonly globalName: string | null;
  /** Null: nobody can log in with one. */
  readonly password: string | null;
  readonly email: string | null;
  /** Chosen by a seed; else new ones are made. The token's first part is the id. */
  readonly id?: Snowflake;
  readonly token?: string;
}

export interface Enrolled {
  readonly user: PublicUser;
  readonly token: string;
}

const BLANK = {
  discriminator: '0',
  avatar: null,
  banner: null,
  accent_color: null,
  system: false,
  public_flags: 0,
} as const;

/** Only the command line makes these: it looks for the guilds of `owner` by that name. */
const RESERVED: ReadonlySet<string> = new Set(['owner', 'admin', 'system', 'guildhall', 'everyone', 'here']);

/** No name that somebody may take, at registration or later. */
export const isReserved = (username: string): boolean => RESERVED.has(username.toLowerCase());

/** Claims e-mail and name, then the account is there with its first token. Refused: invalidForm when one of them is taken. */
export async function enrolPerson(asker: Asker, deps: RestDeps, person: NewPerson): Promise<Enrolled> {
  const passwordHash = person.password === null ? null : await deps.passwords.hash(person.password);
  const id = person.id ?? deps.mint();
  const user: PublicUser = { id, username: person.username, global_name: person.globalName, bot: false, ...BLANK };
  const { token, record } = tokenOf(deps, id, 'person', person.token);
  const { email } = person;
  const account = userRecord(user, { email, passwordHash });
  if (email !== null) await claimEmail(asker, email, id);
  const command: Command = { kind: 'createAccount', user: account, token: record, application: null };
  try {
    await asker.ask(nameKey(person.username), command);
  } catch (error) {
    // After a fault nobody here knows whether the account is there.
    if (email !== null) await settleName(asker, email, id);
    throw usernameTaken(error, person.username);
  }
  return { user, token };
}

async function claimEmail(asker: Asker, email: string, user: Snowflake): Promise<void> {
  try {
    await asker.ask(nameKey(email), { kind: 'claimName', user });
  } catch (error) {
    if (isTaken(error)) throw refusedField(['email'], 'EMAIL_ALREADY_REGISTERED', 'Email is already registered.');
    await settleName(asker, email, user);
    throw error;
  }
}

/** A claim may have come to nothing: his actor knows, and gives the name free. */
export async function settleName(asker: Asker, name: string, user: Snowflake): Promise<void> {
  try {
    await asker.ask(userKey(user), { kind: 'settleName', name });
  } catch {
    // What failed first is what the caller hears. Whoever wants the name next has its actor ask again.
  }
}

export const isTaken = (error: unknown): boolean => error instanceof Refused && error.refusal.refused === 'nameTaken';

/** The refusal of a name, as the form shows it. */
export const takenUsername = (name: string): Refused =>
  refusedField(['username'], 'USERNAME_ALREADY_TAKEN', `Username ${name} is already taken.`);

/** Any other error as it is. */
export const usernameTaken = (error: unknown, name: string): unknown => (isTaken(error) ? takenUsername(name) : error);

export interface NewBot {
  readonly name: string;
  readonly description: string;
  readonly owner: Snowflake;
  readonly flags: number;
  /** Chosen by a seed. */
  readonly id?: Snowflake;
}

/** GATEWAY_PRESENCE, GATEWAY_GUILD_MEMBERS, GATEWAY_MESSAGE_CONTENT: a bot that the operator makes may see everything. */
export const ALL_INTENTS = (1 << 12) | (1 << 14) | (1 << 18);

/** An application and its bot user, which share their id. It has no token yet. */
export async function enrolBot(
  asker: Asker,
  deps: RestDeps,
  bot: NewBot,
): Promise<{ readonly user: PublicUser; readonly application: ApplicationRecord }> {
  const { id = deps.mint(), name, description, owner, flags } = bot;
  const user: PublicUser = { id, username: name, global_name: null, bot: true, ...BLANK };
  const verify_key = Buffer.from(deps.random.secret(32), 'base64url').toString('hex');
  const fixed = { icon: null, bot_public: true, bot_require_code_grant: false, verify_key };
  const application: ApplicationRecord = { id, name, description, owner, flags, ...fixed };
  const account = userRecord(user, { botOwner: owner });
  await asker.ask(userKey(id), { kind: 'createAccount', user: account, token: null, application });
  return { user, application };
}

function userRecord(user: PublicUser, more: Partial<UserRecord>): UserRecord {
  return { user, email: null, passwordHash: null, locale: 'en-US', bio: '', botOwner: null, version: 1, ...more };
}

/** One more token of an account, a new one unless `chosen` says which. Tokens that have to go for it are dead on every worker when this resolves. */
export async function addToken(
  asker: Asker,
  deps: RestDeps,
  user: Snowflake,
  kind: TokenRecord['kind'],
  chosen?: string,
): Promise<string> {
  const { token, record } = tokenOf(deps, user, kind, chosen);
  await revoked(deps, await asker.ask<readonly string[]>(userKey(user), { kind: 'addToken', token: record }));
  return token;
}

/** A new token in place of all others. */
export async function resetTokens(asker: Asker, deps: RestDeps, user: Snowflake): Promise<string> {
  const revoke: Command = { kind: 'revokeToken', hash: null, except: null };
  await revoked(deps, await asker.ask<readonly string[]>(userKey(user), revoke));
  return addToken(asker, deps, user, 'bot');
}

/** Resolves when every worker has forgotten these tokens and closed their sessions. */
export async function revoked(deps: RestDeps, hashes: readonly string[]): Promise<void> {
  if (hashes.length > 0) await deps.directory.control({ control: 'revoked', hashes });
}

/** `chosen`: its text, if it is not a new one. */
function tokenOf(
  { tokens }: RestDeps,
  user: Snowflake,
  kind: TokenRecord['kind'],
  chosen?: string,
): { readonly token: string; readonly record: TokenRecord } {
  return chosen === undefined ? tokens.make(user, kind) : { token: chosen, record: tokens.record(chosen, user, kind) };
}
