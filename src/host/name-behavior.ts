/** An account name as an actor. Nobody attaches to it and it has no questions. */
import { assert } from '../base/assert.ts';
import type { Command } from '../protocol/commands.ts';
import type { Decision, Turn } from '../protocol/decision.ts';
import type { UsersPort } from '../store/ports.ts';
import { decideName, type NameState } from '../user/decide-name.ts';
import { BareBehavior } from './bare-behavior.ts';

export class NameBehavior extends BareBehavior {
  readonly #state: NameState;

  constructor(state: NameState) {
    super();
    this.#state = state;
  }

  override decide(command: Command, turn: Pick<Turn, 'now'>): Decision {
    return decideName(this.#state, command, turn);
  }

  override isMember(): boolean {
    return false;
  }

  override topicsOf(): readonly string[] {
    return [];
  }

  override snapshot(): never {
    assert(false, 'nobody attaches to a name');
  }
}

/** `name`: lower case, the part of the key behind `n:`. */
export async function loadName(store: Pick<UsersPort, 'userByLogin'>, name: string): Promise<NameBehavior> {
  return new NameBehavior({ name, holder: await store.userByLogin(name), claimedAt: null });
}
