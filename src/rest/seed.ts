/** Fills a new server from a seed (docs/seed.md): the same commands as the routes ask, by the server itself. */
import { ChannelType } from 'discord-api-types/v10';
import type { ChannelPatch } from '../protocol/commands.ts';
import { REFUSALS } from '../protocol/errors.ts';
import { guildKey, type Snowflake } from '../protocol/ids.ts';
import type { PublicUser } from '../protocol/records.ts';
import {
  idOfToken,
  type Seed,
  type SeedBot,
  type SeedChannel,
  type SeedGuild,
  type SeedUser,
} from '../protocol/seed.ts';
import { serverBy } from './bot-joins.ts';
import type { RestDeps } from './deps.ts';
import { ALL_INTENTS, type Asker, addToken, enrolBot, enrolPerson } from './enrolment.ts';
import { draftOf } from './message-draft.ts';
import { Refused, refused, refusedField } from './refused.ts';

const TYPES: Readonly<Record<NonNullable<SeedChannel['type']>, number>> = {
  text: ChannelType.GuildText,
  voice: ChannelType.GuildVoice,
  category: ChannelType.GuildCategory,
  announcement: ChannelType.GuildAnnouncement,
};

interface Account {
  readonly user: PublicUser;
  readonly token: string;
}
type Ids = Readonly<Record<string, Snowflake>>;

/** What was made, by the names of the seed. */
export interface Seeded {
  readonly users: Readonly<Record<string, { readonly id: Snowflake; readonly token: string }>>;
  readonly bots: Seeded['users'];
  readonly guilds: Readonly<
    Record<
      string,
      { readonly id: Snowflake; readonly channels: Ids; readonly roles: Ids; readonly messages: readonly Snowflake[] }
    >
  >;
}

/** Refused: invalidForm with the place in the seed at which something was refused. What was made before stays. */
export async function applySeed(asker: Asker, deps: RestDeps, seed: Seed): Promise<Seeded> {
  const people = new Map<string, Account>();
  const bots = new Map<string, Account>();
  for (const [at, user] of (seed.users ?? []).entries()) {
    people.set(user.name, await placed(['users', at], () => addPerson(asker, deps, user)));
  }
  for (const [at, bot] of (seed.bots ?? []).entries()) {
    bots.set(bot.name, await placed(['bots', at], () => addBot(asker, deps, bot, people)));
  }
  const accounts = new Map([...people, ...bots]);
  const guilds: [string, Seeded['guilds'][string]][] = [];
  for (const [at, guild] of (seed.guilds ?? []).entries()) {
    guilds.push([guild.name, await new Builder(asker, deps, accounts, guild, ['guilds', at]).build()]);
  }
  return { users: shown(people), bots: shown(bots), guilds: Object.fromEntries(guilds) };
}

const shown = (accounts: ReadonlyMap<string, Account>): Seeded['users'] =>
  Object.fromEntries([...accounts].map(([name, { user, token }]) => [name, { id: user.id, token }]));

function addPerson(
  asker: Asker,
  deps: RestDeps,
  { name, password, global_name, ...known }: SeedUser,
): Promise<Account> {
  const person = { username: name, password: password ?? null, email: null, globalName: global_name ?? null };
  return enrolPerson(asker, deps, { ...person, ...given(known) });
}

async function addBot(
  asker: Asker,
  deps: RestDeps,
  bot: SeedBot,
  people: ReadonlyMap<string, Account>,
): Promise<Account> {
  const owner = accountOf(people, bot.owner).user.id;
  const { id } = given(bot);
  const made = { name: bot.name, description: '', owner, flags: ALL_INTENTS, ...(id !== undefined && { id }) };
  const { user } = await enrolBot(asker, deps, made);
  return { user, token: await addToken(asker, deps, user.id, 'bot', bot.token) };
}

/** A token says whose it is. */
function given({ id, token }: { readonly id?: string | undefined; readonly token?: string | undefined }) {
  const known = id ?? (token === undefined ? null : idOfToken(token));
  return { ...(known !== null && { id: known }), ...(token !== undefined && { token }) };
}

function accountOf(accounts: ReadonlyMap<string, Account>, name: string): Account {
  const account = accounts.get(name);
  if (account === undefined) throw refusedField([], 'BASE_TYPE_INVALID', `Nobody is called ${name}.`);
  return account;
}

type Path = readonly (string | number)[];

/** One guild, in the order in which its parts name each other. */
class Builder {
  readonly #roles = new Map<string, Snowflake>();
  readonly #channels = new Map<string, Snowflake>();
  readonly #messages: Snowflake[] = [];
  readonly #id: Snowflake;
  readonly #owner: PublicUser;

  constructor(
    readonly asker: Asker,
    readonly deps: RestDeps,
    readonly accounts: ReadonlyMap<string, Account>,
    readonly guild: SeedGuild,
    readonly path: Path,
  ) {
    this.#id = guild.id ?? deps.mint();
    this.#owner = accountOf(accounts, guild.owner).user;
  }

  async build(): Promise<Seeded['guilds'][string]> {
    const { guild, path } = this;
    const by = { id: this.#owner.id, self: this.#owner, reason: null };
    const create = { kind: 'createGuild', by, id: this.#id, name: guild.name, icon: null } as const;
    await placed(path, () => this.asker.ask(guildKey(this.#id), create));
    await this.#each('roles', guild.roles, (role) => this.#addRole(role));
    await placed([...path, 'roles'], () => this.#sortRoles());
    await this.#each('members', guild.members, (member) => this.#addMember(member));
    await this.#addChannels();
    await this.#each('messages', guild.messages, (message) => this.#addMessage(message));
    const [channels, roles] = [Object.fromEntries(this.#channels), Object.fromEntries(this.#roles)];
    return { id: this.#id, channels, roles, messages: this.#messages };
  }

  async #each<T>(field: string, things: readonly T[] | undefined, make: (thing: T) => Promise<void>): Promise<void> {
    for (const [at, thing] of (things ?? []).entries()) await placed([...this.path, field, at], () => make(thing));
  }

  get #by() {
    return serverBy(this.#owner);
  }

  async #addRole({
    name,
    permissions,
    color,
    hoist,
    mentionable,
  }: NonNullable<SeedGuild['roles']>[number]): Promise<void> {
    const patch = {
      name,
      permissions: permissions ?? null,
      color: color ?? null,
      hoist: hoist ?? null,
      mentionable: mentionable ?? null,
    };
    const role = await this.asker.ask<{ id: Snowflake }>(guildKey(this.#id), {
      kind: 'createRole',
      by: this.#by,
      patch,
    });
    this.#roles.set(name, role.id);
  }

  /** The first of the list stands highest, as clients show it. */
  async #sortRoles(): Promise<void> {
    const ids = [...this.#roles.values()];
    const moves = ids.map((id, at) => ({ id, position: ids.length - at }));
    if (moves.length > 0) await this.asker.ask(guildKey(this.#id), { kind: 'moveRoles', by: this.#by, moves });
  }

  async #addMember({ user, nick, roles = [] }: NonNullable<SeedGuild['members']>[number]): Promise<void> {
    const account = accountOf(this.accounts, user).user;
    const [guild, by] = [guildKey(this.#id), this.#by];
    if (account.id !== this.#owner.id) await this.asker.ask(guild, { kind: 'addMember', by, user: account });
    const ids = roles.map((name) => this.#roles.get(name) ?? '0');
    const patch = { ...(nick !== undefined && { nick }), ...(ids.length > 0 && { roles: ids }) };
    if (Object.keys(patch).length > 0) {
      await this.asker.ask(guild, { kind: 'updateMember', by, userId: account.id, patch });
    }
  }

  async #addChannels(): Promise<void> {
    const guild = guildKey(this.#id);
    const first = await this.asker.read<readonly { id: Snowflake; name: string }[]>(guild, {
      ask: 'channels',
      by: '0',
    });
    if (this.guild.channels === undefined) {
      for (const { id, name } of first) this.#channels.set(name, id);
      return;
    }
    // Before the others are made: each goes behind its likes.
    for (const { id } of first) await this.asker.ask(guild, { kind: 'deleteChannel', by: this.#by, channelId: id });
    await this.#each('channels', this.guild.channels, (channel) => this.#addChannel(channel));
  }

  async #addChannel({ name, type = 'text', category, topic, nsfw, overwrites }: SeedChannel): Promise<void> {
    const parent = category === undefined ? undefined : this.#channels.get(category);
    const draft: ChannelPatch & { readonly name: string; readonly type: number } = {
      name,
      type: TYPES[type],
      ...(parent !== undefined && { parent_id: parent }),
      ...(topic !== undefined && { topic }),
      ...(nsfw !== undefined && { nsfw }),
      ...(overwrites !== undefined && { permission_overwrites: overwrites.map((each) => this.#overwrite(each)) }),
    };
    const made = await this.asker.ask<{ id: Snowflake }>(guildKey(this.#id), {
      kind: 'createChannel',
      by: this.#by,
      draft,
    });
    this.#channels.set(name, made.id);
  }

  #overwrite(said: NonNullable<SeedChannel['overwrites']>[number]) {
    const role = said.for === '@everyone' ? this.#id : this.#roles.get(said.for);
    const id = role ?? accountOf(this.accounts, said.for).user.id;
    return { id, type: role === undefined ? 1 : 0, allow: said.allow ?? '0', deny: said.deny ?? '0' };
  }

  async #addMessage({ channel, author, pinned, ...form }: NonNullable<SeedGuild['messages']>[number]): Promise<void> {
    const channelId = this.#channels.get(channel) ?? '0';
    const self = accountOf(this.accounts, author).user;
    const by = { id: self.id, self, reason: null };
    const draft = draftOf(form, [], false);
    const guild = guildKey(this.#id);
    const create = { kind: 'createMessage', by, channelId, draft } as const;
    const { id } = await told(`${author} in ${channel}`, () => this.asker.ask<{ id: Snowflake }>(guild, create));
    this.#messages.push(id);
    if (pinned === true) await this.asker.ask(guild, { kind: 'pin', by: this.#by, channelId, messageId: id });
  }
}

/** A refusal says at which place of the seed. */
async function placed<T>(path: Path, make: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const { fields } = error.refusal;
    const [first] = fields ?? [];
    const below = first?.path ?? [];
    throw refusedField([...path, ...below], 'BASE_TYPE_INVALID', first?.message ?? sentenceOf(error));
  }
}

/** A refusal that is about no field says who did what. */
async function told<T>(who: string, make: () => Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    if (!(error instanceof Refused) || error.refusal.fields !== undefined) throw error;
    throw refused(error.refusal.refused, { message: `${who}: ${sentenceOf(error)}` });
  }
}

const sentenceOf = ({ refusal }: Refused): string => refusal.message ?? REFUSALS[refusal.refused][2];
