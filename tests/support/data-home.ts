/** A data server on a store in memory whose pages can be held back, so that what is asked meanwhile is asked at once. */
import { realClock } from '../../src/base/clock.ts';
import type { Family } from '../../src/base/metrics.ts';
import { DataServer } from '../../src/data/server.ts';
import { guildKey, type Snowflake } from '../../src/protocol/ids.ts';
import { connectGrpc } from '../../src/store/grpc/client.ts';
import { MemoryStore } from '../../src/store/memory/store.ts';
import type { MessagePage, Store } from '../../src/store/ports.ts';
import { messageRecord } from '../conformance/store-records.ts';
import { DataCaller } from './data-caller.ts';
import { CLIENT_LIMITS, SERVER_LIMITS } from './data-limits.ts';

export const TOKEN = 'a-token-of-the-tests';

/** The store in memory, and a gate before its pages. */
class HeldStore {
  readonly inner = new MemoryStore({ clock: realClock });
  /** Pages asked of the store. */
  readonly pages: MessagePage[] = [];
  /** Of them those that nobody waits for any more. */
  left = 0;
  #held: (() => void)[] | null = null;

  readonly store: Store = new Proxy(this.inner, {
    get: (inner, name) => {
      if (name === 'page') return (query: MessagePage, signal?: AbortSignal) => this.#page(query, signal);
      const value = inner[name as keyof MemoryStore] as unknown;
      return typeof value === 'function' ? value.bind(inner) : value;
    },
  });

  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const go of held) go();
  }

  async #page(query: MessagePage, signal?: AbortSignal): ReturnType<Store['page']> {
    this.pages.push(query);
    signal?.addEventListener('abort', () => {
      this.left += 1;
    });
    // What is stored when it is asked, not when it is answered.
    const page = await this.inner.page(query);
    await new Promise<void>((resolve) => (this.#held === null ? resolve() : this.#held.push(resolve)));
    return page;
  }
}

export class DataHome implements AsyncDisposable {
  readonly #open: (Disposable | AsyncDisposable)[] = [];

  private constructor(
    readonly held: HeldStore,
    readonly server: DataServer,
    readonly reported: unknown[],
  ) {}

  static async open(options: { readonly isOnlyWriter?: boolean } = {}): Promise<DataHome> {
    const held = new HeldStore();
    const reported: unknown[] = [];
    const server = await DataServer.open({
      ...{
        store: held.store,
        clock: realClock,
        host: '127.0.0.1',
        port: 0,
        token: TOKEN,
        limits: SERVER_LIMITS,
        tls: null,
      },
      isOnlyWriter: options.isOnlyWriter ?? true,
      printMetrics: async () => 'some_total 1\n',
      report: (error) => reported.push(error),
    });
    return new DataHome(held, server, reported);
  }

  caller(token = TOKEN): DataCaller {
    const caller = new DataCaller(this.server.port, token);
    this.#open.push(caller);
    return caller;
  }

  async client(claim = 'us', port = this.server.port): Promise<Store> {
    const address = `127.0.0.1:${port}`;
    const store = await connectGrpc({ address, token: TOKEN, claim, clock: realClock, limits: CLIENT_LIMITS });
    this.#open.push({ [Symbol.asyncDispose]: () => store.close() });
    return store;
  }

  /** Messages `1`, `2`, … of a channel, in the store itself. */
  async fill(channel: Snowflake, ids: readonly Snowflake[]): Promise<void> {
    const owner = guildKey(channel);
    const epoch = await this.held.inner.fence(owner);
    const writes = ids.map((id) => ({ w: 'putMessage', message: messageRecord(channel, id) }) as const);
    await this.held.inner.commit({ owner, epoch, writes });
  }

  /** A number of `measure` by its name and the value of its label. */
  count(name: string, label: string | null = null): number {
    const values = this.server.measure().find((family: Family) => family.name === name)?.values ?? [];
    return values.find(({ labels }) => label === null || Object.values(labels).includes(label))?.value ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.held.release();
    for (const each of this.#open.reverse()) {
      if (Symbol.asyncDispose in each) await each[Symbol.asyncDispose]();
      else each[Symbol.dispose]();
    }
    await this.server.close();
    await this.held.inner.close();
  }
}
