/**
 * The owner of a key's order, one load of it: decides, numbers rows, records interest, and says what each worker hears.
 * Synchronous; what it wants done is gathered in a batch, which leaves after the commit.
 */
import type { Command } from '../protocol/commands.ts';
import type { Decision, Reply, RowDraft, Turn } from '../protocol/decision.ts';
import { type AttachAsk, epochOf, type RelayEntry, seqOf } from '../protocol/envelope.ts';
import type { OwnerKey, WorkerId } from '../protocol/ids.ts';
import { parseOwn } from '../protocol/json.ts';
import type { Batch } from './batch.ts';
import { Interest } from './interest.ts';
import { bodyOf, journalNote, type KeptNote, ringRow } from './journal.ts';
import { type Hearing, hearEvent, hearLeave, hearMoves } from './moves.ts';
import { Outbox, type OwnTell } from './outbox.ts';
import type { ActorLimits, ActorWorld, Opened } from './ports.ts';
import { type Missed, Rows } from './rows.ts';

export class Owner {
  readonly interest = new Interest();
  readonly outbox: Outbox;
  readonly #rows: Rows;
  /** Entries sent to each worker in this load: a jump in `n` is a hole. */
  readonly #sent = new Map<WorkerId, number>();
  #count = 0;
  #tells = 0;
  /** The last row with a note. */
  #head: number;

  constructor(
    readonly key: OwnerKey,
    readonly opened: Opened,
    readonly world: ActorWorld,
    readonly limits: ActorLimits,
  ) {
    this.#rows = new Rows(key, limits, opened.forgotten, opened.wording.left);
    this.#head = opened.head;
    for (const row of opened.rows) this.#rows.push(row);
    this.outbox = new Outbox(({ to, command, seq }) => world.tell(to, command, key, seq), limits);
  }

  get epoch(): number {
    return this.opened.epoch;
  }

  /** The numbers of this load come to an end. */
  get isSpent(): boolean {
    return Math.max(this.#count, this.#tells) >= this.limits.rowsPerEpoch;
  }

  /** What an earlier load told and nobody confirmed. */
  retellAll(now: number): void {
    for (const { seq, to, command } of this.opened.tells) {
      this.outbox.add({ seq, to, command: parseOwn<Command>(command) }, now);
    }
  }

  /** Throws only for bugs; then this load has ended. */
  decide(command: Command, batch: Batch, now: number): Reply {
    const first = this.#count;
    const turn: Turn = {
      now,
      mint: (after) => this.world.mint(now, after ?? null),
      seq: (rowIndex) => seqOf(this.epoch, first + rowIndex + 1),
    };
    const decision = this.opened.behavior.decide(command, turn);
    batch.write(decision.writes);
    for (const draft of decision.rows) this.#row(draft, batch, now);
    this.#tell(decision.tells, batch, now);
    return decision.reply;
  }

  /** In one turn: interest recorded, and what the session lacks put on its worker's link, where its events follow. */
  attach(ask: AttachAsk, batch: Batch, now: number): void {
    const { session, user, hop, mask, worker } = ask;
    const { behavior, wording } = this.opened;
    const known = this.interest.get(session);
    if (known !== undefined && known.hop > hop) return;
    const isMember = behavior.isMember(user);
    const carried = isMember ? wording.carried(ask) : null;
    if (carried !== null) this.decide(carried, batch, now);
    const missed = this.#rows.missed(ask);
    if (isMember) this.interest.set(ask);
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
    };
    this.#relay([[worker, entry]], seqOf(this.epoch, this.#count), batch);
  }

  /** What its worker's sessions had only in memory ends with them. */
  dropWorker(worker: WorkerId, batch: Batch, now: number): void {
    this.#sent.delete(worker);
    for (const { session, user } of this.interest.dropWorker(worker)) {
      const isLast = this.interest.ofUser(user).length === 0;
      for (const gone of this.opened.wording.gone(session, user, isLast)) this.decide(gone, batch, now);
    }
  }

  #isFresh({ since, held, mask }: AttachAsk, missed: Missed): boolean {
    return since === null || epochOf(since) !== this.epoch || held?.mask !== mask || missed.left;
  }

  #row(draft: RowDraft, batch: Batch, now: number): void {
    this.#count += 1;
    const seq = seqOf(this.epoch, this.#count);
    const row = ringRow(draft, seq, this.opened.wording);
    if (row !== null) this.#rows.push(row);
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
        const created = this.opened.wording.created(draft.created);
        const deleted = this.opened.wording.deleted(draft.deleted);
        return hearMoves(this.interest, { kind: 'moves', channel, from, to, created, deleted }, gained, lost);
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
        const n = (this.#sent.get(worker) ?? 0) + 1;
        this.#sent.set(worker, n);
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
      this.#tells += 1;
      const tell: OwnTell = { seq: seqOf(this.epoch, this.#tells), to, command };
      batch.write([{ w: 'putTell', tell: { seq: tell.seq, to, command: JSON.stringify(command) } }]);
      batch.effect(() => this.outbox.add(tell, now));
    }
  }
}
