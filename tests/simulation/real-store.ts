/** The memory store and the real rules over it. What the rules decide goes to the oracle when it is stored, or at once when there is nothing to store. */
import type { Opened } from '../../src/actor/ports.ts';
import type { Clock } from '../../src/base/clock.ts';
import { Histograms } from '../../src/base/metrics.ts';
import { openOwner } from '../../src/host/loader.ts';
import { TimedBehavior, TURN_BOUNDS } from '../../src/host/timed-behavior.ts';
import type { Command } from '../../src/protocol/commands.ts';
import type { Decision, RowDraft, Turn } from '../../src/protocol/decision.ts';
import type { AttachAsk } from '../../src/protocol/envelope.ts';
import { LARGE_PRESENCES, LARGE_TYPING } from '../../src/protocol/events.ts';
import { type OwnerKey, ownerId } from '../../src/protocol/ids.ts';
import type { Batch } from '../../src/store/ports.ts';
import { FailingStore } from '../support/failing-store.ts';
import { numbered, numberedDraft, numberedRow } from '../support/numbered-rows.ts';
import type { Fact, Subject } from './facts.ts';
import { type Decided, Witness } from './witness.ts';

export interface RealStoreHooks {
  states(guild: string, fact: Fact): void;
  loaded(guild: string, epoch: number, isThere: (subject: Subject) => boolean): void;
  schedule(run: () => void): void;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  /** Guilds say typing and presence as large ones do. */
  readonly isLarge: boolean;
}

const LARGE: Readonly<Record<string, number>> = { TYPING_START: LARGE_TYPING, PRESENCE_UPDATE: LARGE_PRESENCES };

const asInLarge = (draft: RowDraft): RowDraft =>
  draft.kind === 'event' ? { ...draft, cls: LARGE[draft.t] ?? draft.cls } : draft;

/** The rules of a guild, whose words say their row. */
export class NumberedBehavior extends TimedBehavior {
  constructor(
    opened: Opened,
    clock: Pick<Clock, 'monotonic'>,
    readonly hear: (decided: Decided) => void,
    readonly isLarge: boolean,
  ) {
    super(opened.behavior, clock, new Histograms(TURN_BOUNDS));
    this.#seq = opened.head;
  }

  /** Of the last row. */
  #seq: number;

  override decide(command: Command, turn: Turn): Decision {
    const decision = super.decide(command, turn);
    const said = this.isLarge ? decision.rows.map(asInLarge) : decision.rows;
    const rows = said.map((draft, i) => numberedDraft(draft, turn.seq(i)));
    if (rows.length > 0) this.#seq = turn.seq(rows.length - 1);
    const stated = rows.map((draft, i) => {
      const stored = draft.kind !== 'event' || draft.note !== null;
      return { seq: turn.seq(i), stored, draft };
    });
    this.hear({ rows: stated, writes: decision.writes });
    return { ...decision, rows };
  }

  override snapshot(ask: AttachAsk, now: number): ReturnType<TimedBehavior['snapshot']> {
    const snapshot = super.snapshot(ask, now);
    return { ...snapshot, d: `{"mask":${ask.mask},${numbered(snapshot.d, this.#seq).slice(1)}` };
  }
}

export class RealStore extends FailingStore {
  /** The newest load of each guild. */
  readonly loads = new Map<OwnerKey, NumberedBehavior>();
  readonly #witnesses = new Map<OwnerKey, Witness>();
  /** Per load: what it has decided and neither stored nor said yet. */
  readonly #open = new Map<string, Decided[]>();
  readonly #atStore = new WeakMap<Batch, readonly Decided[]>();
  /** What rows and records do not agree in. */
  wrong: string | null = null;

  constructor(
    readonly hooks: RealStoreHooks,
    readonly journalRows: number,
  ) {
    super({ clock: hooks.clock, defer: (run) => hooks.schedule(run) });
  }

  asActorStore = () => this;

  async open(key: OwnerKey): Promise<Opened> {
    const opened = await openOwner(this, key, { journalRows: this.journalRows }, this.hooks.clock.now);
    if (!key.startsWith('g:')) return opened;
    const load = `${key} ${opened.epoch}`;
    const { clock, isLarge } = this.hooks;
    const hear = (decided: Decided): void => this.#decided(key, load, decided);
    const behavior = new NumberedBehavior(opened, clock, hear, isLarge);
    this.loads.set(key, behavior);
    return { ...opened, behavior, rows: opened.rows.map((row) => numberedRow(row)) };
  }

  override async fence(owner: OwnerKey): Promise<number> {
    const epoch = await super.fence(owner);
    const guild = ownerId(owner);
    if (owner.startsWith('g:')) this.hooks.loaded(guild, epoch, (subject) => this.#isThere(guild, subject));
    return epoch;
  }

  override commit(batch: Batch): Promise<void> {
    this.#atStore.set(batch, this.#take(`${batch.owner} ${batch.epoch}`));
    return super.commit(batch);
  }

  protected override stored(batch: Batch): void {
    this.#hears(batch.owner, this.#atStore.get(batch) ?? []);
  }

  /** A batch goes to the store in the turn in which it is decided: what does not has been said by then. */
  #decided(owner: OwnerKey, load: string, decided: Decided): void {
    this.#open.set(load, [...(this.#open.get(load) ?? []), decided]);
    queueMicrotask(() => this.#hears(owner, this.#take(load)));
  }

  #take(load: string): readonly Decided[] {
    const decided = this.#open.get(load) ?? [];
    this.#open.delete(load);
    return decided;
  }

  #hears(owner: OwnerKey, decided: readonly Decided[]): void {
    const guild = ownerId(owner);
    const witness = this.#witnesses.get(owner) ?? new Witness(guild);
    this.#witnesses.set(owner, witness);
    try {
      for (const one of decided) for (const fact of witness.hears(one)) this.hooks.states(guild, fact);
    } catch (error) {
      this.wrong ??= `${owner}: ${error}`;
    }
  }

  #isThere(guild: string, subject: Subject): boolean {
    if (subject.as === 'message') return this.data.messages.message(subject.channel, subject.id) !== null;
    const stored = this.data.guilds.guild(guild);
    switch (subject.as) {
      case 'channel':
        return stored?.channels.some(({ id }) => id === subject.id) === true;
      case 'role':
        return stored?.roles.some(({ id }) => id === subject.id) === true;
      case 'member':
        return stored?.members.some(({ user }) => user.id === subject.id) === true;
      default:
        return stored !== null;
    }
  }
}
