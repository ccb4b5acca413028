/** The directory of one worker: its own actors, and links to the others. It carries asks to the owner and answers back, whichever worker that is. */
import type { Clock } from '../base/clock.ts';
import { type Family, gauge } from '../base/metrics.ts';
import type { Command, Question } from '../protocol/commands.ts';
import type { Need } from '../protocol/decision.ts';
import type { InterestTell, OutletEntry, Relay } from '../protocol/envelope.ts';
import { Fault, refuse } from '../protocol/errors.ts';
import type { OwnerKey, Snowflake, WorkerId } from '../protocol/ids.ts';
import type { Answer, Control, LinkMessage, RateClaim, RateNumbers } from '../protocol/links.ts';
import type { SharedBody, SharedRead } from '../protocol/reads.ts';
import type { ResidenceMessage } from '../protocol/residence.ts';
import { Actors } from './actors.ts';
import { Controls, type Obey } from './controls.ts';
import { asFault, lost } from './deadline.ts';
import type { AskOptions, Directory } from './directory.ts';
import { Fetches, type FetchOptions, type ServeRead } from './fetches.ts';
import { Link, type LinkLimits } from './link.ts';
import { answering, full, heardFault } from './link-fault.ts';
import { Measures, type OwnMeasures } from './measures.ts';
import { OpenAttaches } from './open-attaches.ts';
import { isFirstLife, Peers, slotOfWorker } from './peers.ts';
import type { Pipe } from './pipe.ts';
import { Placement } from './placement.ts';
import type { ActorStore, ActorsLimits, Log, Opened } from './ports.ts';
import { RateBuckets } from './rate-buckets.ts';
import { Requests } from './requests.ts';

export interface DirectoryLimits extends ActorsLimits, LinkLimits {
  readonly asksInFlight: number;
  readonly youngMs: number;
  /** Rate buckets remembered by this worker. */
  readonly buckets: number;
}

export interface DirectoryOptions extends OwnMeasures {
  readonly self: WorkerId;
  /** Number of workers: fixed for the life of the process. */
  readonly slots: number;
  readonly clock: Clock;
  readonly limits: DirectoryLimits;
  readonly store: ActorStore;
  readonly log: Log;
  readonly mint: (now: number, after: Snowflake | null) => Snowflake;
  /** Fences and loads an owner. */
  readonly open: (key: OwnerKey) => Promise<Opened>;
  readonly load: (need: Need) => Promise<unknown>;
  readonly isVolatile: (command: Command) => boolean;
  /** This worker's outlet: entries in order. `from`: the worker whose owner said it. */
  readonly outlet: (entry: OutletEntry, from: WorkerId) => void;
  readonly residence: (message: ResidenceMessage) => void;
  readonly control: Obey;
  /** Makes a shared read here, for whichever worker asks. */
  readonly serveRead: ServeRead;
}

type Respond = (answer: Answer) => void;
type Fail = (error: Error) => void;
type Until = Pick<AskOptions, 'deadline' | 'isWanted'>;

export class WorkerDirectory implements Directory {
  readonly actors: Actors;
  /** What all workers say of themselves. */
  readonly measures: Measures;
  readonly #options: DirectoryOptions;
  readonly #placement: Placement;
  readonly #slot: number;
  readonly #peers: Peers;
  readonly #answers: Requests<Answer>;
  readonly #controls: Controls;
  readonly #fetches: Fetches;
  readonly #buckets: RateBuckets;
  readonly #attaches = new OpenAttaches();
  readonly #bornAt: number;
  #isClosed = false;

  constructor(options: DirectoryOptions) {
    const { self, clock, limits, slots, open, load, isVolatile, store, log, mint } = options;
    this.#options = options;
    this.#placement = new Placement(slots);
    this.#slot = slotOfWorker(self);
    this.#bornAt = clock.monotonic();
    this.#peers = new Peers(clock);
    this.#answers = new Requests(clock, limits.asksInFlight);
    this.#controls = new Controls(clock, limits.asksInFlight, options.control, log);
    this.#fetches = new Fetches(clock, limits.asksInFlight, options.serveRead);
    this.#buckets = new RateBuckets(limits.buckets);
    this.measures = new Measures({ self, clock, links: () => this.#peers.all, own: options });
    const world = {
      clock,
      store,
      log,
      mint,
      load,
      isVolatile,
      open,
      relay: (to: WorkerId, relay: Relay) => this.#entry(to, { what: 'relay', relay }),
      tell: (to: OwnerKey, command: Command, from: OwnerKey, seq: number | null) =>
        this.#tell(to, command, seq === null ? null : from, seq),
      confirm: (to: OwnerKey, from: OwnerKey, seq: number) => this.#confirm(to, from, seq),
      announce: (owner: OwnerKey, epoch: number, takesOver: boolean) =>
        this.#announce({ what: 'placed', owner, worker: self, epoch, ...(takesOver && { takesOver }) }),
      awaited: (earlier: readonly WorkerId[]) => this.#awaited(earlier),
      refuseInterest: (owner: OwnerKey, tell: InterestTell) => this.#refuseInterest(owner, tell),
    };
    this.actors = new Actors(world, limits);
  }

  get self(): WorkerId {
    return this.#options.self;
  }

  workers(): readonly WorkerId[] {
    return [this.self, ...this.#peers.all.map(({ peer }) => peer)];
  }

  /** The slot that owns a key. */
  slotOf(key: OwnerKey): number {
    return this.#placement.slotOf(key);
  }

  // --- Directory

  ask(to: OwnerKey, command: Command, options: AskOptions): Promise<Answer> {
    const { commandId, deadline, rate } = options;
    return this.#repeat(to, options, (again) => {
      const link = this.#linkTo(to);
      return this.#request(link, deadline, (id, respond, fail) => {
        if (link === null) this.#serveAsk({ to, command, commandId, again, rate, deadline }, respond, fail);
        else if (!link.post({ m: 'ask', id, to, command, commandId, again, rate, deadline })) fail(full(link));
      });
    });
  }

  read(
    to: OwnerKey,
    question: Question,
    { deadline, rate }: { readonly deadline: number; readonly rate: RateClaim | null },
  ): Promise<Answer> {
    return this.#repeat(to, { deadline }, (again) => {
      const link = this.#linkTo(to);
      return this.#request(link, deadline, (id, respond, fail) => {
        if (link === null) this.#serveRead(to, question, rate, again, respond, fail);
        else if (!link.post({ m: 'read', id, to, question, rate, deadline })) fail(full(link));
      });
    });
  }

  tell(to: OwnerKey, command: Command): void {
    this.#tell(to, command, null, null);
  }

  interest(to: OwnerKey, tell: InterestTell): void {
    if (this.#isMine(to)) return this.actors.interest(to, tell);
    this.#attaches.told(to, tell);
    this.#peers.inSlot(this.slotOf(to))?.postOwed({ m: 'interest', to, tell });
  }

  residence(to: WorkerId, message: ResidenceMessage): void {
    this.#attaches.gave(message);
    if (to === this.self) this.#options.residence(message);
    else this.#peers.byWorker(to)?.postOwed({ m: 'residence', message });
  }

  control(control: Control): Promise<void> {
    const { clock, limits } = this.#options;
    return this.#controls.tell(this.#peers.all, control, clock.now() + limits.askMs);
  }

  /** A read that all readers of a channel share, where its owner lives. Its owner said `generation`, so it is in order to read elsewhere when that worker is gone. */
  fetch(to: OwnerKey, read: SharedRead, options: FetchOptions): Promise<SharedBody> {
    const link = this.#isMine(to) ? null : this.#peers.inSlot(this.slotOf(to));
    return this.#fetches.ask(link === undefined || link?.isSilent ? null : link, read, options);
  }

  measure(): Family[] {
    const waiting = this.#peers.all.reduce((sum, { length }) => sum + length, 0);
    return [
      ...this.actors.measure(),
      gauge('guildhall_link_entries', 'Messages on links that their worker has not taken.', waiting),
    ];
  }

  // --- workers come and go

  /** A worker is up: the owners of its slot live there now. Its earlier incarnation, if it still counts as up, is dead. */
  peerUp(worker: WorkerId, pipe: Pipe): void {
    const slot = slotOfWorker(worker);
    const before = this.#peers.inSlot(slot);
    if (before !== undefined) this.peerDown(before.peer);
    const { clock, limits } = this.#options;
    const hear = (message: LinkMessage, from: Link): void => this.#hear(message, from);
    const link = new Link(worker, pipe, clock, limits, hear, (closed) => this.peerDown(closed.peer));
    this.#peers.up(link);
    this.#controls.up(link);
    const isThere = (to: OwnerKey): boolean => this.slotOf(to) === slot;
    for (const [to, tell] of this.#attaches.at(isThere)) link.postOwed({ m: 'interest', to, tell });
    this.actors.retellTo(isThere);
    this.#peers.release(slot);
  }

  /** It misses beats, or is heard again. What it was asked before ends by its deadline. */
  peerSilent(worker: WorkerId, isSilent: boolean): void {
    this.#peers.byWorker(worker)?.silence(isSilent);
  }

  /** A worker died: what it was asked is rejected at once, and its sessions interest nobody. */
  peerDown(worker: WorkerId): void {
    const link = this.#peers.byWorker(worker);
    if (link === undefined) return;
    this.#peers.down(link);
    link.close();
    this.#answers.rejectAll(worker, lost(`worker ${worker} died`));
    this.#controls.died(worker);
    this.#fetches.died(worker);
    this.measures.died(worker);
    this.actors.dropWorker(worker);
  }

  /** Rejects all it holds and closes its links. */
  close(): void {
    this.#isClosed = true;
    this.actors.close();
    for (const { peer } of this.#peers.all) this.peerDown(peer);
    this.#peers.releaseAll();
  }

  // --- asking

  #isMine(to: OwnerKey): boolean {
    return this.slotOf(to) === this.#slot;
  }

  /** Null: the owner lives here. Throws Fault `lost` when its worker is down. */
  #linkTo(to: OwnerKey): Link | null {
    if (this.#isMine(to)) return null;
    const link = this.#peers.inSlot(this.slotOf(to));
    if (link === undefined) throw lost(`the worker of ${to} is down`);
    if (link.isSilent) throw new Fault('unavailable', false, `the worker of ${to} does not answer`);
    return link;
  }

  #request(
    link: Link | null,
    deadline: number,
    send: (id: number, respond: Respond, fail: Fail) => void,
  ): Promise<Answer> {
    const { id, promise } = this.#answers.open(link?.peer ?? this.self, deadline);
    send(
      id,
      (answer) => this.#answers.resolve(id, answer),
      (error) => this.#answers.reject(id, error),
    );
    return promise;
  }

  /** Asks until the deadline, as long as what fails is the owner's life and not the asking. */
  async #repeat(to: OwnerKey, { deadline, isWanted }: Until, once: (again: boolean) => Promise<Answer>) {
    const { clock, limits } = this.#options;
    for (
      let again = false, pause = limits.reloadMinMs;
      ;
      again = true, pause = Math.min(pause * 2, limits.reloadMaxMs)
    ) {
      try {
        return await once(again);
      } catch (error) {
        const fault = asFault(error, 'asking failed');
        const left = deadline - clock.now();
        if (!fault.retryable || fault.code === 'timeout' || fault.code === 'overloaded' || left <= 0) throw fault;
        if (this.#isClosed) throw fault;
        const isDown = !this.#isMine(to) && this.#peers.inSlot(this.slotOf(to)) === undefined;
        await this.#peers.wait(this.slotOf(to), isDown ? left : Math.min(pause, left));
        if (isWanted?.() === false) throw fault;
      }
    }
  }

  // --- answering

  #serveAsk(ask: Omit<LinkMessage & { m: 'ask' }, 'm' | 'id'>, respond: Respond, fail: Fail): void {
    const { to, command, commandId, again, deadline } = ask;
    const rate = this.#claim(ask.rate, again, respond);
    if (rate === 'refused') return;
    this.actors.ask(to, { command, commandId, again, deadline, fail, respond: (reply) => respond({ reply, rate }) });
  }

  #serveRead(
    to: OwnerKey,
    question: Question,
    claim: RateClaim | null,
    again: boolean,
    respond: Respond,
    fail: Fail,
  ): void {
    const rate = this.#claim(claim, again, respond);
    if (rate !== 'refused') this.actors.read(to, question, (reply) => respond({ reply, rate }), fail);
  }

  #claim(claim: RateClaim | null, again: boolean, respond: Respond): RateNumbers | null | 'refused' {
    if (claim === null) return null;
    const { isRefused, numbers } = this.#buckets.claim(claim, this.#options.clock.now(), again);
    if (!isRefused) return numbers;
    respond({ reply: refuse('rateLimited', { retryAfter: numbers.resetAfterMs / 1000 }), rate: numbers });
    return 'refused';
  }

  #hear(message: LinkMessage, link: Link): void {
    switch (message.m) {
      case 'ask':
        this.#serveAsk(message, ...answering(link, message.id));
        break;
      case 'read':
        this.#serveRead(message.to, message.question, message.rate, false, ...answering(link, message.id));
        break;
      case 'answer':
        this.#answers.resolve(message.id, message.answer);
        break;
      case 'fault':
        this.#answers.reject(message.id, heardFault(message));
        break;
      case 'tell':
        this.actors.tell(message.to, message.command, message.from, message.seq);
        break;
      case 'confirm':
        this.actors.confirm(message.to, message.from, message.seq);
        break;
      case 'interest':
        this.actors.interest(message.to, message.tell);
        break;
      case 'outlet':
        if (message.entry.what === 'relay') this.#attaches.heard(message.entry.relay);
        this.#options.outlet(message.entry, link.peer);
        break;
      case 'residence':
        this.#options.residence(message.message);
        break;
      case 'control':
      case 'controlled':
        this.#controls.hear(message, link);
        break;
      case 'fetch':
      case 'fetched':
      case 'unfetch':
        this.#fetches.hear(message, link);
        break;
      case 'measure':
      case 'measured':
        this.measures.hear(message, link);
        break;
    }
  }

  // --- what actors say

  #entry(to: WorkerId, entry: OutletEntry): void {
    if (to === this.self) this.#options.outlet(entry, this.self);
    else this.#peers.byWorker(to)?.postEntry(entry);
  }

  #announce(entry: OutletEntry): void {
    this.#options.outlet(entry, this.self);
    for (const link of this.#peers.all) link.postEntry(entry);
  }

  /** While this life of the slot is young, everybody may have sessions that knew its owners before. */
  #awaited(earlier: readonly WorkerId[]): WorkerId[] {
    const { clock, limits, self } = this.#options;
    const isYoung = !isFirstLife(self) && clock.monotonic() - this.#bornAt < limits.youngMs;
    const others = this.#peers.all.flatMap(({ peer, isSilent }) => (isSilent ? [] : [peer]));
    return [self, ...others].filter((worker) => earlier.includes(worker) || (isYoung && worker !== self));
  }

  #refuseInterest(owner: OwnerKey, tell: InterestTell): void {
    if (tell.kind !== 'attach') return;
    const { session, hop, worker } = tell.ask;
    // Its worker attaches all of that owner's sessions again: not at once, or a full owner would be asked for ever.
    this.#options.clock.after(this.#options.limits.reloadMaxMs, () => {
      this.#entry(worker, { what: 'refused', mark: { owner, swallowed: { session, hop } } });
    });
  }

  #tell(to: OwnerKey, command: Command, from: OwnerKey | null, seq: number | null): void {
    // Whom it has is its own: that is known sooner than a key is hashed.
    if (this.actors.has(to) || this.#isMine(to)) this.actors.tell(to, command, from, seq);
    else this.#peers.inSlot(this.slotOf(to))?.post({ m: 'tell', to, command, from, seq });
  }

  #confirm(to: OwnerKey, from: OwnerKey, seq: number): void {
    if (this.#isMine(to)) this.actors.confirm(to, from, seq);
    else this.#peers.inSlot(this.slotOf(to))?.post({ m: 'confirm', to, from, seq });
  }
}
