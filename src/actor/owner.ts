/**
 * The owner of a key's order, one load of it: decides, numbers rows, records interest, and says what each worker hears.
 * Synchronous; what it wants done is gathered in a batch, which leaves after the commit.
 */
import type { Command } from '../protocol/commands.ts';
import type { Decision, Reply, RowDraft, Turn } from '../protocol/decision.ts';
import { endsWith } from '../protocol/ends-with.ts';
import { type AttachAsk, epochOf, type InterestTell, type RelayEntry, seqOf } from '../protocol/envelope.ts';
import { Fault } from '../protocol/errors.ts';
import type { OwnerKey, SessionId, Snowflake, WorkerId } from '../protocol/ids.ts';
import { parseOwn } from '../protocol/json.ts';
import type { Batch } from './batch.ts';
import type { Behavior } from './behavior.ts';
import { lost } from './deadline.ts';
import { Interest, type Interested } from './interest.ts';
import { bodyOf, journalNote, type KeptNote, ringRow, toldOf } from './journal.ts';
import { type Hearing, hearEvent, hearLeave, hearMoves } from './moves.ts';
import { Outbox, type OwnTell } from './outbox.ts';
import type { ActorLimits, ActorWorld, Asked, Opened, Wording } from './ports.ts';
import { Results } from './results.ts';
import { type Missed, Rows } from './rows.ts';
import { closedReply, type Shell } from './shell.ts';
import { TakeOver } from './take-over.ts';

/** Of every owner that has none of its own: nothing is ever added to these. */
const NOBODY = new Interest();
const NOTHING = new Outbox(() => {}, { retellMinMs: 0, retellMaxMs: 0 });

/** What a decision is given. */
class OwnTurn implements Turn {
  constructor(
    readonly owner: Owner,
    /** Rows before this decision. */
    readonly first: number,
    readonly now: number,
  ) {}

  get unheard(): boolean {
    return !this.owner.isHeard;
  }

  mint(after?: Snowflake | null): Snowflake {
    return this.owner.world.mint(this.now, after ?? null);
  }

  seq(rowIndex: number): number {
    return seqOf(this.owner.epoch, this.first + rowIndex + 1);
  }
}

/** With more than twelve private fields each would take 48 bytes more: most owners do nothing, and there are many. */
export class Owner {
  readonly epoch: number;
  readonly behavior: Behavior;
  readonly wording: Wording;
  /** Most owners of a worker have nobody who hears them and nothing to tell: what these need is made when it is needed. */
  #interest: Interest | null = null;
  #outbox: Outbox | null = null;
  #rows: Rows | null = null;
  #results: Results | null = null;
  #count = 0;
  /** The last row with a note. */
  #head: number;
  /** Somebody has been answered. */
  #isHeard = false;
  #takeOver: TakeOver | null;

  /** `awaited`: workers whose sessions may have known an earlier load. */
  constructor(
    readonly actor: { readonly key: OwnerKey; readonly shell: Pick<Shell, 'world' | 'limits'> },
    { epoch, behavior, wording, head, rows, forgotten }: Opened,
    awaited: readonly WorkerId[],
  ) {
    this.epoch = epoch;
    this.behavior = behavior;
    this.wording = wording;
    this.#head = head;
    this.#takeOver = awaited.length === 0 ? null : new TakeOver(awaited);
    if (rows.length === 0 && forgotten === 0) return;
    this.#rows = new Rows(this.key, this.limits, forgotten, wording.left);
    for (const row of rows) this.#rows.push(row);
  }

  get key(): OwnerKey {
    return this.actor.key;
  }

  get world(): ActorWorld {
    return this.actor.shell.world;
  }

  get limits(): ActorLimits {
    return this.actor.shell.limits;
  }

  get interest(): Interest {
    return this.#interest ?? NOBODY;
  }

  get outbox(): Outbox {
    return this.#outbox ?? NOTHING;
  }

  get isHeard(): boolean {
    return this.#isHeard;
  }

  get takeOver(): TakeOver | null {
    if (this.#takeOver?.isOver) this.#takeOver = null;
    return this.#takeOver;
  }

  get results(): Results | null {
    return this.#results;
  }

  #interested(): Interest {
    this.#interest ??= new Interest();
    return this.#interest;
  }

  #ring(): Rows {
    this.#rows ??= new Rows(this.key, this.limits, 0, this.wording.left);
    return this.#rows;
  }

  #telling(): Outbox {
    this.#outbox ??= new Outbox(({ to, command, seq }) => this.world.tell(to, command, this.key, seq), this.limits);
    return this.#outbox;
  }

  /** Somebody is attached or waits for it, or has to confirm what was told. */
  get isNeeded(): boolean {
    return this.interest.size > 0 || this.takeOver !== null || this.outbox.size + this.outbox.toDelete > 0;
  }

  /** The numbers of this load come to an end. */
  get isSpent(): boolean {
    return Math.max(this.#count, this.#outbox?.told ?? 0) >= this.limits.rowsPerEpoch;
  }

  /** What an earlier load told and nobody confirmed. */
  retellAll(tells: Opened['tells'], now: number): void {
    for (const { seq, to, command } of tells) {
      this.#telling().add({ seq, to, command: parseOwn<Command>(command) }, now);
    }
  }

  /** Throws only for bugs; then this load has ended. */
  decide(command: Command, batch: Batch, now: number): Reply {
    const turn = new OwnTurn(this, this.#count, now);
    const { writes, rows, tells, reply } = this.behavior.decide(command, turn);
    if (writes.length > 0) batch.write(writes);
    for (const draft of rows) this.#row(draft, batch, now);
    if (tells.length > 0) this.#tell(tells, batch, now);
    return reply;
  }

  /** What it wrote is remembered with its answer, for who asks again. */
  decideAsked(command: Command, commandId: string, batch: Batch, now: number): Reply {
    const before = batch.writes.length;
    const reply = this.decide(command, batch, now);
    if (batch.writes.length === before) return reply;
    batch.write([{ w: 'putResult', commandId, result: JSON.stringify(reply), at: now }]);
    this.#results ??= new Results(this.limits.recentResults);
    this.#results.set(commandId, reply);
    return reply;
  }

  /** Whether a tell can be decided now. */
  takes(told: Command): boolean {
    return closedReply(this.world, told) === null && this.refusal(told) === null;
  }

  /** Before a command is decided it costs nothing to say no. */
  refusalOf({ deadline, command }: Asked, now: number): Fault | null {
    if (deadline <= now) return new Fault('timeout', true, 'the command waited past its deadline');
    const isFree = this.outbox.size < this.limits.unconfirmedTells || this.world.isVolatile(command);
    return isFree ? this.refusal(command) : new Fault('overloaded', false, 'too many tells are not confirmed');
  }

  /** A session that is not attached may be over, and nobody would take back what it says. If it lives, it is asked again. */
  refusal(command: Command): Fault | null {
    const session = endsWith(command);
    const isHeard = session === null || this.interest.get(session) !== undefined;
    return isHeard ? null : lost('its session is not attached');
  }

  hear(tell: InterestTell, batch: Batch, now: number): void {
    if (tell.kind === 'attach') this.#attach(tell.ask, batch, now);
    else if (tell.kind === 'forget') this.#forget(tell, batch, now);
    else if (tell.epoch === this.epoch) this.#takeOver?.asked(tell.worker);
  }

  /** It was held, and its turn has come. */
  answerHeld(ask: AttachAsk, batch: Batch, now: number): void {
    if (this.#takeOver?.take(ask)) this.#answer(ask, batch, now);
  }

  #attach(ask: AttachAsk, batch: Batch, now: number): void {
    const { session, user, hop } = ask;
    const known = this.interest.get(session);
    if (known !== undefined && known.hop > hop) return;
    if (this.behavior.isMember(user)) {
      for (const carried of this.wording.carried(ask)) this.decide(carried, batch, now);
      this.#interested().set(ask);
    }
    if (this.takeOver?.hold(ask) !== true) this.#answer(ask, batch, now);
  }

  /** In one turn: interest recorded, and what the session lacks put on its worker's link, where its events follow. */
  #answer(ask: AttachAsk, batch: Batch, now: number): void {
    const { session, user, hop, mask, worker } = ask;
    const { behavior, wording } = this;
    if (!this.#isHeard) {
      for (const gathered of wording.gathered) this.decide(gathered, batch, now);
      this.#isHeard = true;
    }
    const isMember = behavior.isMember(user);
    const missed = this.#ring().missed(ask);
    if (isMember) this.#interested().set(ask);
    else this.interest.drop(session);
    const create = isMember && missed !== null && this.#isFresh(ask, missed) ? behavior.snapshot(ask, now) : null;
    const entry: RelayEntry = {
      kind: 'answer',
      ask: ask.ask,
      session,
      hop,
      mask,
      missed: missed?.bodies ?? null,
      create: create === null ? null : { ...create, full: null },
      guilds: isMember ? behavior.guilds() : null,
      topics: isMember ? behavior.topicsOf(user) : [],
      voice: behavior.voiceOf(session, user),
    };
    this.#relay([[worker, entry]], seqOf(this.epoch, this.#count), batch);
  }

  /** What its worker's sessions had only in memory ends with them. */
  dropWorker(worker: WorkerId, batch: Batch, now: number): void {
    this.#takeOver?.died(worker);
    for (const gone of this.interest.dropWorker(worker)) this.#gone(gone, batch, now);
  }

  #forget({ session, hop, user }: InterestTell & { kind: 'forget' }, batch: Batch, now: number): void {
    this.#takeOver?.forget(session, hop);
    const isKnown = this.interest.get(session) !== undefined;
    const gone = this.interest.forget(session, hop);
    if (gone !== null) this.#gone(gone, batch, now);
    // It has not attached to this load, but may have been heard by it.
    else if (!isKnown && user !== undefined) this.#end(session, user, false, batch, now);
  }

  #gone({ session, user }: Interested, batch: Batch, now: number): void {
    this.#end(session, user, this.interest.ofUser(user).length === 0, batch, now);
  }

  #end(session: SessionId, user: Snowflake, isLast: boolean, batch: Batch, now: number): void {
    for (const gone of this.wording.gone(session, user, isLast)) this.decide(gone, batch, now);
  }

  #isFresh({ since, held, mask }: AttachAsk, missed: Missed): boolean {
    return since === null || epochOf(since) !== this.epoch || held?.mask !== mask || missed.left;
  }

  #row(draft: RowDraft, batch: Batch, now: number): void {
    this.#count += 1;
    const seq = seqOf(this.epoch, this.#count);
    const row = ringRow(draft, seq, this.wording);
    if (row !== null) this.#ring().push(row);
    const note = journalNote(draft, this.limits.journalUsers);
    if (note !== null) {
      const kept: KeptNote = { ...note, before: this.#head };
      batch.write([{ w: 'putRow', row: { seq, note: JSON.stringify(kept), at: now } }]);
      this.#head = seq;
    }
    this.#relay(this.#hearing(draft), seq, batch);
    if (draft.kind !== 'leave') return;
    for (const { session } of this.interest.ofUser(draft.user)) this.interest.drop(session);
  }

  #hearing(draft: RowDraft): Hearing {
    switch (draft.kind) {
      case 'event':
        return hearEvent(this.interest, draft.topic, { kind: 'event', topic: draft.topic, body: bodyOf(draft) });
      case 'visibility': {
        const { kind: _, gained, lost, channel, from, to } = draft;
        const move = { kind: 'moves', channel, from, to, ...toldOf(draft, this.wording) } as const;
        return hearMoves(this.interest, move, gained, lost);
      }
      case 'leave':
        return hearLeave(this.interest, draft.user);
      case 'joined':
        return this.interest.workers().map((worker) => [worker, draft]);
      case 'join':
        return [];
    }
  }

  /** Who hears a row is known in its turn; the count is taken when it leaves. */
  #relay(hearing: Hearing, seq: number, batch: Batch): void {
    if (hearing.length === 0) return;
    batch.effect((isFollowed) => {
      for (const [worker, entry] of hearing) {
        const n = this.#interested().count(worker);
        const relay = { owner: this.key, epoch: this.epoch, n, seq, entry };
        this.world.relay(worker, isFollowed ? { ...relay, followed: true } : relay);
      }
    });
  }

  #tell(tells: Decision['tells'], batch: Batch, now: number): void {
    for (const { to, command, durable } of tells) {
      if (!durable) {
        batch.effect(() => this.world.tell(to, command, this.key, null));
        continue;
      }
      const outbox = this.#telling();
      outbox.told += 1;
      const tell: OwnTell = { seq: seqOf(this.epoch, outbox.told), to, command };
      batch.write([{ w: 'putTell', tell: { seq: tell.seq, to, command: JSON.stringify(command) } }]);
      batch.effect(() => outbox.add(tell, now));
    }
  }
}
