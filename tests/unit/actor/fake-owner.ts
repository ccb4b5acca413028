/** A rule without chat: a counter with members, whose commands (in `kind: 'createGuild'` clothes) say what to do. And a store for it. */
import type { Behavior } from '../../../src/actor/behavior.ts';
import type { KeptNote } from '../../../src/actor/journal.ts';
import type { ActorStore, Opened, Wording } from '../../../src/actor/ports.ts';
import type { RingRow } from '../../../src/actor/rows.ts';
import type { Command, Question } from '../../../src/protocol/commands.ts';
import {
  type Decision,
  done,
  type Need,
  type Reply,
  type RowDraft,
  type Tell,
  type Turn,
} from '../../../src/protocol/decision.ts';
import type { Body } from '../../../src/protocol/envelope.ts';
import { Fault, refuse } from '../../../src/protocol/errors.ts';
import type { OwnerKey } from '../../../src/protocol/ids.ts';
import type { StoredRow, StoredTell, Write } from '../../../src/protocol/writes.ts';

/** What a test wants decided. Travels as a command of a kind that the runtime does not look at. */
export interface Script {
  readonly name?: string;
  readonly rows?: readonly RowDraft[];
  readonly tells?: readonly Tell[];
  /** Adds this to the stored number. */
  readonly add?: number;
  readonly throws?: boolean;
  readonly needs?: readonly Need[];
  readonly refuses?: boolean;
}

export const script = (what: Script): Command => ({ kind: 'unscripted', ...what }) as unknown as Command;
export const volatile = (what: Script): Command => ({ kind: 'typing', ...what }) as unknown as Command;

export const body = (t: string, cls = 0): Body => ({ t, d: '{}', cls, full: null });

export const event = (topic: string, t = 'EVENT', more: { cls?: number; isVolatile?: boolean } = {}): RowDraft => ({
  kind: 'event',
  topic,
  t,
  d: JSON.stringify({ t }),
  cls: more.cls ?? 0,
  full: null,
  note: more.isVolatile ? null : { as: 'literal' },
});

export const wording: Wording = {
  left: body('GUILD_DELETE'),
  created: (d) => ({ ...body('CHANNEL_CREATE'), d }),
  deleted: (d) => ({ ...body('CHANNEL_DELETE'), d }),
  carried: () => [],
  gathered: [],
  gone: () => [],
};

export class FakeBehavior implements Behavior {
  readonly log: string[] = [];
  readonly supplied: Need[] = [];
  readonly forsaken: Need[] = [];
  /** The lists that came back. */
  readonly returned: (readonly Need[])[] = [];

  constructor(
    public total: number,
    readonly members: Set<string> = new Set(),
    readonly visible: Map<string, Set<string>> = new Map(),
    readonly own = 'g:1',
  ) {}

  decide(command: Command, turn: Turn): Decision {
    const { name, rows, tells, add, throws, refuses } = command as unknown as Script;
    if (throws) throw new Error(`bug in ${name}`);
    this.log.push(name ?? '');
    if (refuses) return { ...done(), reply: refuse('conflict') };
    this.total += add ?? 0;
    const writes: Write[] = add === undefined ? [] : [{ w: 'putLogin', login: 'total', userId: String(this.total) }];
    for (const row of rows ?? []) this.#apply(row);
    return {
      reply: { ok: { name, total: this.total, seq: turn.seq(0) } },
      writes,
      rows: rows ?? [],
      tells: tells ?? [],
    };
  }

  question(question: Question): Reply {
    if ((question as { ask: string }).ask === 'guildPreview') throw new Error('bug in a question');
    return { ok: this.total };
  }

  needs = (command: Command): readonly Need[] => (command as unknown as Script).needs ?? [];
  supply = (need: Need): void => void this.supplied.push(need);
  forsake = (needs: readonly Need[]): void => {
    this.returned.push(needs);
    this.forsaken.push(...needs);
  };
  isMember = (user: string): boolean => this.members.has(user);
  topicsOf = (user: string): readonly string[] => [
    this.own,
    ...[...this.visible].flatMap(([channel, users]) => (users.has(user) ? [`c:${channel}`] : [])),
  ];
  snapshot = () => ({ t: 'GUILD_CREATE', d: JSON.stringify({ total: this.total }), cls: 0 });
  voiceOf = (): null => null;
  guilds = (): null => null;
  retell = (): null => null;

  #apply(row: RowDraft): void {
    if (row.kind === 'join') this.members.add(row.user);
    if (row.kind === 'leave') this.members.delete(row.user);
    if (row.kind !== 'visibility') return;
    const users = this.visible.get(row.channel) ?? new Set();
    this.visible.set(row.channel, users);
    for (const user of row.gained) users.add(user);
    for (const user of row.lost) users.delete(user);
  }
}

interface Kept {
  epoch: number;
  total: number;
  readonly rows: StoredRow[];
  readonly tells: StoredTell[];
  readonly results: Map<string, string>;
}

/** Commits when told, or at once; fences like the real one. */
export class FakeStore implements ActorStore {
  state: ActorStore['state'] = 'open';
  /** Commits wait until `step`. */
  isManual = false;
  readonly kept = new Map<OwnerKey, Kept>();
  readonly batches: Write[][] = [];
  readonly waiting: { readonly run: () => void; readonly fail: (error: Error) => void }[] = [];
  epochs = 0;

  of(key: OwnerKey): Kept {
    const kept = this.kept.get(key) ?? { epoch: 0, total: 0, rows: [], tells: [], results: new Map() };
    this.kept.set(key, kept);
    return kept;
  }

  commit({ owner, epoch, writes }: { owner: OwnerKey; epoch: number; writes: readonly Write[] }): Promise<void> {
    return new Promise((resolve, reject) => {
      const run = (): void => {
        if (this.of(owner).epoch !== epoch) {
          reject(new Fault('fenced', true, 'an older epoch'));
          return;
        }
        this.batches.push([...writes]);
        for (const write of writes) this.#apply(this.of(owner), write);
        resolve();
      };
      if (this.isManual) this.waiting.push({ run, fail: reject });
      else run();
    });
  }

  step(): void {
    this.waiting.shift()?.run();
  }

  release(): void {}

  result = async (owner: OwnerKey, commandId: string): Promise<string | null> =>
    this.of(owner).results.get(commandId) ?? null;

  /** As the host does: fence, then read. */
  open(key: OwnerKey, members: Iterable<string> = []): Opened & { readonly behavior: FakeBehavior } {
    const kept = this.of(key);
    this.epochs += 1;
    kept.epoch = this.epochs;
    const behavior = new FakeBehavior(kept.total, new Set(members), new Map(), key);
    const rows = kept.rows.flatMap(({ seq, note }): RingRow[] => {
      const parsed = JSON.parse(note) as KeptNote;
      if (parsed.kind !== 'event') return [];
      return [{ seq, kind: 'event', topic: parsed.topic, body: { ...body(parsed.t, parsed.cls), d: parsed.d ?? '' } }];
    });
    return {
      epoch: kept.epoch,
      behavior,
      wording,
      rows,
      forgotten: 0,
      head: kept.rows.at(-1)?.seq ?? 0,
      tells: [...kept.tells],
    };
  }

  #apply(kept: Kept, write: Write): void {
    if (write.w === 'putLogin') kept.total = Number(write.userId);
    if (write.w === 'putRow') kept.rows.push(write.row);
    if (write.w === 'putTell') kept.tells.push(write.tell);
    if (write.w === 'putResult') kept.results.set(write.commandId, write.result);
    if (write.w !== 'deleteTell') return;
    const at = kept.tells.findIndex(({ seq, to }) => seq === write.seq && to === write.to);
    if (at !== -1) kept.tells.splice(at, 1);
  }
}
