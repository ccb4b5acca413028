/**
 * Who sees what in one guild, in two ways that know nothing of each other: from its rows, one by one, and from its stored records by the rule of
 * bits and overwrites, written here by hand. After each decision both must say the same.
 */
import { PermissionFlagsBits as P } from 'discord-api-types/v10';
import type { EventDraft, RowDraft } from '../../src/protocol/decision.ts';
import type { ChannelRecord } from '../../src/protocol/records.ts';
import type { Write } from '../../src/protocol/writes.ts';
import type { TinyRow } from '../support/tiny-rules.ts';
import { BANS, type Fact } from './facts.ts';

export interface Decided {
  readonly rows: readonly TinyRow[];
  readonly writes: readonly Write[];
}

const ABOUT_CHANNELS = /^CHANNEL_(?:CREATE|UPDATE|DELETE)$/;
const ABOUT_BANS = /^GUILD_BAN_/;

export class Witness {
  // --- as stored
  #owner = '';
  readonly #roles = new Map<string, bigint>();
  readonly #holders = new Map<string, readonly string[]>();
  readonly #channels = new Map<string, ChannelRecord['permission_overwrites']>();
  // --- as the rows say
  readonly #members = new Set<string>();
  readonly #seers = new Map<string, Set<string>>();
  /** The same, as the facts since the last change share it. */
  #now: Pick<Fact, 'members' | 'seers'> | null = null;
  /** Something has changed on which it depends who sees what. */
  #isDoubtful = false;

  constructor(readonly guild: string) {}

  /** Throws when rows and records do not agree. */
  hears({ rows, writes }: Decided): Fact[] {
    for (const write of writes) this.#store(write);
    const facts = rows.map((row) => this.#follow(row));
    if (!this.#isDoubtful) return facts;
    this.#isDoubtful = false;
    const [told, stored] = [this.#seers, this.#reckoned()].map((seers) =>
      JSON.stringify([...seers].map(([channel, users]) => [channel, [...users].sort()]).sort()),
    );
    const [members, holders] = [this.#members, this.#holders.keys()].map((users) => [...users].sort().join());
    const kinds = rows.map(({ draft }) => (draft.kind === 'event' ? draft.t : draft.kind)).join();
    if (members !== holders) throw new Error(`after ${kinds} members by rows: ${members}, by records: ${holders}`);
    if (told !== stored) throw new Error(`after ${kinds} who sees what, by rows: ${told}, by overwrites: ${stored}`);
    return facts;
  }

  #store(write: Write): void {
    if (/^(?:put|delete)(?:Guild|Role|Member|Channel)$/.test(write.w)) this.#isDoubtful = true;
    switch (write.w) {
      case 'putGuild':
        this.#owner = write.guild.owner_id;
        return;
      case 'putRole':
        return void this.#roles.set(write.role.id, BigInt(write.role.permissions));
      case 'deleteRole':
        return void this.#roles.delete(write.roleId);
      case 'putMember':
        return void this.#holders.set(write.member.user.id, write.member.roles);
      case 'deleteMember':
        return void this.#holders.delete(write.userId);
      case 'putChannel':
        return void this.#channels.set(write.channel.id, write.channel.permission_overwrites);
      case 'deleteChannel':
        return void this.#channels.delete(write.channelId);
    }
  }

  // --- by the records

  #reckoned(): Map<string, Set<string>> {
    const users = [...this.#holders.keys()];
    const those = (may: (user: string) => boolean): Set<string> => new Set(users.filter(may));
    const seers = new Map([...this.#channels.keys()].map((id) => [id, those((user) => this.#sees(user, id))]));
    return seers.set(
      BANS,
      those((user) => this.#may(user, P.BanMembers)),
    );
  }

  #held(user: string): bigint[] {
    return [this.guild, ...(this.#holders.get(user) ?? [])].map((role) => this.#roles.get(role) ?? 0n);
  }

  /** In the whole guild. */
  #may(user: string, bit: bigint): boolean {
    return user === this.#owner || this.#held(user).some((bits) => (bits & (bit | P.Administrator)) !== 0n);
  }

  /** Owner, administrator, then what is said to all, to his roles, and to him: the later counts, and of one level an allowance. */
  #sees(user: string, channel: string): boolean {
    const roles = (this.#holders.get(user) ?? []).filter((role) => this.#roles.has(role));
    if (this.#may(user, P.Administrator)) return true;
    const overwrites = this.#channels.get(channel) ?? [];
    let sees = this.#may(user, P.ViewChannel);
    for (const [type, ids] of [
      [0, [this.guild]],
      [0, roles],
      [1, [user]],
    ] as const) {
      const said = overwrites.filter((overwrite) => overwrite.type === type && ids.includes(overwrite.id));
      if (said.some(({ deny }) => (BigInt(deny) & P.ViewChannel) !== 0n)) sees = false;
      if (said.some(({ allow }) => (BigInt(allow) & P.ViewChannel) !== 0n)) sees = true;
    }
    return sees;
  }

  // --- by the rows

  #follow(row: TinyRow): Fact {
    const { draft } = row;
    const hearers = draft.kind === 'event' ? { hearers: this.#hearers(draft) } : {};
    this.#apply(draft);
    this.#now ??= {
      members: new Set(this.#members),
      seers: new Map([...this.#seers].map(([channel, users]) => [channel, new Set(users)])),
    };
    return { row, ...this.#now, ...hearers };
  }

  #apply(draft: RowDraft): void {
    if (draft.kind === 'event' && !/^CHANNEL_(?:CREATE|DELETE)$/.test(draft.t)) return;
    this.#now = null;
    this.#isDoubtful = true;
    if (draft.kind === 'join') {
      this.#members.add(draft.user);
      // Of what he sees from the start his snapshot tells him. The first channels of a guild have no rows.
      for (const [channel, users] of this.#reckoned())
        if (users.has(draft.user)) this.#seersOf(channel).add(draft.user);
    } else if (draft.kind === 'leave') {
      this.#members.delete(draft.user);
      for (const users of this.#seers.values()) users.delete(draft.user);
    } else if (draft.kind === 'visibility') {
      const users = this.#seersOf(draft.created === null ? BANS : draft.channel);
      const isNews = draft.gained.every((user) => !users.has(user)) && draft.lost.every((user) => users.has(user));
      if (!isNews) throw new Error(`a row says that ${draft.channel} is shown or hidden where it was so before`);
      for (const user of draft.gained) users.add(user);
      for (const user of draft.lost) users.delete(user);
    } else if (draft.kind === 'event') {
      const channel = channelOf(draft) ?? '';
      if (draft.t === 'CHANNEL_CREATE') this.#seers.set(channel, new Set(this.#members));
      else this.#seers.delete(channel);
    }
  }

  #seersOf(channel: string): Set<string> {
    const users = this.#seers.get(channel) ?? new Set();
    this.#seers.set(channel, users);
    return users;
  }

  /** Members who see the channel that it is about; all, when it is about none, or tells of a new one that all see. */
  #hearers(draft: EventDraft): ReadonlySet<string> {
    const channel = channelOf(draft);
    if (channel === null || draft.t === 'CHANNEL_CREATE') return new Set(this.#members);
    return new Set(this.#seers.get(channel));
  }
}

/** Its topic says where somebody was who is in no voice channel any more. */
function channelOf({ t, d, topic }: EventDraft): string | null {
  const { id, channel_id } = JSON.parse(d) as { readonly id?: string; readonly channel_id?: string | null };
  if (ABOUT_CHANNELS.test(t)) return id ?? null;
  if (ABOUT_BANS.test(t)) return BANS;
  return channel_id ?? (topic.startsWith('c:') ? topic.slice(2) : null);
}
