/**
 * The store of tiny rules: the memory store, whose journal the host tells again. What the rules themselves would read (who is a member, who sees
 * what) is kept beside it, and changes exactly when a batch is stored.
 */
import type { ActorStore, Opened } from '../../src/actor/ports.ts';
import { realClock } from '../../src/base/clock.ts';
import { loadJournal } from '../../src/host/journal.ts';
import type { RowDraft } from '../../src/protocol/decision.ts';
import { type OwnerKey, ownerId, type Snowflake } from '../../src/protocol/ids.ts';
import type { Write } from '../../src/protocol/writes.ts';
import { MemoryData } from '../../src/store/memory/store.ts';
import { FailingStore } from './failing-store.ts';
import { numberedRow } from './numbered-rows.ts';
import { TinyGuild, type TinyRow, TinyUser, VOLATILE, wordingOf } from './tiny-rules.ts';

interface Kept {
  readonly rows: TinyRow[];
  readonly heard: Map<OwnerKey, { readonly seq: number; readonly member: boolean }>;
}

export interface TinyStoreHooks {
  /** A row is stored. */
  committed(owner: OwnerKey, row: TinyRow): void;
  opened?(owner: OwnerKey, epoch: number): void;
  /** Calls `run` when the next commit or read is through; soon when absent. */
  schedule?(run: () => void): void;
  /** Milliseconds since 1970. */
  now?(): number;
}

/** Rows of the journal that are told again. */
const JOURNAL_ROWS = 512;

/** One store for all workers. */
export class TinyStore {
  readonly #kept = new Map<OwnerKey, Kept>();
  readonly #memory: FailingStore;
  /** The newest load of each guild. */
  readonly guilds = new Map<OwnerKey, TinyGuild>();

  constructor(
    readonly hooks: TinyStoreHooks,
    readonly bots: ReadonlySet<Snowflake> = new Set(),
    readonly journalRows = JOURNAL_ROWS,
  ) {
    const data = new MemoryData();
    const { putLogin, putHeard } = data.writes;
    Object.assign(data.writes, {
      putLogin: (write, owner) => {
        putLogin(write, owner);
        this.#row(owner, write);
      },
      putHeard: (write, owner) => {
        putHeard(write, owner);
        this.#of(owner).heard.set(write.teller, { seq: write.seq, member: write.user === 'guildJoined' });
      },
    } satisfies Partial<MemoryData['writes']>);
    const { schedule, now = realClock.now } = hooks;
    this.#memory = new FailingStore({ data, clock: { now }, ...(schedule === undefined ? {} : { defer: schedule }) });
  }

  /** As one worker sees it. */
  asActorStore(): ActorStore {
    const memory = this.#memory;
    return {
      state: 'open',
      commit: (batch) => memory.commit(batch),
      release: (owner, epoch) => memory.release(owner, epoch),
      result: (owner, commandId) => memory.result(owner, commandId),
    };
  }

  failOne: FailingStore['failOne'] = (...how) => this.#memory.failOne(...how);

  async open(key: OwnerKey): Promise<Opened> {
    const epoch = await this.#memory.fence(key);
    const kept = this.#of(key);
    const behavior = key.startsWith('g:') ? new TinyGuild(key) : new TinyUser(key, this.bots.has(ownerId(key)));
    for (const row of kept.rows) behavior.apply(row);
    if (behavior instanceof TinyGuild) this.guilds.set(key, behavior);
    else {
      for (const [guild, { seq, member }] of kept.heard) behavior.hear(guild, seq, member);
    }
    this.hooks.opened?.(key, epoch);
    const tells = await this.#memory.tells(key);
    const wording = wordingOf(key);
    const told = await loadJournal(this.#memory, key, this.journalRows, behavior, wording);
    return { epoch, behavior, wording, tells, ...told, rows: told.rows.map((row) => numberedRow(row)) };
  }

  #row(owner: OwnerKey, { login, userId }: Extract<Write, { readonly w: 'putLogin' }>): void {
    const [seq, mark] = userId.split(' ');
    const row = { seq: Number(seq), stored: mark !== VOLATILE, draft: JSON.parse(login) as RowDraft };
    if (row.stored) this.#of(owner).rows.push(row);
    this.hooks.committed(owner, row);
  }

  #of(key: OwnerKey): Kept {
    const kept = this.#kept.get(key) ?? { rows: [], heard: new Map() };
    this.#kept.set(key, kept);
    return kept;
  }
}
