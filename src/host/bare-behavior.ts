/** What an owner has that keeps no messages, answers no questions and tells nothing again. */
import type { Behavior } from '../actor/behavior.ts';
import type { Command } from '../protocol/commands.ts';
import type { Decision, Need, Reply, Turn } from '../protocol/decision.ts';
import { refuse } from '../protocol/errors.ts';

const NONE: readonly Need[] = [];

export abstract class BareBehavior implements Behavior {
  abstract decide(command: Command, turn: Turn): Decision;
  abstract isMember(): boolean;
  abstract topicsOf(): readonly string[];
  abstract snapshot(): ReturnType<Behavior['snapshot']>;

  question(): Reply {
    return refuse('generalError');
  }

  needs(): readonly Need[] {
    return NONE;
  }

  supply(): void {}

  forsake(): void {}

  voiceOf(): null {
    return null;
  }

  guilds(): null {
    return null;
  }

  retell(): null {
    return null;
  }
}
