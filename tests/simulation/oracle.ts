/**
 * What a client must see, from the committed rows alone: it knows nothing of logs, positions, numbers or workers.
 * From a GUILD_CREATE on, a client must get exactly the rows its member could see when they were decided, in order, once.
 */
import { ALL_EVENTS, epochOf } from '../../src/protocol/envelope.ts';
import { tokenMask } from '../../src/protocol/events.ts';
import { guildKey, type OwnerKey } from '../../src/protocol/ids.ts';
import type { TinyRow, TinyVoice } from '../support/tiny-rules.ts';
import { after, channelsOf, contentOf, type Fact, owed, type Subject, subjectOf } from './facts.ts';
import { emptyView, type GuildView, type Seen, show, type View, VOICE, voicesOf } from './views.ts';
import { WISH, type Wish } from './wishes.ts';

export class Violation extends Error {}

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
  readonly socket: { readonly number: number } | null;
  /** Guilds where its session has left voice by op 4. What it said there may have died on its way, the one with the other. */
  readonly hungUp: ReadonlySet<string>;
}

/** What a client says of itself. */
interface Said {
  readonly user: string;
  readonly status: string;
}

/** The most present first; who is invisible is shown to nobody. */
const STATUSES = ['online', 'dnd', 'idle'];

/** The newest load of a guild. */
export interface Loaded {
  readonly voices: ReadonlyMap<string, TinyVoice>;
  /** Of users who are not offline there; absent: its rules know nothing of it. */
  readonly statuses?: ReadonlyMap<string, string>;
  /** The channels that it says he sees; absent: its rows are all it knows. */
  readonly channelsOf?: (user: string) => readonly string[];
}

export type Guilds = ReadonlyMap<OwnerKey, Loaded>;

/** Numbers of a shared stream are positions of a log: a town of this size never comes near. */
const FARTHEST = 1_000_000;

export class Oracle {
  readonly #facts = new Map<string, Fact[]>();
  readonly #epochs = new Map<string, number>();
  readonly #views = new Map<Watched, View>();
  /** What they were about was gone when a later load told them again. */
  readonly #leftOut = new Set<Fact>();
  readonly counts = emptyCounts();

  /** `voiceClass`: the intents of which one hears of voice states; 0: everybody does. */
  constructor(readonly voiceClass = 0) {}

  // --- facts

  committed(guild: string, row: TinyRow): void {
    this.states(guild, after(this.#factsOf(guild).at(-1), row));
  }

  states(guild: string, fact: Fact): void {
    this.#factsOf(guild).push(fact);
    this.counts.rows += 1;
  }

  /** A load with this epoch: rows that are not stored may have died with the loads before it. `isThere`: what it tells again rows from. */
  loaded(guild: string, epoch: number, isThere: (subject: Subject) => boolean = () => true): void {
    this.#epochs.set(guild, epoch);
    for (const fact of this.#factsOf(guild)) {
      const subject = subjectOf(fact);
      if (subject !== null && !isThere(subject)) this.#leftOut.add(fact);
    }
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

  /** It says so now, on its socket. */
  wishes(client: Watched, guild: string, mask: number): void {
    const view = this.#view(client);
    const wish = { guild, mask, socket: client.socket?.number ?? 0, isOwed: view.guilds.has(guild), isHeard: false };
    this.#see(client, view, { s: 0, t: WISH, d: wish });
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
        // A snapshot of a newer load, or of another wish, may be what was missed.
        if (known.unavailable || view.wishes.isOpen(guild) || epochOf(known.snapshot) < (this.#epochs.get(guild) ?? 0))
          return true;
        if (this.#missing(client, view, guild, known, Number.POSITIVE_INFINITY) !== undefined) return true;
      }
    }
    return false;
  }

  observes(client: Watched, s: number, t: string, d: Record<string, unknown>): void {
    const { resuming, frames } = this.#view(client);
    const view = t === 'READY' ? this.#empty(client) : this.#view(client);
    view.resuming = resuming;
    if (t === 'READY') for (const frame of frames) if (frame.t === WISH) this.#see(client, view, frame);
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
    view.frames.push(frame);
    if (t === WISH) return view.wishes.said(d as unknown as Wish);
    view.s = s;
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
    const listed = (d.channels as string[]).toSorted().join();
    const state = this.#factsOf(guild).findLast(({ row }) => row.seq <= seq);
    const expected = channelsOf(state, client.user).toSorted().join();
    if (!state?.members.has(client.user) || expected !== listed) {
      this.#fail(client, `snapshot ${guild}/${seq} has channels [${listed}], its owner had [${expected}]`);
    }
    const known = view.guilds.get(guild);
    if (known !== undefined) this.#complete(client, view, guild, known, seq + 1, `before the snapshot ${guild}/${seq}`);
    const mask = Number(d.mask);
    const isWished =
      client.intents === null
        ? view.wishes.shows(guild, mask, known === undefined)
        : mask === tokenMask(client.intents);
    if (!isWished && !view.lied) this.#fail(client, `snapshot ${guild}/${seq} has mask ${mask.toString(16)}`);
    const voices = voicesOf(d);
    if (known !== undefined && !view.lied) this.#carried(client, view, guild, known, seq, voices);
    const channels = new Set(d.channels as string[]);
    view.guilds.set(guild, { seq, snapshot: seq, mask, unavailable: false, channels, blind: new Set(), voices });
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
    if (has !== undefined && known.blind.has(has.channelId)) return;
    // Then it brings none, though its guild was too busy to hear it, or what it said next.
    if (has === undefined && client.hungUp.has(guild)) return;
    const newest = this.#epochs.get(guild) ?? 0;
    const concerns = ({ row: { seq: at, stored, draft } }: Fact): boolean => {
      // What was not stored a load may have said that died before this one, which does not know of its number.
      const isEarlier = at <= seq || (!stored && epochOf(at) < newest);
      if (at <= known.seq || !isEarlier) return false;
      if (draft.kind === 'leave') return draft.user === client.user;
      return draft.kind === 'event' && draft.t === VOICE && JSON.parse(draft.d).user_id === client.user;
    };
    if (JSON.stringify(had) === JSON.stringify(has) || this.#factsOf(guild).some(concerns)) return;
    this.#fail(client, `voice in the snapshot ${guild}/${seq} is ${has?.channelId}, was ${had?.channelId}`);
  }

  /** A leave says no row number: it is the first one after what was seen. */
  #left(client: Watched, view: View, guild: string): void {
    const known = view.guilds.get(guild);
    view.wishes.left(guild);
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
    if (owed(fact, client, view.session, this.#maskOf(client, view, known)) !== t) this.#fail(client, `leak: ${what}`);
    const contents = this.#formsOf(guild, fact, client).map((said) => contentOf(fact, client, said));
    if (!contents.includes(String(d.content ?? '')))
      this.#fail(client, `${what} with content "${d.content}", not "${contents.join('" or "')}"`);
    this.#complete(client, view, guild, known, seq, `before ${what}`);
    known.seq = seq;
    show(known, t, d);
  }

  /** Everything owed between what the view has and `seq` must have been seen. */
  #complete(client: Watched, view: View, guild: string, known: GuildView, before: number, when: string): void {
    const lost = view.lied ? undefined : this.#missing(client, view, guild, known, before);
    if (lost !== undefined) this.#fail(client, `lost ${guild}/${lost.row.seq} (${lost.row.draft.kind}) ${when}`);
  }

  /** What is not stored may have died with its load. */
  #missing(client: Watched, view: View, guild: string, known: GuildView, before: number): Fact | undefined {
    const epoch = this.#epochs.get(guild) ?? 0;
    const mask = this.#maskOf(client, view, known);
    return this.#factsOf(guild).find((fact) => {
      const { seq, stored } = fact.row;
      if (seq <= known.seq || seq >= before || (!stored && epochOf(seq) !== epoch)) return false;
      const t = owed(fact, client, view.session, mask);
      // Who has lost a channel that is gone by now is told so all the same.
      const isLeftOut = this.#leftOut.has(fact) && !(fact.row.draft.kind === 'visibility' && t === 'CHANNEL_DELETE');
      return t !== null && !isLeftOut;
    });
  }

  /** Whose number was made up may be where another mask held. */
  #maskOf({ intents }: Watched, { lied }: View, { mask }: GuildView): number {
    return intents === null && lied ? ALL_EVENTS : mask;
  }

  /** The row itself, and what a later load may tell instead: the message as it is by then, of which he could hear. */
  #formsOf(guild: string, fact: Fact, { user }: Watched): Fact[] {
    const subject = subjectOf(fact);
    if (subject?.as !== 'message') return [fact];
    const later = this.#factsOf(guild).filter(({ row }) => row.seq > fact.row.seq);
    return [fact, ...later.filter((one) => subjectOf(one)?.id === subject.id && one.hearers?.has(user) === true)];
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
      const mask = view.wishes.owed(guild, client.socket?.number ?? null);
      if (known !== undefined && !view.lied && client.intents === null && mask !== null && mask !== known.mask) {
        this.#fail(client, `at rest: the mask of ${guild} is ${known.mask.toString(16)}, not ${mask.toString(16)}`);
      }
      if (known !== undefined && !view.lied) this.#sameAtRest(client, known, facts.at(-1), guilds.get(guildKey(guild)));
    }
  }

  /** What the client shows is what its guild is. */
  #sameAtRest(client: Watched, known: GuildView, last: Fact | undefined, loaded: Loaded | undefined): void {
    const lists = [
      [...known.channels],
      channelsOf(last, client.user),
      loaded?.channelsOf?.(client.user) ?? [...known.channels],
    ];
    const [shown, owned, stated] = lists.map((channels) => channels.toSorted().join());
    if (shown !== owned || shown !== stated)
      this.#fail(client, `channels at rest: [${shown}], its rows say [${owned}], its guild [${stated}]`);
    const hears = client.intents === null || this.voiceClass === 0 || (client.intents & this.voiceClass) !== 0;
    const isShown = ([user, { channelId }]: [string, TinyVoice]): boolean => {
      const isSeen = last?.seers.has(channelId) !== true || known.channels.has(channelId);
      return (hears || user === client.user) && isSeen && !known.blind.has(channelId);
    };
    const [seen, there] = [known.voices, loaded?.voices ?? []].map((all) =>
      JSON.stringify([...all].filter(isShown).sort()),
    );
    if (seen !== there) this.#fail(client, `voice at rest: ${seen}, not ${there}`);
  }

  /** Everybody has said what he is, and each guild shows the most present of each member's sessions. */
  shownAtRest(guilds: Guilds, clients: readonly Said[]): void {
    for (const [guild, facts] of this.#facts) {
      const { statuses } = guilds.get(guildKey(guild)) ?? {};
      for (const user of statuses === undefined ? [] : (facts.at(-1)?.members ?? [])) {
        const his = clients.filter((client) => client.user === user).map(({ status }) => status);
        const owed = STATUSES.find((status) => his.includes(status));
        const shown = statuses?.get(user);
        if (owed !== shown) throw new Violation(`at rest ${user} is ${shown} in ${guild}, and says ${owed}`);
      }
    }
  }

  /** All sessions are over: who is over is in voice nowhere, and online nowhere. */
  allOver(guilds: Guilds): void {
    this.shownAtRest(guilds, []);
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
    const view = emptyView();
    this.#views.set(client, view);
    return view;
  }

  #fail(client: Watched, what: string): void {
    const stream = client.intents === null ? 'shared' : 'own';
    throw new Violation(`client ${client.name} (${client.session}, user ${client.user}, ${stream}): ${what}`);
  }
}
