/**
 * One owner as a running thing: a mailbox, one batch at the store at a time, then its effects. While a batch is at the store
 * nothing is decided or read, so whatever leaves has been stored.
 */
import type { Clock, Timer } from '../base/clock.ts';
import { Deque } from '../base/deque.ts';
import type { Command, Question } from '../protocol/commands.ts';
import type { Need, Reply } from '../protocol/decision.ts';
import { Fault } from '../protocol/errors.ts';
import type { OwnerKey, WorkerId } from '../protocol/ids.ts';
import { shedAt, type Urgency, urgencyOf } from '../protocol/urgency.ts';
import { Batch } from './batch.ts';
import { lost, reasonOf, within } from './deadline.ts';
import {
  type Envelope,
  forNextLoad,
  hasPlace,
  isOwed,
  isOwedMail,
  isReady,
  type Mail,
  type Told,
  Waiting,
  willWrite,
} from './envelopes.ts';
import { loadNeeds } from './load-needs.ts';
import { Mailbox } from './mailbox.ts';
import { CALM, nextStanding, Shed, strainOf } from './overload.ts';
import { Owner } from './owner.ts';
import type { ActorLimits, ActorWorld, Asked, Opened } from './ports.ts';
import { answerReader, type Reader } from './reader.ts';
import { closedReply, type Ending, type Shell } from './shell.ts';

/** A snapshot costs as much as this many commands: a storm of attaches must not hold the loop. */
const ATTACH_WEIGHT = 8;

/** The asker hears of these as they are. */
const STORE_FAULTS: ReadonlySet<Fault['code']> = new Set(['full', 'broken', 'stuck']);

export class Actor {
  /** While something waits in it. */
  #mailbox: Mailbox<Mail> | null = null;
  #reads: Deque<Reader> | null = null;
  #owner: Owner | null = null;
  #hasEnded = false;
  #isCommitting = false;
  /** Monotonic milliseconds. Its turn comes in the same turn of the loop; null: none comes. */
  #wokenAt: number | null = null;
  #tending: Timer | null = null;
  #usedAt: number;
  #standing = CALM;

  /** `earlier`: workers whose sessions know an earlier load. */
  constructor(
    readonly key: OwnerKey,
    readonly shell: Shell,
    readonly earlier: readonly WorkerId[],
  ) {
    this.#usedAt = this.#clock.now();
  }

  get #world(): ActorWorld {
    return this.shell.world;
  }

  get #limits(): ActorLimits {
    return this.shell.limits;
  }

  get #clock(): Clock {
    return this.shell.world.clock;
  }

  /** Envelopes in the mailbox. */
  get waiting(): number {
    return this.#mailbox?.length ?? 0;
  }

  /** Null while it loads. */
  get epoch(): number | null {
    return this.#owner?.epoch ?? null;
  }

  /** Sessions attached to this load. */
  get interested(): number {
    return this.#owner?.interest.size ?? 0;
  }

  get isQuiet(): boolean {
    return (
      this.waiting === 0 && !this.#isCommitting && this.#reads === null && (this.#owner?.takeOver ?? null) === null
    );
  }

  /** Workers whose sessions know this load or an earlier one. */
  get hearers(): readonly WorkerId[] {
    const { isHeard = false, interest } = this.#owner ?? {};
    return [...new Set([...(interest?.workers() ?? []), ...(isHeard ? [] : this.earlier)])];
  }

  /** Nobody would miss it: an actor with interested sessions or unconfirmed tells does not leave memory. */
  isIdle(since: number): boolean {
    const owner = this.#owner;
    if (owner === null || !this.isQuiet || this.#usedAt > since) return false;
    return !owner.isNeeded;
  }

  /** Throws Fault `overloaded` when the mailbox is full. */
  put(envelope: Envelope): void {
    if (envelope.what === 'ask') {
      this.#refuseIfSwallowed();
      // Asked again it may be stored already: who heard that it was not begun would send it twice.
      if (!envelope.again) this.#refuseIfStrained(urgencyOf(envelope.command));
    }
    const since = this.#wokenAt ?? this.#clock.monotonic();
    const waiting = new Waiting(envelope);
    this.#mailbox ??= new Mailbox(this.#limits, isOwedMail);
    if (hasPlace(envelope)) this.#mailbox.putAnyway(waiting, since);
    else this.#mailbox.put(waiting, since);
    if (this.#owner !== null) this.#prepare(this.#owner, waiting);
  }

  /** It may be lost. Throws Fault `overloaded` when the mailbox is full. */
  tell(command: Command): void {
    this.#mailbox ??= new Mailbox(this.#limits, isOwedMail);
    // Who asks for what it needs is given it, and holds it until the turn: not for one that is refused.
    this.#mailbox.refuseIfFull(false);
    const needs = this.#owner === null ? null : this.#needs(this.#owner, command);
    if (this.#hasEnded) return;
    if (needs?.length !== 0) return this.put({ what: 'tell', command, from: null, seq: null });
    const since = this.#wokenAt ?? this.#clock.monotonic();
    this.#mailbox.putAnyway(command, since);
    this.#wake(since);
  }

  /** A question to the state. It waits for the batch at the store: an answer never shows what may still be dropped. */
  read(question: Question, respond: (reply: Reply) => void, fail: (error: Error) => void): void {
    this.#usedAt = this.#clock.now();
    if (this.#owner !== null && !this.#isCommitting) {
      this.#answer(this.#owner, { question, respond, fail });
      return;
    }
    this.#refuseIfSwallowed();
    this.#reads ??= new Deque();
    if (this.#reads.length >= this.#limits.waitingReads) throw new Fault('overloaded', false, 'too many reads wait');
    this.#reads.push({ question, respond, fail });
  }

  /** The load is done. Its epoch was announced, and those `awaited` were asked for their word. */
  open(opened: Opened, awaited: readonly WorkerId[]): void {
    const owner = new Owner(this, opened, awaited);
    this.#owner = owner;
    if (owner.takeOver !== null) this.#clock.after(this.#limits.takeOverMs, () => this.#endTakeOver(owner));
    owner.retellAll(opened.tells, this.#clock.now());
    this.#tend(owner);
    for (const mail of this.#mailbox?.all() ?? []) {
      if (!this.#hasEnded && mail instanceof Waiting) this.#prepare(owner, mail);
    }
    this.#answerAll(owner);
  }

  confirm(from: OwnerKey, seq: number): void {
    this.#owner?.outbox.confirm(from, seq, this.#clock.now());
    if (this.#owner !== null) this.#tend(this.#owner);
  }

  retellTo(isBack: (to: OwnerKey) => boolean): void {
    this.#owner?.outbox.retellTo(isBack, this.#clock.now());
  }

  /** Ends this load; what waits in the mailbox is handed to `ended`. */
  end(cause: Ending['cause'], error: Fault, owesTells = false): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#tending?.cancel();
    const owner = this.#owner;
    const isMissed = owner !== null && (owesTells || owner.isNeeded);
    const left = (this.#mailbox?.all() ?? []).flatMap(forNextLoad);
    this.#mailbox = null;
    const readers = this.#reads?.drain() ?? [];
    this.#reads = null;
    for (const { fail } of readers) fail(error);
    this.shell.ended(this, { cause, error, left, isMissed });
  }

  /** Its batch is where nothing is answered: who would wait for it is told at once. */
  #refuseIfSwallowed(): void {
    const { state } = this.#world.store;
    if (this.#isCommitting && (state === 'stuck' || state === 'broken'))
      throw new Fault(state, false, 'the store does not answer, and has a batch of this owner');
  }

  /** While it loads it is not slow: it is not there yet. */
  #refuseIfStrained(urgency: Urgency): void {
    const { waiting } = this;
    if (this.#owner === null || (waiting === 0 && this.#standing.level === 0)) return;
    const { strainMailbox, strainWaitMs, calmMs } = this.#limits;
    const now = this.#clock.monotonic();
    const strain = strainOf([
      [waiting, strainMailbox],
      [this.#mailbox?.waitedMs(now) ?? 0, strainWaitMs],
    ]);
    this.#standing = nextStanding(this.#standing, strain, now, calmMs);
    if (this.#standing.level >= shedAt(urgency)) throw new Shed(urgency);
  }

  // --- before the turn

  /** Loads what the turn will need. The order stays: who waits in front is decided first. */
  #prepare(owner: Owner, waiting: Waiting): void {
    const { envelope } = waiting;
    if (!isOwed(envelope)) {
      const needs = this.#needs(owner, envelope.command, envelope.what === 'ask' ? envelope : null);
      if (needs === null) return;
      waiting.needs = needs;
      if (needs.length > 0 || (envelope.what === 'ask' && envelope.again)) {
        loadNeeds(owner, waiting, envelope, () => this.#wake());
        return;
      }
    }
    waiting.ready = true;
    this.#wake();
  }

  /** Null: to ask for them is a bug, and this load has ended. */
  #needs({ behavior }: Owner, command: Command, asked: Asked | null = null): readonly Need[] | null {
    try {
      return behavior.needs(command);
    } catch (error) {
      asked?.fail(new Fault('lost', false, 'its needs are a bug', { cause: error }));
      this.#die('bug', error);
      return null;
    }
  }

  #wake(at = this.#clock.monotonic()): void {
    if (this.#wokenAt !== null || this.#hasEnded) return;
    this.#wokenAt = at;
    this.#clock.defer(() => {
      this.#wokenAt = null;
      if (this.#owner !== null && !this.#hasEnded && !this.#isCommitting) this.#turn(this.#owner);
    });
  }

  // --- the turn

  #turn(owner: Owner): void {
    if (owner.isSpent) {
      this.end('spent', lost('the numbers of a load are used up'));
      return;
    }
    const { batchCommands, batchWrites } = this.#limits;
    const batch = new Batch();
    const now = this.#clock.now();
    this.#usedAt = now;
    for (let taken = 0; taken < batchCommands && batch.writes.length < batchWrites; ) {
      const mail = this.#mailbox?.first();
      if (mail === undefined || !isReady(mail)) break;
      this.#mailbox?.take();
      taken += isOwedMail(mail) ? ATTACH_WEIGHT : 1;
      try {
        if (mail instanceof Waiting) this.#take(owner, mail, batch, now);
        else this.#takePlain(owner, mail, batch, now);
      } catch (error) {
        // Asked again it would kill again.
        if (mail instanceof Waiting && mail.envelope.what === 'ask')
          mail.envelope.fail(new Fault('lost', false, 'deciding it is a bug', { cause: error }));
        this.#die('bug', error, batch);
        return;
      }
    }
    const { outbox } = owner;
    if (batch.writes.length > 0 || outbox.isSweeping) batch.write(outbox.takeConfirmed());
    if (batch.writes.length > 0) this.#commit(owner, batch);
    else this.#perform(owner, batch);
  }

  #take(owner: Owner, waiting: Waiting, batch: Batch, now: number): void {
    const { envelope } = waiting;
    if (envelope.what === 'dropWorker') owner.dropWorker(envelope.worker, batch, now);
    else if (envelope.what === 'tell') this.#takeTell(owner, waiting, envelope, batch, now);
    else if (envelope.what === 'ask') this.#takeAsk(owner, waiting, envelope, batch, now);
    else if (envelope.what === 'held') owner.answerHeld(envelope.ask, batch, now);
    else owner.hear(envelope.tell, batch, now);
    if (owner.takeOver?.isComplete) this.#endTakeOver(owner);
  }

  /** In turns, like any other attach. */
  #endTakeOver({ takeOver }: Owner): void {
    if (this.#hasEnded) return;
    for (const ask of takeOver?.end() ?? []) this.put({ what: 'held', ask });
  }

  /** Asked again what it needs, the behavior names what it holds for it. */
  #takePlain(owner: Owner, command: Command, batch: Batch, now: number): void {
    if (owner.takes(command)) owner.decide(command, batch, now);
    else owner.behavior.forsake(owner.behavior.needs(command));
  }

  /** A durable tell that cannot be decided now is not confirmed, so it comes again. */
  #takeTell(owner: Owner, { needs, fault }: Waiting, { command, from, seq }: Told, batch: Batch, now: number): void {
    if (fault !== null || !owner.takes(command)) {
      owner.behavior.forsake(needs);
      return;
    }
    owner.decide(command, batch, now);
    if (from !== null && seq !== null) batch.effect(() => this.#world.confirm(from, this.key, seq));
  }

  #takeAsk(owner: Owner, waiting: Waiting, ask: Asked, batch: Batch, now: number): void {
    const { command, commandId } = ask;
    const known = owner.results?.get(commandId) ?? waiting.known;
    const reply = known ?? closedReply(this.#world, command);
    const fault = reply === null ? (waiting.fault ?? owner.refusalOf(ask, now)) : null;
    if (reply !== null || fault !== null) owner.behavior.forsake(waiting.needs);
    if (fault !== null) {
      ask.fail(fault);
      return;
    }
    batch.asks.push(ask);
    const answer = reply ?? owner.decideAsked(command, commandId, batch, now);
    batch.effect(() => ask.respond(answer));
  }

  // --- after the turn

  #commit(owner: Owner, batch: Batch): void {
    this.#isCommitting = true;
    const { clock, store } = this.#world;
    const { key, epoch } = owner;
    const committed = store.commit({ owner: key, epoch, writes: batch.writes });
    within(clock, this.#limits.commitMs, 'a commit', committed).then(
      () => {
        this.#isCommitting = false;
        if (this.#hasEnded) batch.fail(lost('the actor ended'));
        else this.#perform(owner, batch);
      },
      (error) => {
        this.#isCommitting = false;
        this.#die('fault', error, batch);
      },
    );
  }

  #perform(owner: Owner, batch: Batch): void {
    try {
      batch.perform(willWrite(this.#mailbox?.first(), this.#world.isVolatile));
    } catch (error) {
      this.#die('bug', error, batch);
      return;
    }
    this.#answerAll(owner);
    this.#tend(owner);
    if (this.#mailbox?.length === 0) this.#mailbox = null;
    const next = this.#mailbox?.first();
    if (next !== undefined && isReady(next)) this.#wake();
  }

  #answerAll(owner: Owner): void {
    while (!this.#isCommitting && !this.#hasEnded) {
      const reader = this.#reads?.shift();
      if (this.#reads?.length === 0) this.#reads = null;
      if (reader === undefined) return;
      this.#answer(owner, reader);
    }
  }

  #answer({ behavior }: Owner, reader: Reader): void {
    answerReader(this.key, behavior, reader, this.#world);
  }

  /** While tells are under way: tells them again, and has the store forget the confirmed ones. */
  #tend(owner: Owner): void {
    const { outbox } = owner;
    if (this.#tending !== null || this.#hasEnded || outbox.size + outbox.toDelete === 0) return;
    this.#tending = this.#clock.after(this.#limits.retellMinMs, () => {
      this.#tending = null;
      outbox.retell(this.#clock.now());
      // A store that takes no writes would end the actor for nothing.
      if (outbox.toDelete > 0 && this.#world.store.state === 'open') {
        outbox.isSweeping = true;
        this.#wake();
      }
      this.#tend(owner);
    });
  }

  /** The state may hold what was never stored: it is thrown away. Whether the batch was stored, the next load knows. */
  #die(cause: 'bug' | 'fault', error: unknown, batch: Batch = new Batch()): void {
    const isRefused = error instanceof Fault && STORE_FAULTS.has(error.code);
    const fault = lost('the actor died', error);
    batch.fail(isRefused ? error : fault);
    this.#world.log('an actor died', { owner: this.key, cause, ...reasonOf(error) });
    // Whether its tells were stored, the next load knows.
    this.end(cause, fault, batch.hasTells);
  }
}
