/** A directory that lets so many calls to one owner be under way at once; one more fails at once instead of waiting where it would be too late. */
import { counter, type Family, Tally } from '../base/metrics.ts';
import type { OwnerKey } from '../protocol/ids.ts';
import type { Answer } from '../protocol/links.ts';
import { shareOf, type Urgency, urgencyOf } from '../protocol/urgency.ts';
import type { AskOptions, Directory } from './directory.ts';
import { Shed } from './overload.ts';

export class GatedDirectory implements Directory {
  readonly #underWay = new Map<OwnerKey, number>();
  readonly #shed = new Tally();

  constructor(
    readonly inner: Directory,
    readonly limits: { readonly ownerCalls: number },
  ) {}

  get self(): Directory['self'] {
    return this.inner.self;
  }

  ask(to: OwnerKey, command: Parameters<Directory['ask']>[1], options: AskOptions): Promise<Answer> {
    return this.#pass(to, urgencyOf(command), () => this.inner.ask(to, command, options));
  }

  read(...args: Parameters<Directory['read']>): Promise<Answer> {
    return this.#pass(args[0], 'ordinary', () => this.inner.read(...args));
  }

  tell(...args: Parameters<Directory['tell']>): void {
    this.inner.tell(...args);
  }

  interest(...args: Parameters<Directory['interest']>): void {
    this.inner.interest(...args);
  }

  residence(...args: Parameters<Directory['residence']>): void {
    this.inner.residence(...args);
  }

  control(...args: Parameters<Directory['control']>): Promise<void> {
    return this.inner.control(...args);
  }

  workers(): ReturnType<Directory['workers']> {
    return this.inner.workers();
  }

  measure(): Family[] {
    const help = 'Calls that failed because too many of their owner were under way, by kind.';
    return [counter('guildhall_gated_total', help, this.#shed.entries, 'kind')];
  }

  async #pass(to: OwnerKey, urgency: Urgency, call: () => Promise<Answer>): Promise<Answer> {
    const underWay = this.#underWay.get(to) ?? 0;
    if (underWay >= this.limits.ownerCalls * shareOf(urgency)) {
      this.#shed.add(urgency);
      throw new Shed(urgency);
    }
    this.#underWay.set(to, underWay + 1);
    try {
      return await call();
    } finally {
      const left = (this.#underWay.get(to) ?? 1) - 1;
      if (left === 0) this.#underWay.delete(to);
      else this.#underWay.set(to, left);
    }
  }
}
