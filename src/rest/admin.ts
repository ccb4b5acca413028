/** What the command line asks a running server, over its unix socket: whoever may open the socket may do everything here. */
import { PermissionFlagsBits as P } from 'discord-api-types/v10';
import * as z from 'zod/mini';
import type { Command, Question } from '../protocol/commands.ts';
import { Fault, REFUSALS } from '../protocol/errors.ts';
import { guildKey, type OwnerKey, type Snowflake, userKey } from '../protocol/ids.ts';
import type { PublicUser } from '../protocol/records.ts';
import { seedForm } from '../protocol/seed.ts';
import { check, parseBody, readText } from './body.ts';
import { joinBot, serverBy } from './bot-joins.ts';
import type { RestDeps } from './deps.ts';
import { ALL_INTENTS, type Asker, addToken, enrolBot, enrolPerson, revoked } from './enrolment.ts';
import type { GuildWire } from './my-guilds.ts';
import { Refused, refused, refusedField } from './refused.ts';
import { answer, answerError, type Outcome, ok } from './respond.ts';
import { register, text } from './schemas.ts';
import { applySeed } from './seed.ts';
import { sweepForm, sweepOn } from './sweep.ts';

export interface Admin {
  /** Never rejects. */
  handle(request: Request): Promise<Response>;
}

/** A seed is the largest. */
const MAX_BODY_BYTES = 1024 * 1024;
const BROAD = P.Administrator;
/** Owns guilds that are made for a bot when nobody else is named. */
const DEFAULT_OWNER = 'owner';

/** The server makes no password up: what is lost with an answer, nobody would know. */
const password = text(8, 1024);
const userForm = z.object({ name: register.shape.username, password });
const passwordForm = z.object({ name: text(1, 320), password });
const guildForm = z.object({ name: text(2, 100), owner: text(2, 32) });
/** Of a bot, when he is to be made. */
const ownerForm = z.object({ owner: register.shape.username });
const botForm = z.object({
  name: text(2, 32),
  guild: text(2, 100),
  owner: z.nullish(text(2, 32)),
  ownerPassword: password,
});

interface Person {
  readonly user: PublicUser;
  /** Only when the account is new. */
  readonly password?: string;
  readonly token?: string;
}

export function createAdmin(deps: RestDeps): Admin {
  const operations: Record<string, (asker: Asker, body: unknown) => Promise<Outcome>> = {
    'POST /admin/users': (asker, body) => addUser(asker, deps, check(userForm, body)),
    'POST /admin/passwords': (asker, body) => setPassword(asker, deps, check(passwordForm, body)),
    'POST /admin/seed': async (asker, body) => ok(await applySeed(asker, deps, check(seedForm, body))),
    'POST /admin/guilds': (asker, body) => addGuild(asker, deps, check(guildForm, body)),
    'POST /admin/sweep': async (_asker, body) => ok(await sweepOn(deps, check(sweepForm, body))),
    'POST /admin/bots': (asker, body) => addBot(asker, deps, check(botForm, body)),
  };
  const handle = async (request: Request): Promise<Response> => {
    const asker = new ServerAsker(deps);
    try {
      const operation = operations[`${request.method} ${new URL(request.url).pathname}`];
      if (operation === undefined) throw refused('notFound');
      const bounds = { clock: deps.clock, maxBytes: MAX_BODY_BYTES, ms: deps.limits.bodyMs };
      return answer(await operation(asker, parseBody(await readText(request, bounds))));
    } catch (error) {
      const isFull = error instanceof Fault && error.code === 'full';
      return answerError(isFull && asker.hasDone ? fullHalfWay() : error, deps.report);
    }
  };
  return { handle };
}

/** 507 tells the command line that nothing was done. */
const fullHalfWay = (): Refused => refused('overloaded', { message: REFUSALS.storeFull[2] });

/** The server asks for itself; no bucket counts it. One for each request. */
class ServerAsker implements Asker {
  /** Something was asked for and is stored. */
  hasDone = false;
  readonly #deps: RestDeps;

  constructor(deps: RestDeps) {
    this.#deps = deps;
  }

  async ask<T>(to: OwnerKey, command: Command): Promise<T> {
    const { directory, random } = this.#deps;
    const { reply } = await directory.ask(to, command, {
      commandId: random.uuid(),
      deadline: this.#deadline(),
      rate: null,
    });
    if ('refused' in reply) throw new Refused(reply);
    this.hasDone = true;
    return reply.ok as T;
  }

  async read<T>(to: OwnerKey, question: Question): Promise<T> {
    const { reply } = await this.#deps.directory.read(to, question, { deadline: this.#deadline(), rate: null });
    if ('refused' in reply) throw new Refused(reply);
    return reply.ok as T;
  }

  #deadline(): number {
    return this.#deps.clock.now() + this.#deps.limits.askMs;
  }
}

async function addUser(asker: Asker, deps: RestDeps, { name, password }: z.infer<typeof userForm>): Promise<Outcome> {
  return ok(await newPerson(asker, deps, name, password));
}

async function newPerson(asker: Asker, deps: RestDeps, name: string, password: string): Promise<Required<Person>> {
  const { username } = check(register, { username: name, password });
  const enrolled = await enrolPerson(asker, deps, { username, password, email: null, globalName: null });
  return { ...enrolled, password };
}

/** The old password and every login made with it are good for nothing when this resolves. `name`: as he logs in. */
async function setPassword(asker: Asker, deps: RestDeps, form: z.infer<typeof passwordForm>): Promise<Outcome> {
  const person = await findPerson(deps, form.name);
  // A bot's name belongs to nobody alone, so it cannot be looked for.
  if (person === null) throw nobody('name', form.name, NO_PASSWORD);
  const [{ user }, { password }] = [person, form];
  const passwordHash = await deps.passwords.hash(password);
  await asker.ask(userKey(user.id), { kind: 'updateUser', patch: { passwordHash } });
  const revoke: Command = { kind: 'revokeToken', hash: null, except: null };
  await revoked(deps, await asker.ask<readonly string[]>(userKey(user.id), revoke));
  await deps.directory.control({ control: 'userChanged', user: user.id });
  return ok({ user, password });
}

const NO_PASSWORD =
  ' If it is a bot: a bot has no password, and bot add with the same names prints one more token of it.';

const nobody = (field: string, name: string, more = ''): Refused =>
  refusedField([field], 'UNKNOWN_USER', `There is no user ${name}.${more}`);

async function findPerson(deps: RestDeps, name: string): Promise<Person | null> {
  const id = await deps.store.userByLogin(name.toLowerCase());
  const record = id === null ? null : await deps.store.user(id);
  return record && { user: record.user };
}

async function addGuild(asker: Asker, deps: RestDeps, { name, owner }: z.infer<typeof guildForm>): Promise<Outcome> {
  const person = await findPerson(deps, owner);
  if (person === null) throw nobody('owner', owner);
  return ok({ guild: await newGuild(asker, deps, name, person.user) });
}

async function newGuild(asker: Asker, deps: RestDeps, name: string, owner: PublicUser): Promise<GuildWire> {
  const id = deps.mint();
  const by = { id: owner.id, self: owner, reason: null };
  return asker.ask<GuildWire>(guildKey(id), { kind: 'createGuild', by, id, name, icon: null });
}

/**
 * A bot with every privileged intent, in the guild, with a role that may do everything. Asked again with the same names it is the same bot, with one
 * token more. A guild is found by its id, or by its name among those of the owner: no store knows all guilds by their names.
 */
async function addBot(asker: Asker, deps: RestDeps, form: z.infer<typeof botForm>): Promise<Outcome> {
  const byId = await guildById(asker, form.guild);
  const owner =
    byId === null
      ? await ownerNamed(asker, deps, form.owner ?? DEFAULT_OWNER, form.ownerPassword)
      : await ownerOf(deps, byId, form.owner ?? null);
  const found = byId ?? (await guildNamed(asker, form.guild, owner.user));
  const guild = found ?? (await newGuild(asker, deps, form.guild, owner.user));
  const known = (await deps.store.applicationsOf(owner.user.id)).find(({ name }) => name === form.name);
  const knownUser = known && (await deps.store.user(known.id))?.user;
  const made = { name: form.name, description: '', owner: owner.user.id, flags: ALL_INTENTS };
  const bot = knownUser ?? (await enrolBot(asker, deps, made)).user;
  await joinBot(asker, serverBy(owner.user), guild.id, bot, BROAD);
  const token = await addToken(asker, deps, bot.id, 'bot');
  const { password } = owner;
  const shown = password === undefined ? {} : { ownerPassword: password };
  return ok({ bot, token, guild, guildMade: found === null, owner: owner.user, ...shown });
}

async function ownerNamed(asker: Asker, deps: RestDeps, name: string, password: string): Promise<Person> {
  return (
    (await findPerson(deps, name)) ?? (await newPerson(asker, deps, check(ownerForm, { owner: name }).owner, password))
  );
}

/** `named`: who was said to own it; null: nobody was. */
async function ownerOf(deps: RestDeps, guild: GuildWire, named: string | null): Promise<Person> {
  const record = await deps.store.user(guild.owner_id);
  if (record === null) throw refused('unknownUser');
  const { user } = record;
  if (named !== null && named.toLowerCase() !== user.username.toLowerCase())
    throw refusedField(['owner'], 'GUILD_OF_ANOTHER', `The guild ${guild.name} belongs to ${user.username}.`);
  return { user };
}

/** Null: it is a name. What has digits alone is an id, also when none is so short. */
async function guildById(asker: Asker, text: string): Promise<GuildWire | null> {
  if (!/^\d+$/.test(text)) return null;
  const unknown = refusedField(['guild'], 'UNKNOWN_GUILD', `There is no guild ${text}.`);
  if (!/^\d{17,19}$/.test(text)) throw unknown;
  try {
    return await asker.read<GuildWire>(guildKey(text), { ask: 'guild', by: '0', withCounts: false });
  } catch (error) {
    if (!(error instanceof Refused) || error.refusal.refused !== 'unknownGuild') throw error;
    throw unknown;
  }
}

async function guildNamed(asker: Asker, name: string, owner: PublicUser): Promise<GuildWire | null> {
  const list = await asker.read<readonly (readonly [Snowflake, number])[]>(userKey(owner.id), { ask: 'guildList' });
  const found: GuildWire[] = [];
  for (const [id] of list) {
    const guild = await asker.read<GuildWire>(guildKey(id), { ask: 'guild', by: '0', withCounts: false });
    if (guild.name === name && guild.owner_id === owner.id) found.push(guild);
  }
  if (found.length > 1) {
    const ids = found.map(({ id }) => id).join(', ');
    throw refusedField(
      ['guild'],
      'NAME_OF_SEVERAL',
      `${owner.username} has several guilds of that name: ${ids}. Give the id.`,
    );
  }
  return found[0] ?? null;
}
