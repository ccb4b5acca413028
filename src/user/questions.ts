/** Questions about a user, answered from his state. */
import type { Question } from '../protocol/commands.ts';
import type { Reply } from '../protocol/decision.ts';
import { refuse } from '../protocol/errors.ts';
import { ownerId } from '../protocol/ids.ts';
import { commandById, commandsIn } from './applications.ts';
import { dmWire } from './dms.ts';
import { selfOf } from './self.ts';
import { isKnown, memberships, type UserState } from './user-state.ts';

/**
 * `self` -> UserSelf · `guildList` -> [guild id, row of the membership][], ascending by id · `dms` -> APIDMChannel[] as he sees them, the one opened last first ·
 * `commands` -> wires · `command` -> wire · `application` -> ApplicationRecord.
 */
export function answerUser(state: UserState, question: Question): Reply {
  if (!isKnown(state)) return refuse('unknownUser');
  switch (question.ask) {
    case 'self':
      return { ok: selfOf(state.record) };
    case 'guildList':
      return { ok: memberships(state).map(([guild, seq]) => [ownerId(guild), seq]) };
    case 'dms':
      return { ok: [...state.dms.values()].reverse().map((dm) => dmWire(state, dm)) };
    case 'application':
      return state.application === null ? refuse('unknownApplication') : { ok: state.application };
    case 'commands':
      if (state.application === null) return refuse('unknownApplication');
      return { ok: commandsIn(state, question.guildId).map(({ wire }) => wire) };
    case 'command': {
      if (state.application === null) return refuse('unknownApplication');
      const command = commandById(state, question.guildId, question.commandId);
      return command === null ? refuse('unknownCommand') : { ok: command.wire };
    }
    default:
      return refuse('generalError');
  }
}
