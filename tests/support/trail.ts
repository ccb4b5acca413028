/** What a client holds of one session over all its sockets: what it took, cut and resumed, in the order in which it acts on it. */
import { type Frame, RawGateway } from './raw-gateway.ts';

export class Trail implements AsyncDisposable {
  readonly #kept: Frame[] = [];
  #client: RawGateway;
  /** Frames of this socket that count from this index on. */
  #from = 0;
  /** What it has named in a resume it has for good: it never goes back below. */
  #named = 1;
  /** It has gone back: numbers of what is not repeated (RESUMED) are missing from then on. */
  #wentBack = false;

  constructor(client: RawGateway) {
    this.#client = client;
  }

  get client(): RawGateway {
    return this.#client;
  }

  get frames(): Frame[] {
    return [...this.#kept, ...this.#client.dispatches.slice(this.#from)];
  }

  get seq(): number {
    return this.frames.at(-1)?.s ?? 0;
  }

  /** The socket goes without a close frame, or with this code. */
  async cut(code?: number): Promise<void> {
    if (code === undefined) this.#client.terminate();
    else this.#client.close(code);
    await this.#client.closed;
    this.#kept.push(...this.#client.dispatches.slice(this.#from));
    this.#from = this.#client.dispatches.length;
  }

  /** Says op 6 on a new socket, as a client that lost up to `back` dispatches. READY, and what it has named before, is never lost. */
  async ask(base: string, back = 0): Promise<RawGateway> {
    if (this.#client.open) {
      this.#kept.push(...this.#client.dispatches.slice(this.#from));
      this.#from = this.#client.dispatches.length;
    }
    const lost = Math.min(back, this.#kept.length - this.#named);
    if (lost > 0) {
      this.#kept.splice(-lost);
      this.#wentBack = true;
    }
    this.#named = this.#kept.length;
    return RawGateway.resumeOf(base, this.#client, this.#kept.at(-1)?.s ?? 0);
  }

  /** Goes on with that socket. `alone` false: others were resumed meanwhile, and took numbers that are not repeated. */
  follow(next: RawGateway, alone = true): void {
    this.#wentBack ||= !alone;
    this.#client = next;
    this.#from = 0;
  }

  async resume(base: string, back = 0): Promise<void> {
    const next = await this.ask(base, back);
    this.follow(next);
    await next.dispatch('RESUMED');
  }

  /** `d` of every dispatch of that name. */
  all<T>(name: string): T[] {
    return this.frames.filter(({ t }) => t === name).map(({ d }) => d as T);
  }

  get messages(): string[] {
    return this.all<{ id: string }>('MESSAGE_CREATE').map(({ id }) => id);
  }

  /** What is wrong with the numbers; empty: nothing. `own`: a bot's, one after the other from 1. */
  problems(own: boolean): string[] {
    const numbers = this.frames.map(({ s }) => s ?? 0);
    return numbers.flatMap((s, index) => {
      const before = numbers[index - 1] ?? 0;
      const isRight = own && !this.#wentBack ? s === before + 1 : s > before;
      return isRight && s < 2 ** 31 ? [] : [`${s} after ${before}`];
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }
}
