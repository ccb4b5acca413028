/** The actors of one worker: loaded at the first ask, loaded again when they died, gone from memory when nobody needs them. */
import type { Timer } from '../base/clock.ts';
import { counter, type Family, gauge, peak, Tally } from '../base/metrics.ts';
import type { Command, Question } from '../protocol/commands.ts';
import type { Reply } from '../protocol/decision.ts';
import type { InterestTell } from '../protocol/envelope.ts';
import { Fault } from '../protocol/errors.ts';
import type { OwnerKey, WorkerId } from '../protocol/ids.ts';
import { SHED_ORDER } from '../protocol/urgency.ts';
import { Actor } from './actor.ts';
import { asFault, lost, reasonOf, within } from './deadline.ts';
import { Deaths } from './deaths.ts';
import { isOwed } from './envelopes.ts';
import { Loads } from './loads.ts';
import { Shed } from './overload.ts';
import type { ActorsLimits, ActorWorld, Asked, Opened } from './ports.ts';
import { awayReply, CAUSES, closedReply, type Ending, type Load, type Shell } from './shell.ts';

export interface ActorsWorld extends ActorWorld {
  /** Fences the key at the store, then reads it. Rejects with Fault. */
  open(key: OwnerKey): Promise<Opened>;
  /** To every worker, before anything else of that epoch. `takesOver`: each is asked for its word. */
  announce(key: OwnerKey, epoch: number, takesOver: boolean): void;
  /** Workers that live and may have sessions which know an earlier load. `earlier`: those of which that is known here. */
  awaited(earlier: readonly WorkerId[]): readonly WorkerId[];
  /** An attach found no room: its session must hear of it. */
  refuseInterest(key: OwnerKey, tell: InterestTell): void;
}

const QUIET_POLL_MS = 5;
const NOBODY: readonly WorkerId[] = [];

export class Actors {
  readonly #actors = new Map<OwnerKey, Actor>();
  readonly #shell: Shell;
  readonly #deaths: Deaths;
  readonly #loads: Loads<Actor>;
  #sweeping: Timer | null = null;
  #isClosed = false;
  readonly #endings = new Tally(CAUSES);
  readonly #shed = new Tally(SHED_ORDER);

  constructor(
    readonly world: ActorsWorld,
    readonly limits: ActorsLimits,
  ) {
    this.#shell = { world, limits, ended: (actor, ending) => this.#ended(actor, ending) };
    this.#deaths = new Deaths(limits);
    this.#loads = new Loads(
      limits.actorLoads,
      (actor) => this.#load(actor),
      (actor) => actor.waiting,
    );
  }

  get size(): number {
    return this.#actors.size;
  }

  /** In memory here, or on its way. */
  has(key: OwnerKey): boolean {
    return this.#actors.has(key);
  }

  /** Sessions that owners count as attached, once per owner. */
  get interested(): number {
    let interested = 0;
    for (const actor of this.#actors.values()) interested += actor.interested;
    return interested;
  }

  /** No mailbox holds anything and no batch is at the store. */
  get isQuiet(): boolean {
    for (const actor of this.#actors.values()) if (!actor.isQuiet) return false;
    return true;
  }

  ask(key: OwnerKey, asked: Omit<Asked, 'what'>): void {
    this.#try(key, asked.fail, (actor) => {
      // A load may wait for the store as long as the command does: what it would be told then it is told at once. Asked again, it may be stored.
      const reply = asked.again || actor.epoch !== null ? null : closedReply(this.world, asked.command);
      if (reply === null) actor.put({ what: 'ask', ...asked });
      else asked.respond(reply);
    });
  }

  read(key: OwnerKey, question: Question, respond: (reply: Reply) => void, fail: (error: Error) => void): void {
    this.#try(key, fail, (actor) => {
      const reply = actor.epoch === null ? awayReply(this.world) : null;
      if (reply === null) actor.read(question, respond, fail);
      else respond(reply);
    });
  }

  /** Loads an owner that nobody asked for: it has something to tell. Resolves when those that are asked for, and it, no longer wait. */
  async wake(key: OwnerKey): Promise<void> {
    const dropped = (error: Error): void => this.world.log('an owner is not woken', { owner: key, ...reasonOf(error) });
    await this.#loads.idle();
    if (!this.#isClosed) this.#try(key, dropped, () => {});
  }

  /** May be lost; with `from` and `seq` it comes again until it is confirmed. */
  tell(key: OwnerKey, command: Command, from: OwnerKey | null, seq: number | null): void {
    try {
      const actor = this.#admitted(key);
      if (from === null) actor.tell(command);
      else actor.put({ what: 'tell', command, from, seq });
    } catch (cause) {
      const error = asFault(cause, 'an actor could not take it');
      this.world.log('a tell is dropped', { owner: key, kind: command.kind, ...reasonOf(error) });
    }
  }

  /** Kept over deaths and quarantine: a session that attached is answered as soon as the owner is there. */
  interest(key: OwnerKey, tell: InterestTell): void {
    if (tell.kind !== 'attach' && !this.#actors.has(key)) return;
    try {
      this.#actor(key).put({ what: 'interest', tell });
    } catch (error) {
      this.world.log('an attach is refused', { owner: key, ...reasonOf(error) });
      this.world.refuseInterest(key, tell);
    }
  }

  confirm(key: OwnerKey, from: OwnerKey, seq: number): void {
    this.#actors.get(key)?.confirm(from, seq);
  }

  /** A worker died: its sessions are nobody's interest any more. */
  dropWorker(worker: WorkerId): void {
    for (const actor of this.#actors.values()) {
      // Who has nobody and does nothing, as most do, has nobody of that worker.
      if (actor.interested > 0 || !actor.isQuiet) actor.put({ what: 'dropWorker', worker });
    }
  }

  /** Hearers are back: what they have not confirmed is told at once. */
  retellTo(isBack: (to: OwnerKey) => boolean): void {
    for (const actor of this.#actors.values()) actor.retellTo(isBack);
  }

  /** Walks all actors: for whoever asks now and then. */
  measure(): Family[] {
    const kinds = new Tally();
    let [total, longest] = [0, 0];
    for (const [key, { waiting }] of this.#actors) {
      kinds.add(key.slice(0, 1));
      total += waiting;
      longest = Math.max(longest, waiting);
    }
    return [
      gauge('guildhall_actors', 'Owners in memory, by the letter of their key.', kinds.entries, 'kind'),
      gauge('guildhall_interest', 'Sessions that owners count as attached, once per owner.', this.interested),
      gauge('guildhall_mailbox_entries', 'What waits in all mailboxes.', total),
      peak('guildhall_mailbox_entries_max', 'What waits in the fullest mailbox.', longest),
      counter(
        'guildhall_mailbox_shed_total',
        'Asks that a strained owner did not take, by kind.',
        this.#shed.entries,
        'kind',
      ),
      counter('guildhall_actors_ended_total', 'Loads of owners that ended, by cause.', this.#endings.entries, 'cause'),
    ];
  }

  /** Resolves when no mailbox holds anything and nothing is at the store; false after `ms`. */
  async quiet(ms: number): Promise<boolean> {
    const { clock } = this.world;
    const end = clock.monotonic() + ms;
    while (!this.isQuiet) {
      if (clock.monotonic() >= end) return false;
      await new Promise<void>((resolve) => void clock.after(QUIET_POLL_MS, resolve));
    }
    return true;
  }

  /** Ends all actors; what they still hold is rejected. */
  close(): void {
    this.#isClosed = true;
    this.#sweeping?.cancel();
    for (const actor of [...this.#actors.values()]) actor.end('left', lost('this worker stops'));
  }

  #try(key: OwnerKey, fail: (error: Error) => void, act: (actor: Actor) => void): void {
    try {
      act(this.#admitted(key));
    } catch (error) {
      if (error instanceof Shed) this.#shed.add(error.urgency);
      fail(asFault(error, 'an actor could not take it'));
    }
  }

  #admitted(key: OwnerKey): Actor {
    if (this.#deaths.size > 0 && this.#deaths.isQuarantined(key, this.world.clock.now())) {
      throw new Fault('quarantined', false, `${key} died too often`);
    }
    return this.#actor(key);
  }

  #actor(key: OwnerKey, earlier: readonly WorkerId[] = NOBODY): Actor {
    const known = this.#actors.get(key);
    if (known !== undefined) return known;
    if (this.#isClosed) throw lost('this worker stops');
    if (this.#actors.size >= this.limits.actors) throw new Fault('overloaded', false, 'too many actors are loaded');
    const actor = new Actor(key, this.#shell, earlier);
    this.#actors.set(key, actor);
    this.#sweep();
    const pause = this.#deaths.pause(key, this.world.clock.now());
    if (pause === 0) this.#loads.add(actor);
    else this.world.clock.after(pause, () => this.#loads.add(actor));
    return actor;
  }

  async #load(actor: Actor): Promise<void> {
    const { key } = actor;
    if (this.#actors.get(key) !== actor) return;
    try {
      const opening = this.world.open(key);
      const opened = await within(this.world.clock, this.limits.askMs, `loading ${key}`, opening);
      if (this.#actors.get(key) !== actor) {
        this.world.store.release(key, opened.epoch);
        return;
      }
      const awaited = this.world.awaited(actor.earlier);
      this.world.announce(key, opened.epoch, awaited.length > 0);
      actor.open(opened, awaited);
    } catch (error) {
      this.world.log('an actor did not load', { owner: key, ...reasonOf(error) });
      actor.end(error instanceof Fault ? 'fault' : 'bug', asFault(error, `${key} did not load`));
    }
  }

  #ended(actor: Load, { cause, error, left, isMissed }: Ending): void {
    const { key, epoch, hearers } = actor;
    this.#endings.add(cause);
    if (this.#actors.get(key) === actor) this.#actors.delete(key);
    if (epoch !== null) this.world.store.release(key, epoch);
    if (cause === 'bug' || cause === 'fault') this.#deaths.died(key, cause, this.world.clock.now());
    const kept = cause === 'spent' ? left : left.filter(isOwed);
    for (const envelope of left) if (cause !== 'spent' && envelope.what === 'ask') envelope.fail(error);
    if (this.#isClosed || cause === 'left') return;
    // Interested sessions wait for the next load: it tells them what was stored and never relayed. One that did not load hands on who waits.
    if (isMissed || kept.length > 0 || (epoch === null && hearers.length > 0)) {
      const next = this.#actor(key, hearers);
      for (const envelope of kept) next.put(envelope);
    }
  }

  /** Who was not needed for `actorIdleMs` leaves memory. */
  #sweep(): void {
    if (this.#sweeping !== null || this.#isClosed) return;
    this.#sweeping = this.world.clock.after(Math.max(1000, this.limits.actorIdleMs / 8), () => {
      this.#sweeping = null;
      const since = this.world.clock.now() - this.limits.actorIdleMs;
      for (const actor of [...this.#actors.values()]) {
        if (actor.isIdle(since)) actor.end('left', lost('the actor left memory'));
      }
      if (this.#actors.size > 0) this.#sweep();
    });
  }
}
