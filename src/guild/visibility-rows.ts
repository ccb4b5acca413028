/**
 * What a change makes of topics: for each channel whose viewers or topic change, one row with who gains and who loses it (envelope.ts, MovesEntry);
 * and one for the topic of bans.
 */
import type { RowDraft } from '../protocol/decision.ts';
import { guildClass } from '../protocol/events.ts';
import type { Snowflake } from '../protocol/ids.ts';
import type { ChannelRecord, MemberRecord } from '../protocol/records.ts';
import { bansTopic, channelTopic, guildTopic } from '../protocol/topics.ts';
import { LITERAL, thing } from './outcome.ts';
import { baseOfMember, overwritesOf } from './permissions.ts';
import { channelJson } from './render-channel.ts';
import { isPublic, mayBan, ownTopic, type Sight, seesAbove, VIEW_BITS, viewersOf } from './visibility.ts';

/** Members who see the same channels before and after: equal roles, and nobody of them is named by an overwrite or owns the guild. */
interface Kind {
  readonly before: MemberRecord;
  readonly after: MemberRecord;
  readonly users: Snowflake[];
}

interface Change {
  readonly before: ChannelRecord;
  readonly after: ChannelRecord;
  readonly from: string | null;
  readonly to: string | null;
  /** Only the members can have changed. */
  readonly isSame: boolean;
  readonly gained: Snowflake[];
  readonly lost: Snowflake[];
}

/** Who may ban from now on, and who no more. */
type Bans = Pick<Change, 'gained' | 'lost'>;

/**
 * Compares what the members of `before` saw with what they see now. `only`: nothing but these channels can have changed.
 * A channel that is new or gone makes no row here. Costs distinct sets of roles times channels, not members times channels.
 */
export function visibilityRows(before: Sight, after: Sight, only: readonly Snowflake[] | null = null): RowDraft[] {
  const changes = (only ?? [...after.channels.keys()]).flatMap((id) => changeOf(before, after, id) ?? []);
  if (changes.length === 0 && only !== null) return [];
  const bans: Bans = { gained: [], lost: [] };
  for (const kind of kindsOf(before, after, changes)) compare(before, after, kind, changes, bans);
  const rows = changes
    .filter(({ from, to, gained, lost }) => from !== to || gained.length > 0 || lost.length > 0)
    .map(({ before: was, after: is, from, to, gained, lost }) => {
      const bodies = { created: channelJson(is), deleted: channelJson(was) };
      return { kind: 'visibility' as const, channel: is.id, from, to, gained, lost, ...bodies };
    });
  return bans.gained.length + bans.lost.length === 0 ? rows : [...rows, bansRow(after.guild.id, bans)];
}

function bansRow(channel: Snowflake, bans: Bans): RowDraft {
  const topic = bansTopic(channel);
  return { kind: 'visibility', channel, from: topic, to: topic, ...bans, created: null, deleted: null };
}

/** Null: nobody's view of it can have changed. */
function changeOf(before: Sight, after: Sight, id: Snowflake): Change | null {
  const was = before.channels.get(id);
  const is = after.channels.get(id);
  if (was === undefined || is === undefined) return null;
  const from = ownTopic(before, was);
  const to = ownTopic(after, is);
  if (from === null && to === null) return null;
  const isSame = was.permission_overwrites === is.permission_overwrites && from === to;
  return { before: was, after: is, from, to, isSame, gained: [], lost: [] };
}

function kindsOf(before: Sight, after: Sight, changes: readonly Change[]): Iterable<Kind> {
  const special = new Set([before.guild.owner_id, after.guild.owner_id]);
  for (const change of changes) {
    for (const channel of [change.before, change.after]) {
      for (const [id, { role }] of overwritesOf(channel)) if (!role) special.add(id);
    }
  }
  const kinds = new Map<string, Kind>();
  for (const [id, was] of before.members) {
    const is = after.members.get(id);
    if (is === undefined) continue;
    const roles = was.roles === is.roles ? was.roles.join() : `${was.roles.join()}>${is.roles.join()}`;
    const key = special.has(id) ? `${roles}@${id}` : roles;
    const kind = kinds.get(key);
    if (kind === undefined) kinds.set(key, { before: was, after: is, users: [id] });
    else kind.users.push(id);
  }
  return kinds.values();
}

function compare(before: Sight, after: Sight, kind: Kind, changes: readonly Change[], bans: Bans): void {
  const baseBefore = baseOfMember(before, kind.before);
  const baseAfter = baseOfMember(after, kind.after);
  if (mayBan(baseBefore) !== mayBan(baseAfter)) add(mayBan(baseAfter) ? bans.gained : bans.lost, kind.users);
  const isSame = kind.before.roles === kind.after.roles && (baseBefore & VIEW_BITS) === (baseAfter & VIEW_BITS);
  for (const change of changes) {
    if (isSame && change.isSame) continue;
    const saw = change.from === null || seesAbove(before, kind.before, baseBefore, change.before);
    const sees = change.to === null || seesAbove(after, kind.after, baseAfter, change.after);
    if (saw === sees) continue;
    add(sees ? change.gained : change.lost, kind.users);
  }
}

/** One by one: spread, a large guild would be too many arguments. */
function add(list: Snowflake[], users: readonly Snowflake[]): void {
  for (const user of users) list.push(user);
}

/** A new channel: for all, or only for those who see it, who hold its topic from now on. */
export function creationRow(state: Sight, channel: ChannelRecord): RowDraft {
  const d = channelJson(channel);
  if (isPublic(state, channel)) {
    const t = 'CHANNEL_CREATE';
    const note = thing('channel', channel.id);
    return { kind: 'event', topic: guildTopic(state.guild.id), t, d, cls: guildClass(t), full: null, note };
  }
  const topic = channelTopic(channel.id);
  const gained = viewersOf(state, channel);
  return { kind: 'visibility', channel: channel.id, from: topic, to: topic, gained, lost: [], created: d, deleted: d };
}

/** A channel that is gone: told to those who saw it. Of a private one nothing else ever comes under its topic. */
export function deletionRow(state: Sight, channel: ChannelRecord): RowDraft {
  const t = 'CHANNEL_DELETE';
  const topic = ownTopic(state, channel) ?? guildTopic(state.guild.id);
  return { kind: 'event', topic, t, d: channelJson(channel), cls: guildClass(t), full: null, note: LITERAL };
}
