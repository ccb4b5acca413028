/** A DM as an actor. Sessions do not attach to it: its recipients' user actors hear of everything. */
import type { Behavior } from '../actor/behavior.ts';
import { assert } from '../base/assert.ts';
import { decideDm, dmNeeds } from '../guild/dm-decide.ts';
import { answerDm } from '../guild/dm-questions.ts';
import { type DmState, dmState } from '../guild/dm-state.ts';
import type { Command, Question } from '../protocol/commands.ts';
import type { Decision, Need, Reply, Turn } from '../protocol/decision.ts';
import type { OwnerKey } from '../protocol/ids.ts';
import type { DmRecord } from '../protocol/records.ts';
import type { GuildsPort } from '../store/ports.ts';
import { inLoad } from './generation.ts';

export class DmBehavior implements Behavior {
  readonly #state: DmState;

  readonly #epoch: number;

  /** `dm` null: it was never opened. `epoch`: of this load. */
  constructor(owner: OwnerKey, dm: DmRecord | null, epoch: number) {
    this.#state = dmState(owner, dm);
    this.#epoch = epoch;
  }

  decide(command: Command, turn: Turn): Decision {
    return decideDm(this.#state, command, turn);
  }

  question(question: Question): Reply {
    return inLoad(this.#epoch, question, answerDm(this.#state, question));
  }

  needs(command: Command): readonly Need[] {
    return dmNeeds(this.#state, command);
  }

  supply(need: Need, value: unknown): void {
    this.#state.messages.supply(need, value);
  }

  forsake(needs: readonly Need[]): void {
    this.#state.messages.forsake(needs);
  }

  isMember(): boolean {
    return false;
  }

  topicsOf(): readonly string[] {
    return [];
  }

  snapshot(): never {
    assert(false, 'nobody attaches to a DM');
  }

  voiceOf(): null {
    return null;
  }

  guilds(): null {
    return null;
  }

  /** It keeps no journal: what it tells is stored until it is heard. */
  retell(): null {
    return null;
  }
}

export async function loadDm(store: Pick<GuildsPort, 'dm'>, owner: OwnerKey, epoch: number): Promise<DmBehavior> {
  return new DmBehavior(owner, await store.dm(owner), epoch);
}
