/** An owner that says again what it is told: what arrives has passed an actor, the store, a link and an outlet. */
import type { Behavior } from '../actor/behavior.ts';
import type { Command } from '../protocol/commands.ts';
import { type Decision, done, refused } from '../protocol/decision.ts';
import { refuse } from '../protocol/errors.ts';
import type { OwnerKey } from '../protocol/ids.ts';
import { PROBE_EVENT, type ProbeData } from '../protocol/probe.ts';
import { BareBehavior } from './bare-behavior.ts';

export class ProbeBehavior extends BareBehavior {
  constructor(readonly owner: OwnerKey) {
    super();
  }

  /** The row's note is a write: it is told when it is stored. */
  override decide(command: Command): Decision {
    if (command.kind !== 'probe') return refused(refuse('generalError'));
    const d = this.#data(command.nonce);
    const row = { kind: 'event', topic: this.owner, t: PROBE_EVENT, d, cls: 0, full: null } as const;
    return { ...done(), rows: [{ ...row, note: { as: 'literal' } }] };
  }

  override isMember(): boolean {
    return true;
  }

  override topicsOf(): readonly string[] {
    return [this.owner];
  }

  override snapshot(): ReturnType<Behavior['snapshot']> {
    return { t: PROBE_EVENT, d: this.#data(null), cls: 0 };
  }

  #data(nonce: string | null): string {
    const data: ProbeData = { owner: this.owner, nonce };
    return JSON.stringify(data);
  }
}
