/** The streams that tell the store's state: at once, at each change, each second. And who has claimed what is stored. */
import type { ServerWritableStream } from '@grpc/grpc-js';
import type { Clock, Timer } from '../base/clock.ts';
import { rpcOf } from '../store/grpc/wire.ts';
import type { Store } from '../store/ports.ts';

type Stream = ServerWritableStream<unknown, Buffer>;

const LOOK_MS = 100;
const BEAT_LOOKS = 10;

export class States {
  readonly #watchers = new Map<Stream, string>();
  #timer: Timer | null = null;
  #looks = 0;
  #told: Store['state'] | null = null;

  constructor(
    readonly store: Pick<Store, 'state'>,
    readonly clock: Pick<Clock, 'after'>,
    readonly most: number,
  ) {}

  /** Null: it is one of those that are told; else why it is not, or from where somebody else has claimed it. `claim` empty: it claims nothing. */
  add(stream: Stream, claim: string): 'full' | { readonly holder: string } | null {
    if (this.#watchers.size >= this.most) return 'full';
    const held = [...this.#watchers].find(([, other]) => other !== '' && other !== claim);
    if (claim !== '' && held !== undefined) return { holder: held[0].getPeer() };
    this.#watchers.set(stream, claim);
    stream.on('cancelled', () => this.#watchers.delete(stream));
    this.#tell(stream);
    if (this.#timer === null) this.#arm();
    return null;
  }

  /** What is stored is his for now. Empty: of whoever claims nothing. */
  holds(claim: string): boolean {
    if (claim === '') return false;
    for (const held of this.#watchers.values()) if (held === claim) return true;
    return false;
  }

  close(): void {
    this.#timer?.cancel();
    for (const stream of this.#watchers.keys()) stream.end();
    this.#watchers.clear();
  }

  #arm(): void {
    this.#timer = this.clock.after(LOOK_MS, () => {
      this.#timer = null;
      this.#looks = (this.#looks + 1) % BEAT_LOOKS;
      if (this.#looks === 0 || this.store.state !== this.#told)
        for (const stream of this.#watchers.keys()) this.#tell(stream);
      if (this.#watchers.size > 0) this.#arm();
    });
  }

  /** Who does not read is told no more until he has: then the next beat says what is. */
  #tell(stream: Stream): void {
    this.#told = this.store.state;
    if (!stream.writableNeedDrain) stream.write(rpcOf('State').answer.encode({ state: this.#told }));
  }
}
