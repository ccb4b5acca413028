import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { assert } from '../../base/assert.ts';
import type { OwnerKey } from '../../protocol/ids.ts';
import type { Committer } from '../ports.ts';
import type { Outbox, WriterRequests } from '../thread/wire.ts';
import { Epochs } from './epochs.ts';
import { failureOf, sentence } from './failure.ts';
import { arityOf, WRITE_SQL } from './statements.ts';
import { Trim } from './trim.ts';
import type { Wal } from './wal.ts';

interface Commit {
  readonly kind: 'commit';
  readonly from: Outbox;
  readonly id: number;
  readonly owner: string;
  readonly epoch: number;
  /** Where its statements lie. */
  readonly ops: WriterRequests;
  readonly start: number;
  readonly end: number;
}

type Request =
  | Commit
  | { readonly kind: 'fence'; readonly from: Outbox; readonly id: number; readonly owner: OwnerKey }
  | { readonly kind: 'release'; readonly owner: string; readonly epoch: number };

/** Requests that one transaction takes: its length bounds how long a commit waits for those of others. */
const BATCHES_PER_COMMIT = 1024;

/** Group commit: the waiting batches of all actors become one transaction, a savepoint each. It knows no thread and no time. */
export class Writer {
  readonly #db: DatabaseSync;
  readonly #wal: Wal;
  readonly #epochs: Epochs;
  readonly #trim: Trim;
  readonly #statements = new Map<string, { readonly run: StatementSync; readonly arity: number }>();
  readonly #control: Readonly<Record<'begin' | 'commit' | 'rollback' | 'save' | 'undo' | 'keep', StatementSync>>;
  readonly #probe: readonly StatementSync[];
  readonly #onState: (state: Committer['state']) => void;
  readonly #most: number;
  #queue: Request[] = [];
  #ran = 0;
  #state: Exclude<Committer['state'], 'closed'> = 'open';

  constructor(db: DatabaseSync, wal: Wal, onState: (state: Committer['state']) => void, most = BATCHES_PER_COMMIT) {
    this.#most = most;
    this.#db = db;
    this.#wal = wal;
    this.#onState = onState;
    this.#epochs = new Epochs(db);
    this.#trim = new Trim(db);
    for (const [name, sql] of Object.entries(WRITE_SQL)) {
      this.#statements.set(name, { run: db.prepare(sql), arity: arityOf(sql) });
    }
    this.#control = {
      begin: db.prepare('begin immediate'),
      commit: db.prepare('commit'),
      rollback: db.prepare('rollback'),
      save: db.prepare('savepoint batch'),
      undo: db.prepare('rollback to batch'),
      keep: db.prepare('release batch'),
    };
    this.#probe = [
      db.prepare("insert or replace into meta values ('probe', randomblob(65536))"),
      db.prepare("delete from meta where name = 'probe'"),
    ];
  }

  get state(): Committer['state'] {
    return this.#state;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** Queues what one message of a client holds, in its order. */
  take(requests: WriterRequests, from: Outbox): void {
    for (let at = 0; at < requests.length; ) {
      const kind = requests[at];
      if (kind === 'commit') {
        const [id, owner, epoch, length] = [requests[at + 1], requests[at + 2], requests[at + 3], requests[at + 4]];
        const start = at + 5;
        at = start + Number(length);
        const whose = { owner: String(owner), epoch: Number(epoch) };
        this.#queue.push({ kind, from, id: Number(id), ...whose, ops: requests, start, end: at });
      } else if (kind === 'fence') {
        this.#queue.push({ kind, from, id: Number(requests[at + 1]), owner: requests[at + 2] as OwnerKey });
        at += 3;
      } else {
        assert(kind === 'release', 'a request is a commit, a fence or a release');
        this.#queue.push({ kind, owner: String(requests[at + 1]), epoch: Number(requests[at + 2]) });
        at += 3;
      }
    }
  }

  /** One transaction for what waits; answers are in the outboxes when it returns, none before the commit. */
  round(): void {
    const most = this.#most;
    const requests = this.#queue.length <= most ? this.#queue : this.#queue.slice(0, most);
    this.#queue = this.#queue.length <= most ? [] : this.#queue.slice(most);
    this.#reserve(requests);
    const answers: (() => void)[] = [];
    let failure: unknown = null;
    const commits = this.#state === 'open' && requests.some(({ kind }) => kind === 'commit');
    try {
      if (commits) this.#control.begin.run();
      for (const request of requests) answers.push(this.#serve(request));
      if (commits) {
        this.#trim.step();
        this.#control.commit.run();
      }
    } catch (error) {
      failure = error;
      this.#fail(error);
    }
    if (failure === null) for (const answer of answers) answer();
    else for (const request of requests) this.#refuse(request, failure);
    if (commits && failure === null) this.#bound();
  }

  /** Writes and deletes something while the store is full or broken; opens it when that succeeds. */
  probe(): void {
    if (this.#state === 'open') return;
    try {
      if (this.#db.isTransaction) this.#control.rollback.run();
      for (const statement of this.#probe) statement.run();
    } catch (error) {
      this.#enter(failureOf(error, false) === 'full' ? 'full' : 'broken');
      return;
    }
    this.#enter('open');
  }

  /** The answer to give after the commit. Throws what fails the whole transaction. */
  #serve(request: Request): () => void {
    if (request.kind === 'release') {
      this.#epochs.end(request.owner, request.epoch);
      return () => undefined;
    }
    const { from, id, owner } = request;
    if (request.kind === 'fence') {
      if (this.#epochs.left === 0) return () => from.answer(id, this.#refusal(), 'no epoch can be reserved');
      const epoch = this.#epochs.next(request.owner);
      return () => from.answer(id, 'ok', epoch);
    }
    if (this.#state !== 'open') return () => from.answer(id, this.#refusal(), 'the store does not accept writes');
    if (!this.#epochs.isPresent(owner, request.epoch)) {
      return () => from.answer(id, 'fenced', `epoch ${request.epoch} of ${owner} has ended`);
    }
    const wrong = this.#store(request);
    return () => (wrong === null ? from.answer(id, 'ok', '') : from.answer(id, 'batch', wrong));
  }

  /** A batch in its savepoint: null when it is in the transaction, else what is wrong with it. */
  #store(commit: Commit): string | null {
    this.#control.save.run();
    try {
      this.#run(commit);
    } catch (error) {
      if (failureOf(error, this.#db.isTransaction) !== 'batch') throw error;
      this.#control.undo.run();
      this.#control.keep.run();
      return sentence(error);
    }
    this.#control.keep.run();
    return null;
  }

  #run({ ops, start, end, owner }: Commit): void {
    for (let at = start; at < end; ) {
      const name = String(ops[at]);
      const statement = this.#statements.get(name);
      assert(statement !== undefined, `${name} is a statement of this store`);
      const from = at + 1;
      at = from + statement.arity;
      assert(at <= end, `${name} has its parameters`);
      statement.run.run(...ops.slice(from, at));
      this.#trim.saw(name, owner, Number(ops[at - 1]));
      this.#ran += 1;
    }
  }

  /** In a transaction of its own, before the one that needs them; rare. */
  #reserve(requests: readonly Request[]): void {
    const fences = requests.filter(({ kind }) => kind === 'fence').length;
    if (fences === 0 || fences <= this.#epochs.left || this.#state !== 'open') return;
    try {
      this.#epochs.reserve(fences);
    } catch (error) {
      this.#fail(error);
    }
  }

  #refusal(): 'full' | 'broken' {
    return this.#state === 'full' ? 'full' : 'broken';
  }

  #refuse(request: Request, error: unknown): void {
    if (request.kind !== 'release') request.from.answer(request.id, this.#refusal(), sentence(error));
  }

  #fail(error: unknown): void {
    try {
      if (this.#db.isTransaction) this.#control.rollback.run();
    } catch {
      // The probe tries again; until then nothing is written.
    }
    this.#enter(failureOf(error, false) === 'full' ? 'full' : 'broken');
  }

  #bound(): void {
    try {
      this.#wal.bound(this.#ran);
    } catch (error) {
      this.#fail(error);
    }
    this.#ran = 0;
  }

  #enter(state: 'open' | 'full' | 'broken'): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#onState(state);
  }
}
