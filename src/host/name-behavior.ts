/** An account name as an actor. Nobody attaches to it and it has no questions. */
import type { Behavior } from '../actor/behavior.ts';
import { assert } from '../base/assert.ts';
import type { Command } from '../protocol/commands.ts';
import type { Decision, Need, Reply, Turn } from '../protocol/decision.ts';
import { refuse } from '../protocol/errors.ts';
import type { UsersPort } from '../store/ports.ts';
import { decideName, type NameState } from '../user/decide-name.ts';

export class NameBehavior implements Behavior {
  readonly #state: NameState;

  constructor(state: NameState) {
    this.#state = state;
  }

  decide(command: Command, turn: Pick<Turn, 'now'>): Decision {
    return decideName(this.#state, command, turn);
  }

  question(): Reply {
    return refuse('generalError');
  }

  needs(): readonly Need[] {
    return [];
  }

  supply(): void {}

  forsake(): void {}

  isMember(): boolean {
    return false;
  }

  topicsOf(): readonly string[] {
    return [];
  }

  snapshot(): never {
    assert(false, 'nobody attaches to a name');
  }

  guilds(): null {
    return null;
  }

  retell(): null {
    return null;
  }
}

/** `name`: lower case, the part of the key behind `n:`. */
export async function loadName(store: Pick<UsersPort, 'userByLogin'>, name: string): Promise<NameBehavior> {
  return new NameBehavior({ name, holder: await store.userByLogin(name), claimedAt: null });
}
