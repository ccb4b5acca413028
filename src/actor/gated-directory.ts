/** A directory that lets so many calls to one owner be under way at once; one more fails at once instead of waiting where it would be too late. */
import { counter, type Family, Tally } from '../base/metrics.ts';
import type { OwnerKey } from '../protocol/ids.ts';
import type { Answer } from '../protocol/links.ts';
import { SHED_ORDER, shareOf, type Urgency, urgencyOf } from '../protocol/urgency.ts';
import type { AskOptions, Directory } from './directory.ts';
import { DirectoryAround } from './directory-around.ts';
import { Shed } from './overload.ts';

export class GatedDirectory extends DirectoryAround {
  readonly #commands = new Map<OwnerKey, number>();
  readonly #reads = new Map<OwnerKey, number>();
  readonly #shed = new Tally(SHED_ORDER);

  constructor(
    inner: Directory,
    readonly limits: { readonly ownerCalls: number; readonly ownerReads: number },
  ) {
    super(inner);
  }

  override ask(to: OwnerKey, command: Parameters<Directory['ask']>[1], options: AskOptions): Promise<Answer> {
    const urgency = urgencyOf(command);
    const room = this.limits.ownerCalls * shareOf(urgency);
    return this.#pass(this.#commands, to, room, urgency, () => this.inner.ask(to, command, options));
  }

  /** A question waits in no mailbox: when a crowd opens a channel, each of them may ask. */
  override read(...args: Parameters<Directory['read']>): Promise<Answer> {
    return this.#pass(this.#reads, args[0], this.limits.ownerReads, 'ordinary', () => this.inner.read(...args));
  }

  measure(): Family[] {
    const help = 'Calls that failed because too many of their owner were under way, by kind.';
    return [counter('guildhall_gated_total', help, this.#shed.entries, 'kind')];
  }

  async #pass(
    underWay: Map<OwnerKey, number>,
    to: OwnerKey,
    room: number,
    urgency: Urgency,
    call: () => Promise<Answer>,
  ): Promise<Answer> {
    const others = underWay.get(to) ?? 0;
    if (others >= room) {
      this.#shed.add(urgency);
      throw new Shed(urgency);
    }
    underWay.set(to, others + 1);
    try {
      return await call();
    } finally {
      const left = (underWay.get(to) ?? 1) - 1;
      if (left === 0) underWay.delete(to);
      else underWay.set(to, left);
    }
  }
}
