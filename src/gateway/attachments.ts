/**
 * Attach is the only way a session gets an owner's events: identify, join, move, change of wishes, hole, new owner. Asks, answers, and what each entry of
 * an owner's link means for the sessions here. docs/ARCHITECTURE.md tells the rules; guilds and user actors are alike.
 */

import type { Directory } from '../actor/directory.ts';
import {
  type AnswerEntry,
  type Body,
  epochOf,
  type MovesEntry,
  type OutletEntry,
  type Relay,
} from '../protocol/envelope.ts';
import { guildClass, type Wished, wished } from '../protocol/events.ts';
import { type OwnerKey, ownerId, type SessionId, type Snowflake, type WorkerId } from '../protocol/ids.ts';
import type { Standing } from '../protocol/residence.ts';
import type { Asks } from './asks.ts';
import { type Attachment, newAttachment } from './attachment.ts';
import type { GatewayLimits } from './limits.ts';
import type { GatewayMetrics } from './metrics.ts';
import type { Outlet } from './outlet.ts';
import type { Session } from './session.ts';
import { onShard } from './shard.ts';
import { heardVoice } from './voices.ts';

export interface AttachmentPorts {
  readonly directory: Directory;
  readonly asks: Asks;
  readonly outlet: Outlet;
  readonly metrics: GatewayMetrics;
  readonly sessions: ReadonlyMap<SessionId, Session>;
  readonly sessionsOf: (user: Snowflake) => Iterable<Session>;
  readonly limits: Pick<GatewayLimits, 'sessionGuilds'>;
  /** It was given away and has not settled: when it has, this owner is told to forget what it has of it here. */
  readonly isGiven: (session: SessionId, hop: number, owner: OwnerKey) => boolean;
  readonly invalidate: (session: Session, why: string) => void;
  /** It has more guilds than a bot's session may: it ends. */
  readonly crowded: (session: Session) => void;
  /** First answer of the session's user actor. */
  readonly welcome: (session: Session, answer: AnswerEntry) => void;
  /** True: the snapshot goes into READY. */
  readonly gather: (session: Session, owner: OwnerKey, create: Body) => boolean;
  /** Nothing of this session is asked for any more. */
  readonly settled: (session: Session) => void;
}

/** An owner as this worker hears it. */
interface Heard {
  /** The text that all who attach to it share. */
  readonly owner: OwnerKey;
  /** Null: nothing heard yet. */
  worker: WorkerId | null;
  epoch: number;
  /** The owner's count of what it sent here; null: the next one is taken as it is. */
  n: number | null;
  /** Last row that passed the outlet. */
  seq: number;
  readonly sessions: Set<Session>;
}

export class Attachments {
  readonly #ports: AttachmentPorts;
  readonly #owners = new Map<OwnerKey, Heard>();

  constructor(ports: AttachmentPorts) {
    this.#ports = ports;
  }

  /** Those that a session of this worker hears or has asked. */
  get owners(): number {
    return this.#owners.size;
  }

  // --- what sessions want

  attach(session: Session, owner: OwnerKey, joinedAt: number): void {
    // It may have ended in the middle of an answer: an ask for it would be repeated for ever.
    if (session.attachments.has(owner) || this.#ports.sessions.get(session.id) !== session) return;
    this.#adopt(session, newAttachment(this.#heard(owner).owner, session.traits.mask, joinedAt));
  }

  /** A session that has moved here goes on from where its old worker stopped. */
  resume(session: Session, { owner, since, held, wanted, joinedAt, promised }: Standing): void {
    if (promised) session.promised.add(owner);
    this.#adopt(session, { ...newAttachment(this.#heard(owner).owner, wanted, joinedAt), since, held });
  }

  #adopt(session: Session, attachment: Attachment): void {
    session.attachments.set(attachment);
    this.#heard(attachment.owner).sessions.add(session);
    this.#ports.asks.ask(session, attachment);
  }

  /** Another mask from here on: what is held ends in this turn, and the owner is asked for what follows. Of a guild that it is not in nobody hears. */
  wish(session: Session, owner: OwnerKey, wish: Wished): void {
    const attachment = session.attachments.get(owner);
    const wanted = wished(attachment?.wanted ?? 0, wish);
    if (attachment === undefined || attachment.wanted === wanted) return;
    attachment.wanted = wanted;
    this.#stop(session, attachment);
    // An answer that is on its way has the mask of before.
    attachment.ask = 0;
    this.#ports.asks.ask(session, attachment);
  }

  /** The session leaves: its standing with each owner as of what the outlet has published. */
  leave(session: Session): Standing[] {
    const standings: Standing[] = [];
    for (const attachment of session.attachments) {
      this.#stop(session, attachment);
      const { owner, since, held, wanted, joinedAt } = attachment;
      const promised = session.promised.has(owner);
      standings.push({ owner, since, held, wanted, joinedAt, promised });
      this.#remove(session, attachment);
    }
    session.attachments.clear();
    return standings;
  }

  forget(owner: OwnerKey, session: SessionId, hop: number, user?: Snowflake): void {
    this.#ports.directory.interest(owner, { kind: 'forget', session, hop, ...(user !== undefined && { user }) });
  }

  // --- the outlet's entries, in order

  take(from: WorkerId | null, entry: OutletEntry): void {
    if (entry.what === 'placed') {
      const { owner, worker, epoch, takesOver } = entry;
      this.#placed(owner, worker, epoch);
      const { directory } = this.#ports;
      if (takesOver) directory.interest(owner, { kind: 'asked', worker: directory.self, epoch });
      return;
    }
    if (entry.what === 'refused') {
      const { owner, swallowed } = entry.mark;
      if (swallowed !== null) this.#strange(owner, swallowed.session, swallowed.hop);
      this.#ports.asks.pause(owner);
      return this.#hole(owner);
    }
    this.#relay(from, entry.relay);
  }

  /** The owner has a session as being here. One that was just given away is there still: its user must not look gone until it has arrived. */
  #strange(owner: OwnerKey, session: SessionId, hop: number): void {
    const { sessions, isGiven } = this.#ports;
    if (!sessions.has(session) && !isGiven(session, hop, owner)) this.forget(owner, session, hop);
  }

  #relay(from: WorkerId | null, relay: Relay): void {
    const { owner, epoch, n, seq, entry } = relay;
    if (entry.kind === 'answer') this.#strange(owner, entry.session, entry.hop);
    const heard = this.#owners.get(owner);
    if (heard === undefined || epoch < heard.epoch) return;
    if (heard.epoch === 0) heard.epoch = epoch;
    else if (epoch > heard.epoch) this.#placed(owner, from, epoch);
    const expected = heard.n === null ? n : heard.n + 1;
    if (n !== expected) this.#hole(owner);
    heard.n = n;
    heard.worker = from ?? heard.worker;
    this.#entry(relay, heard);
    heard.seq = Math.max(heard.seq, seq);
  }

  #entry({ owner, seq, entry }: Relay, heard: Heard): void {
    switch (entry.kind) {
      case 'event':
        return this.#event(owner, entry.topic, entry.body);
      case 'moves':
        return this.#moves(owner, heard, entry);
      case 'leave':
        for (const id of entry.sessions) this.#left(id, owner, seq);
        return;
      case 'joined':
        for (const session of [...heard.sessions]) {
          if (session.attachments.get(owner)?.attached) this.joined(session, entry.guild, entry.seq);
        }
        return;
      case 'answer':
        return this.#answer(owner, seq, entry);
    }
  }

  #event(owner: OwnerKey, topic: string, body: Body): void {
    const { outlet, sessions } = this.#ports;
    if (body.t === 'VOICE_STATE_UPDATE') this.#heardVoice(owner, body.d);
    if (!topic.startsWith('s:')) return outlet.publish(owner, topic, body);
    // One topic for all owners: what comes from one where the session is not attached now is in that owner's answer.
    const session = sessions.get(topic.slice(2));
    if (session?.attachments.get(owner)?.attached) outlet.owe(session, owner, body);
  }

  /** Whether it is shown to him or not: what others do to him counts, too. */
  #heardVoice(owner: OwnerKey, d: string): void {
    const { user, session, voice } = heardVoice(d);
    for (const one of this.#ports.sessionsOf(user)) one.voices.said(owner, one.id === session ? voice : null);
  }

  /** The list is applied whole; who is not on it and sees the channel follows its topic's new name. */
  #moves(owner: OwnerKey, heard: Heard, { from, to, created, deleted, ...lists }: MovesEntry): void {
    const { outlet } = this.#ports;
    const gained = new Set(lists.gained);
    const lost = new Set(lists.lost);
    // Where no topic changes its name, only those on the list have something to do.
    const all = from === to ? this.#sessionsOf([...lists.gained, ...lists.lost]) : [...heard.sessions];
    for (const session of all) {
      const attachment = session.attachments.get(owner);
      if (attachment === undefined || !attachment.attached) continue;
      const saw = from === null || attachment.topics.has(from);
      const loses = saw && lost.has(session.id);
      const gains = !loses && gained.has(session.id);
      if (gains && created !== null) outlet.owe(session, owner, created);
      if (from !== null && saw && (loses || from !== to)) outlet.release(session, attachment, from);
      if (loses && deleted !== null) outlet.owe(session, owner, deleted);
      if (!loses && to !== null && (saw || gains)) outlet.hold(session, attachment, to);
    }
  }

  #sessionsOf(ids: Iterable<SessionId>): Session[] {
    return [...new Set(ids)].flatMap((id) => this.#ports.sessions.get(id) ?? []);
  }

  #left(id: SessionId, owner: OwnerKey, seq: number): void {
    const session = this.#ports.sessions.get(id);
    const attachment = session?.attachments.get(owner);
    // A session that is asking learns of it from the answer.
    if (session === undefined || attachment === undefined || !attachment.attached) return;
    this.#stop(session, attachment);
    this.#gone(session, attachment, seq, true);
  }

  #gone(session: Session, attachment: Attachment, seq: number, told: boolean): void {
    const { owner, joinedAt } = attachment;
    if (owner.startsWith('u:')) return this.#ports.invalidate(session, 'user gone');
    session.attachments.delete(owner);
    this.#remove(session, attachment);
    // What the client never heard of is not taken back.
    if (session.promised.delete(owner) || told) {
      const d = `{"id":"${ownerId(owner)}"}`;
      this.#ports.outlet.owe(session, owner, { t: 'GUILD_DELETE', d, cls: guildClass('GUILD_DELETE'), full: null });
    }
    // Its new membership may have been told before the end of the old one.
    if (joinedAt > seq) this.attach(session, owner, joinedAt);
  }

  #answer(owner: OwnerKey, seq: number, answer: AnswerEntry): void {
    const { sessions, outlet, invalidate } = this.#ports;
    const session = sessions.get(answer.session);
    const attachment = session?.attachments.get(owner);
    if (session === undefined || attachment === undefined || answer.hop !== session.traits.hop) return;
    if (attachment.ask !== answer.ask) return;
    this.#ports.asks.answered(attachment);
    session.voices.said(owner, answer.voice);
    if (this.#mustShard(session, answer)) return this.#ports.crowded(session);
    if (answer.missed === null) return invalidate(session, 'owner forgot');
    for (const body of answer.missed) outlet.owe(session, owner, body);
    if (answer.create !== null) this.#create(session, attachment, seq, answer.create);
    if (answer.topics.length === 0) {
      this.#gone(session, attachment, seq, false);
      return this.#settle(session);
    }
    Object.assign(attachment, { attached: true, at: seq, mask: answer.mask, since: null, held: null });
    for (const topic of onShard(owner, session.traits.shard) ? answer.topics : []) {
      outlet.hold(session, attachment, topic);
    }
    if (owner.startsWith('u:') && !session.welcomed) this.#ports.welcome(session, answer);
    for (const [guild, row] of answer.guilds ?? []) this.joined(session, guild, row);
    this.#settle(session);
  }

  #settle(session: Session): void {
    for (const one of session.attachments) if (!one.attached) return;
    if (this.#ports.sessions.has(session.id)) this.#ports.settled(session);
  }

  #create(session: Session, attachment: Attachment, seq: number, create: Body): void {
    const { outlet, gather } = this.#ports;
    const { owner, since } = attachment;
    session.promised.delete(owner);
    if (owner.startsWith('u:') || gather(session, owner, create)) return;
    // Clients drop a guild's channels when it becomes unavailable, so what was missed goes first.
    if (since !== null && epochOf(since) < epochOf(seq)) {
      const d = `{"id":"${ownerId(owner)}","unavailable":true}`;
      outlet.owe(session, owner, { t: 'GUILD_DELETE', d, cls: guildClass('GUILD_DELETE'), full: null });
    }
    outlet.owe(session, owner, create);
  }

  /** The user actor says: he is in this guild since that row of it. */
  joined(session: Session, guild: OwnerKey, row: number): void {
    if (!onShard(guild, session.traits.shard)) return;
    const known = session.attachments.get(guild);
    // One of them is his own actor.
    const isFull = session.attachments.size > this.#ports.limits.sessionGuilds;
    if (known !== undefined) known.joinedAt = Math.max(known.joinedAt, row);
    else if (!isFull) this.attach(session, guild, row);
  }

  /** A bot that identifies with more guilds than one session may have. */
  #mustShard({ traits, welcomed }: Session, { guilds }: AnswerEntry): boolean {
    const { sessionGuilds } = this.#ports.limits;
    if (welcomed || !traits.own || guilds === null || guilds.length <= sessionGuilds) return false;
    return guilds.filter(([guild]) => onShard(guild, traits.shard)).length > sessionGuilds;
  }

  // --- stopping and asking again

  /** Holds end here; `since` and `held` remember where. */
  #stop(session: Session, attachment: Attachment): void {
    if (!attachment.attached) return;
    const topics = [...attachment.topics];
    attachment.attached = false;
    attachment.since = Math.max(attachment.at, this.#owners.get(attachment.owner)?.seq ?? 0);
    attachment.held = { topics, mask: attachment.mask };
    for (const topic of topics) this.#ports.outlet.release(session, attachment, topic);
  }

  /** Something of this owner was lost on the way: its sessions attach again from where the outlet stands. */
  #hole(owner: OwnerKey): void {
    this.#ports.metrics.holes += 1;
    this.#again(owner);
  }

  /** All holds of the owner end in this turn, then its sessions ask. */
  #again(owner: OwnerKey, meanwhile: () => void = () => {}): void {
    const sessions = [...(this.#owners.get(owner)?.sessions ?? [])];
    const standing = sessions.flatMap((session) => {
      const attachment = session.attachments.get(owner);
      return attachment === undefined ? [] : [{ session, attachment }];
    });
    for (const { session, attachment } of standing) this.#stop(session, attachment);
    meanwhile();
    // Of very many some wait in line: what all will hear of goes first.
    const inVoice = standing.filter(({ session }) => session.voices.get(owner) !== null);
    for (const { session, attachment } of new Set([...inVoice, ...standing])) {
      this.#ports.asks.ask(session, attachment);
    }
  }

  #placed(owner: OwnerKey, worker: WorkerId | null, epoch: number): void {
    const heard = this.#owners.get(owner);
    if (heard === undefined || epoch <= heard.epoch) return;
    const place = (): void => void Object.assign(heard, { worker, epoch, n: 0 });
    // The first load that this worker hears of has the asks that made it; what was lost on the way is asked again in time.
    if (heard.epoch === 0) return place();
    this.#again(owner, place);
  }

  /** Its owners are loaded elsewhere when they are asked. */
  died(worker: WorkerId): void {
    for (const [owner, heard] of [...this.#owners]) if (heard.worker === worker) this.#again(owner);
  }

  #heard(owner: OwnerKey): Heard {
    let heard = this.#owners.get(owner);
    if (heard === undefined) {
      heard = { owner, worker: null, epoch: 0, n: null, seq: 0, sessions: new Set() };
      this.#owners.set(owner, heard);
    }
    return heard;
  }

  #remove(session: Session, attachment: Attachment): void {
    this.#ports.asks.drop(attachment);
    const heard = this.#owners.get(attachment.owner);
    heard?.sessions.delete(session);
    if (heard?.sessions.size === 0) this.#owners.delete(attachment.owner);
  }
}
