/** The world as a client of one session believes it, from its dispatches alone; and what it was told that cannot be. */
import type { Frame } from './raw-gateway.ts';

interface Channel {
  readonly id: string;
  readonly guild_id: string;
  readonly name: string;
  readonly permission_overwrites?: readonly { readonly id: string; readonly type: number }[];
  readonly last_message_id?: string | null;
}
interface Role {
  readonly id: string;
  readonly name: string;
  readonly permissions: string;
}
interface Member {
  readonly user: { readonly id: string };
  readonly roles: readonly string[];
}
interface GuildWire {
  readonly id: string;
  readonly unavailable?: boolean;
  readonly name: string;
  readonly channels: readonly Channel[];
  readonly roles: readonly Role[];
  readonly members: readonly Member[];
}

interface Guild {
  name: string;
  readonly channels: Map<string, Channel>;
  readonly roles: Map<string, Role>;
  readonly members: Map<string, readonly string[]>;
}

/** From the dispatch that showed a channel to the one that hid it. */
interface Stretch {
  readonly channel: string;
  /** Last message before it. */
  readonly after: string | null;
  readonly seen: string[];
  /** Last message in it, as the dispatch that ended it says; undefined: nobody said. */
  until: string | null | undefined;
  isOpen: boolean;
}

/** What a comparison with REST looks at. */
export interface Seen {
  readonly name: string;
  readonly channels: readonly unknown[];
  readonly roles: readonly unknown[];
  readonly members: readonly unknown[];
}

const byId = (a: readonly [string, ...unknown[]], b: readonly [string, ...unknown[]]): number => (a[0] < b[0] ? -1 : 1);

/** The parts of a guild that a client must know, in one form; `only`: the one member that a bot without presences is told. */
export function seenOf(guild: Omit<GuildWire, 'id'>, only: string | null): Seen {
  const known = new Set(guild.roles.map(({ id }) => id));
  // Clients ignore what an overwrite says of a role that is gone.
  const alive = ({ permission_overwrites: all = [] }: Channel) =>
    all.filter(({ id, type }) => type === 1 || known.has(id));
  const channels = guild.channels.map((channel) => [channel.id, channel.name, JSON.stringify(alive(channel))] as const);
  const roles = guild.roles.map(({ id, name, permissions }) => [id, name, permissions] as const);
  const members = guild.members.map(({ user, roles }) => [user.id, [...roles].sort().join()] as const);
  return {
    name: guild.name,
    channels: channels.sort(byId),
    roles: roles.sort(byId),
    members: members.filter(([id]) => only === null || id === only).sort(byId),
  };
}

type Data = Record<string, unknown>;

export class Picture {
  readonly guilds = new Map<string, Guild>();
  /** What a client would stumble over. */
  readonly problems: string[] = [];
  /** Unavailable in READY: they come by GUILD_CREATE, or go without ever having come. */
  readonly #awaited = new Set<string>();
  readonly #stretches: Stretch[] = [];
  readonly #messages = new Set<string>();

  static of(frames: readonly Frame[]): Picture {
    const picture = new Picture();
    for (const { t, d } of frames) if (t !== null) picture.#take(t, d as Data);
    return picture;
  }

  guild(id: string, only: string | null): Seen | null {
    const guild = this.guilds.get(id);
    if (guild === undefined) return null;
    const members = [...guild.members].map(([user, roles]) => ({ user: { id: user }, roles }));
    const { name, channels, roles } = guild;
    return seenOf({ name, channels: [...channels.values()], roles: [...roles.values()], members }, only);
  }

  /** Every message of the stretches in which a channel was visible has come. `stored`: ids of each channel, ascending. */
  gaps(stored: ReadonlyMap<string, readonly string[]>): string[] {
    return this.#stretches.flatMap(({ channel, after, seen, until, isOpen }) => {
      const all = stored.get(channel) ?? [];
      const first = after === null ? 0 : all.indexOf(after) + 1;
      const told = until === null ? first : until === undefined ? first + seen.length : all.indexOf(until) + 1;
      const due = all.slice(first, isOpen ? all.length : told);
      return due.join() === seen.join() ? [] : [`in ${channel} after ${after}: ${seen.join()}, not ${due.join()}`];
    });
  }

  #take(t: string, d: Data): void {
    if (t === 'READY') this.#ready(d.guilds as GuildWire[]);
    if (t === 'GUILD_CREATE') this.#create(d as unknown as GuildWire);
    if (t === 'GUILD_DELETE') this.#delete(d.id as string);
    if (t === 'MESSAGE_CREATE') this.#message(d);
    if (t.startsWith('CHANNEL_') && t !== 'CHANNEL_PINS_UPDATE') this.#channel(t, d as unknown as Channel);
    if (t.startsWith('GUILD_ROLE_')) this.#role(t, d);
    if (t.startsWith('GUILD_MEMBER_')) this.#member(t, d);
    if (t === 'GUILD_UPDATE') {
      const guild = this.#known(t, d.id);
      if (guild !== undefined) guild.name = d.name as string;
    }
  }

  #ready(guilds: readonly GuildWire[]): void {
    for (const guild of guilds) {
      if (guild.unavailable === true) this.#awaited.add(guild.id);
      else this.#create(guild);
    }
  }

  #known(t: string, id: unknown): Guild | undefined {
    const guild = this.guilds.get(String(id));
    if (guild === undefined) this.problems.push(`${t} of the unknown guild ${id}`);
    return guild;
  }

  #create({ id, name, channels, roles, members }: GuildWire): void {
    if (this.guilds.has(id)) this.problems.push(`GUILD_CREATE twice: ${id}`);
    this.#awaited.delete(id);
    this.guilds.set(id, {
      name,
      channels: new Map(channels.map((channel) => [channel.id, channel])),
      roles: new Map(roles.map((role) => [role.id, role])),
      members: new Map(members.map(({ user, roles }) => [user.id, roles])),
    });
    for (const channel of channels) this.#show(channel);
  }

  #delete(id: string): void {
    if (this.#awaited.delete(id)) return;
    const guild = this.#known('GUILD_DELETE', id);
    for (const channel of guild?.channels.values() ?? []) this.#hide(channel.id, undefined);
    this.guilds.delete(id);
  }

  #show({ id, last_message_id: after = null }: Channel): void {
    this.#stretches.push({ channel: id, after, seen: [], until: undefined, isOpen: true });
  }

  #hide(id: string, until: string | null | undefined): void {
    const stretch = this.#stretch(id);
    if (stretch !== undefined) Object.assign(stretch, { isOpen: false, until });
  }

  #stretch(id: string): Stretch | undefined {
    return this.#stretches.findLast(({ channel, isOpen }) => channel === id && isOpen);
  }

  #message({ id, channel_id, guild_id }: Data): void {
    if (guild_id === undefined) return;
    if (this.#messages.has(id as string)) this.problems.push(`MESSAGE_CREATE twice: ${id}`);
    this.#messages.add(id as string);
    const guild = this.#known('MESSAGE_CREATE', guild_id);
    if (guild !== undefined && !guild.channels.has(channel_id as string)) {
      this.problems.push(`MESSAGE_CREATE in the hidden channel ${channel_id}`);
    }
    this.#stretch(channel_id as string)?.seen.push(id as string);
  }

  #channel(t: string, channel: Channel): void {
    if (channel.guild_id === undefined) return;
    const { id } = channel;
    const channels = this.#known(t, channel.guild_id)?.channels;
    if (channels === undefined) return;
    if ((t === 'CHANNEL_CREATE') === channels.has(id)) this.problems.push(`${t} of ${id} at the wrong time`);
    if (t === 'CHANNEL_CREATE') this.#show(channel);
    if (t === 'CHANNEL_DELETE') {
      this.#hide(id, channel.last_message_id);
      channels.delete(id);
    } else channels.set(id, channel);
  }

  #role(t: string, { guild_id, role, role_id }: Data): void {
    const roles = this.#known(t, guild_id)?.roles;
    if (role_id !== undefined) this.#dropRole(String(guild_id), String(role_id));
    else roles?.set((role as Role).id, role as Role);
  }

  /** It is gone from all who had it; clients do that by themselves. */
  #dropRole(guildId: string, roleId: string): void {
    const guild = this.guilds.get(guildId);
    guild?.roles.delete(roleId);
    for (const [id, roles] of guild?.members ?? []) {
      guild?.members.set(
        id,
        roles.filter((role) => role !== roleId),
      );
    }
  }

  #member(t: string, d: Data): void {
    const members = this.#known(t, d.guild_id)?.members;
    const { user, roles } = d as unknown as Member;
    if (t === 'GUILD_MEMBER_REMOVE') members?.delete(user.id);
    else members?.set(user.id, roles);
  }
}
