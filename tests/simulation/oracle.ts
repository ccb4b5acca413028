/**
 * What a client must see, from the committed rows alone: it knows nothing of topics, logs, positions, numbers or workers.
 * From a GUILD_CREATE on, a client must get exactly the rows its member could see when they were decided, in order, once.
 */
import { GatewayIntentBits as I } from 'discord-api-types/v10';
import { epochOf } from '../../src/protocol/envelope.ts';
import { guildKey, type OwnerKey, ownerId } from '../../src/protocol/ids.ts';
import type { TinyRow, TinyVoice } from '../support/tiny-rules.ts';

export class Violation extends Error {}

const VOICE = 'VOICE_STATE_UPDATE';

export interface Counts {
  rows: number;
  frames: number;
  resumed: number;
  refused: number;
}

export const emptyCounts = (): Counts => ({ rows: 0, frames: 0, resumed: 0, refused: 0 });

/** A client as the oracle sees it. */
export interface Watched {
  readonly name: number;
  readonly user: string;
  readonly intents: number | null;
  readonly session: string | null;
}

/** A row with the state right after it. */
interface Fact {
  readonly row: TinyRow;
  readonly members: ReadonlySet<string>;
  readonly seers: ReadonlyMap<string, ReadonlySet<string>>;
}

interface GuildView {
  seq: number;
  /** Row of the newest GUILD_CREATE. */
  snapshot: number;
  unavailable: boolean;
  /** Who is in voice there. */
  voices: Map<string, TinyVoice>;
}

/** Who is in voice in the newest load of each guild. */
type Guilds = ReadonlyMap<OwnerKey, Pick<GuildView, 'voices'>>;

interface Seen {
  readonly s: number;
  readonly t: string;
  readonly d: Record<string, unknown>;
}

/** What one client has seen since its READY; kept as frames, so that a client that claims an older `s` is taken at its word. */
interface View {
  frames: Seen[];
  s: number;
  session: string | null;
  guilds: Map<string, GuildView>;
  /** Where it left. */
  left: Map<string, number>;
  resuming: boolean;
  /** It claimed a number that it never got: loss and repetition are its own fault from here; a leak would still be ours. */
  lied: boolean;
  /** It has claimed less than it had: then op 9 may come although nothing was missed. */
  stale: boolean;
}

/** Numbers of a shared stream are positions of a log: a town of this size never comes near. */
const FARTHEST = 1_000_000;

export class Oracle {
  readonly #facts = new Map<string, Fact[]>();
  readonly #epochs = new Map<string, number>();
  readonly #views = new Map<Watched, View>();
  readonly counts = emptyCounts();

  // --- facts

  committed(guild: string, row: TinyRow): void {
    const facts = this.#factsOf(guild);
    facts.push(after(facts.at(-1), row));
    this.counts.rows += 1;
  }

  /** A load with this epoch: rows that are not stored may have died with the loads before it. */
  loaded(guild: string, epoch: number): void {
    this.#epochs.set(guild, epoch);
  }

  // --- what clients do

  /** A client resumes with this `s`: it is taken at its word. */
  claims(client: Watched, s: number): void {
    const { frames, session, lied, stale, s: had } = this.#view(client);
    const lies = lied || (s > 0 && s !== had && !frames.some((frame) => frame.s === s));
    const fresh = this.#empty(client);
    fresh.lied = lies;
    fresh.stale = stale || s < had;
    for (const frame of frames) if (frame.s <= s) this.#see(client, fresh, frame);
    Object.assign(fresh, { s, session, resuming: true });
  }

  /** op 9. What was not owed cannot have been forgotten. */
  refused(client: Watched, why: string | null): void {
    const view = this.#view(client);
    this.counts.refused += 1;
    const isKnown = view.session !== null && !view.lied && !view.stale;
    if (why === 'evicted' && isKnown && !this.#missesAny(client, view))
      this.#fail(client, 'op 9 though nothing was missed');
    this.#empty(client);
  }

  #missesAny(client: Watched, view: View): boolean {
    for (const [guild, facts] of this.#facts) {
      const known = view.guilds.get(guild);
      const left = view.left.get(guild) ?? 0;
      if (known === undefined) {
        if (facts.some(({ row, members }) => row.seq > left && members.has(client.user))) return true;
      } else {
        // A snapshot of a newer load may be what was missed.
        if (known.unavailable || epochOf(known.snapshot) < (this.#epochs.get(guild) ?? 0)) return true;
        if (this.#missing(client, view, guild, known, Number.POSITIVE_INFINITY) !== undefined) return true;
      }
    }
    return false;
  }

  observes(client: Watched, s: number, t: string, d: Record<string, unknown>): void {
    const { resuming } = this.#view(client);
    const view = t === 'READY' ? this.#empty(client) : this.#view(client);
    view.resuming = resuming;
    this.counts.frames += 1;
    if (s <= view.s) this.#fail(client, `s ${s} after ${view.s}`);
    if (s > FARTHEST) this.#fail(client, `s ${s}, more than was ever published`);
    if (client.intents !== null && view.session !== null && s !== view.s + 1 && !view.resuming) {
      this.#fail(client, `own stream jumps from ${view.s} to ${s}`);
    }
    this.#see(client, view, { s, t, d });
  }

  #see(client: Watched, view: View, frame: Seen): void {
    const { s, t, d } = frame;
    view.s = s;
    view.frames.push(frame);
    if (t === 'READY') this.#ready(client, view, d);
    else if (t === 'RESUMED') {
      if (view.resuming) this.counts.resumed += 1;
      view.resuming = false;
    } else if (t === 'GUILD_CREATE') this.#create(client, view, d);
    else if (t === 'GUILD_DELETE' && d.unavailable === true) {
      const known = view.guilds.get(String(d.id));
      if (known !== undefined) known.unavailable = true;
    } else if (t === 'GUILD_DELETE') this.#left(client, view, String(d.id));
    else this.#event(client, view, t, d);
  }

  #ready(client: Watched, view: View, d: Record<string, unknown>): void {
    view.session = String(d.session_id);
    for (const guild of d.guilds as Record<string, unknown>[]) {
      if (guild.unavailable !== true) this.#create(client, view, guild);
    }
  }

  #create(client: Watched, view: View, d: Record<string, unknown>): void {
    const guild = String(d.id);
    const seq = Number(d.seq);
    const channels = (d.channels as string[]).toSorted().join();
    const state = this.#factsOf(guild).findLast(({ row }) => row.seq <= seq);
    const expected = channelsOf(state, client.user).toSorted().join();
    if (!state?.members.has(client.user) || expected !== channels) {
      this.#fail(client, `snapshot ${guild}/${seq} has channels [${channels}], its owner had [${expected}]`);
    }
    const known = view.guilds.get(guild);
    if (known !== undefined) this.#complete(client, view, guild, known, seq + 1, `before the snapshot ${guild}/${seq}`);
    const voices = voicesOf(d);
    if (known !== undefined && !view.lied) this.#carried(client, view, guild, known, seq, voices);
    view.guilds.set(guild, { seq, snapshot: seq, unavailable: false, voices });
  }

  /** What a session knew of its own voice state must be in the next load's snapshot, and nothing else, unless a row in between says so. */
  #carried(
    client: Watched,
    view: View,
    guild: string,
    known: GuildView,
    seq: number,
    voices: GuildView['voices'],
  ): void {
    const [had, has] = [known.voices.get(client.user), voices.get(client.user)];
    if (had?.session !== view.session && has?.session !== view.session) return;
    const concerns = ({ row: { seq: at, draft } }: Fact): boolean => {
      if (at <= known.seq || at > seq) return false;
      if (draft.kind === 'leave') return draft.user === client.user;
      return draft.kind === 'event' && draft.t === VOICE && JSON.parse(draft.d).user_id === client.user;
    };
    if (JSON.stringify(had) === JSON.stringify(has) || this.#factsOf(guild).some(concerns)) return;
    this.#fail(client, `voice in the snapshot ${guild}/${seq} is ${has?.channelId}, was ${had?.channelId}`);
  }

  /** A leave says no row number: it is the first one after what was seen. */
  #left(client: Watched, view: View, guild: string): void {
    const known = view.guilds.get(guild);
    // It was listed, or joined and left before it was known: clients ignore it.
    if (known === undefined) return;
    const leaves = ({ row }: Fact): boolean =>
      row.seq > known.seq && row.draft.kind === 'leave' && row.draft.user === client.user;
    const fact = this.#factsOf(guild).find(leaves);
    if (fact === undefined) {
      if (!view.lied) this.#fail(client, `GUILD_DELETE ${guild} but nobody left`);
    } else this.#complete(client, view, guild, known, fact.row.seq, `before GUILD_DELETE ${guild}/${fact.row.seq}`);
    view.guilds.delete(guild);
    view.left.set(guild, fact?.row.seq ?? 0);
  }

  #event(client: Watched, view: View, t: string, d: Record<string, unknown>): void {
    const guild = String(d.guild_id);
    const seq = Number(d.seq);
    const what = `${t} ${guild}/${seq}`;
    const known = view.guilds.get(guild);
    if (known === undefined) return view.lied ? undefined : this.#fail(client, `${what} before a snapshot`);
    if (known.unavailable && !view.lied) this.#fail(client, `${what} while the guild is unavailable`);
    if (seq <= known.seq && view.lied) return;
    if (seq <= known.seq) this.#fail(client, `${what} again or out of order, after ${known.seq}`);
    const fact = this.#factsOf(guild).find(({ row }) => row.seq === seq);
    if (fact === undefined) return this.#fail(client, `${what} was never committed`);
    if (this.#owed(fact, client, view.session) !== t) this.#fail(client, `leak: ${what}`);
    const content = contentOf(fact, client);
    if ((d.content ?? '') !== content) this.#fail(client, `${what} with content "${d.content}", not "${content}"`);
    this.#complete(client, view, guild, known, seq, `before ${what}`);
    known.seq = seq;
    if (t !== VOICE) return;
    const [user, session, channelId] = [String(d.user_id), String(d.session_id), d.channel_id];
    if (channelId === null) known.voices.delete(user);
    else known.voices.set(user, { session, channelId: String(channelId) });
  }

  /** Which event this row owes the client, if any. */
  #owed({ row, members, seers }: Fact, client: Watched, session: string | null): string | null {
    const { draft } = row;
    const { user, intents } = client;
    if (draft.kind === 'leave') return draft.user === user ? 'GUILD_DELETE' : null;
    if (!members.has(user)) return null;
    if (draft.kind === 'visibility') {
      return draft.gained.includes(user) ? 'CHANNEL_CREATE' : draft.lost.includes(user) ? 'CHANNEL_DELETE' : null;
    }
    if (draft.kind !== 'event') return null;
    const isFull = draft.full?.includes(user) ?? false;
    if (!isFull && intents !== null && draft.cls !== 0 && (draft.cls & intents) === 0) return null;
    if (draft.topic.startsWith('s:')) return draft.topic.slice(2) === session ? draft.t : null;
    const sees = draft.topic.startsWith('g:') || seers.get(ownerId(draft.topic as 'g:'))?.has(user) === true;
    return sees ? draft.t : null;
  }

  /** Everything owed between what the view has and `seq` must have been seen. */
  #complete(client: Watched, view: View, guild: string, known: GuildView, before: number, when: string): void {
    const lost = view.lied ? undefined : this.#missing(client, view, guild, known, before);
    if (lost !== undefined) this.#fail(client, `lost ${guild}/${lost.row.seq} (${lost.row.draft.kind}) ${when}`);
  }

  /** What is not stored may have died with its load. */
  #missing(client: Watched, view: View, guild: string, known: GuildView, before: number): Fact | undefined {
    const epoch = this.#epochs.get(guild) ?? 0;
    return this.#factsOf(guild).find((fact) => {
      const { seq, stored } = fact.row;
      if (seq <= known.seq || seq >= before || (!stored && epochOf(seq) !== epoch)) return false;
      return this.#owed(fact, client, view.session) !== null;
    });
  }

  // --- at rest

  /** Everything has arrived: every client knows exactly its guilds, every row it is owed, and who is in voice. */
  atRest(client: Watched, guilds: Guilds): void {
    const view = this.#view(client);
    for (const [guild, facts] of this.#facts) {
      const known = view.guilds.get(guild);
      const member = facts.at(-1)?.members.has(client.user) ?? false;
      if (member !== (known !== undefined) && !view.lied) {
        this.#fail(client, `at rest: guild ${guild} is ${member ? 'missing' : 'still there'}`);
      }
      if (known?.unavailable && !view.lied) this.#fail(client, `guild ${guild} stays unavailable`);
      if (known !== undefined) this.#complete(client, view, guild, known, Number.POSITIVE_INFINITY, 'at rest');
      const [seen, there] = [known?.voices, guilds.get(guildKey(guild))?.voices].map((all) =>
        JSON.stringify([...(all ?? [])].sort()),
      );
      if (known !== undefined && !view.lied && seen !== there)
        this.#fail(client, `voice at rest: ${seen}, not ${there}`);
    }
  }

  /** All sessions are over: who is over is in voice nowhere. */
  allOver(guilds: Guilds): void {
    for (const [guild, { voices }] of guilds) {
      for (const [user, { session }] of voices) {
        throw new Violation(`user ${user} is in voice in ${guild} with session ${session}, which is over`);
      }
    }
  }

  /** How many guilds he is in. */
  guildsOf(user: string): number {
    return [...this.#facts.values()].filter((facts) => facts.at(-1)?.members.has(user)).length;
  }

  #factsOf(guild: string): Fact[] {
    const facts = this.#facts.get(guild) ?? [];
    this.#facts.set(guild, facts);
    return facts;
  }

  #view(client: Watched): View {
    return this.#views.get(client) ?? this.#empty(client);
  }

  #empty(client: Watched): View {
    const view: View = {
      frames: [],
      s: 0,
      session: null,
      guilds: new Map(),
      left: new Map(),
      resuming: false,
      lied: false,
      stale: false,
    };
    this.#views.set(client, view);
    return view;
  }

  #fail(client: Watched, what: string): void {
    const stream = client.intents === null ? 'shared' : 'own';
    throw new Violation(`client ${client.name} (${client.session}, user ${client.user}, ${stream}): ${what}`);
  }
}

/** Who has not asked for message content gets it only of what is his. */
function contentOf({ row }: Fact, { user, intents }: Watched): string {
  if (row.draft.kind !== 'event') return '';
  const { d, t, full } = row.draft;
  const isMessage = t === 'MESSAGE_CREATE' || t === 'MESSAGE_UPDATE';
  const sees = intents === null || (intents & I.MessageContent) !== 0 || full?.includes(user) === true;
  return isMessage && !sees ? '' : ((JSON.parse(d) as { content?: string }).content ?? '');
}

function voicesOf({ voices }: Record<string, unknown>): GuildView['voices'] {
  const list = voices as readonly (readonly [string, string, string])[];
  return new Map(list.map(([user, session, channelId]) => [user, { session, channelId }]));
}

function after(before: Fact | undefined, row: TinyRow): Fact {
  const members = new Set(before?.members);
  const seers = new Map([...(before?.seers ?? [])].map(([channel, users]) => [channel, new Set(users)]));
  const { draft } = row;
  if (draft.kind === 'join') members.add(draft.user);
  if (draft.kind === 'leave') members.delete(draft.user);
  if (draft.kind === 'visibility') {
    const users = seers.get(draft.channel) ?? new Set();
    for (const user of draft.gained) users.add(user);
    for (const user of draft.lost) users.delete(user);
    seers.set(draft.channel, users);
  }
  return { row, members, seers };
}

function channelsOf(fact: Fact | undefined, user: string): string[] {
  return [...(fact?.seers ?? [])].flatMap(([channel, users]) => (users.has(user) ? [channel] : []));
}
