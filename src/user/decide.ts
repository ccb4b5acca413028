/** Decides one command of a user: changes the state, says what is to be stored, sent and told. Pure but for the state it is given. */
import type { Command } from '../protocol/commands.ts';
import { type Decision, refused, type Turn } from '../protocol/decision.ts';
import { refuse } from '../protocol/errors.ts';
import { createAccount, settleName, updateApplication, updateUser } from './account.ts';
import { deleteCommand, putCommand, setCommands, updateCommand } from './applications.ts';
import { heardOfDm } from './dms.ts';
import { heardOfGuild } from './memberships.ts';
import { sessionPresence, tellAll } from './presence.ts';
import { addToken, revokeToken } from './tokens.ts';
import { isKnown, type UserState } from './user-state.ts';

/** A command of another kind of owner is refused `generalError`, one to an id without an account `unknownUser`. */
export function decideUser(state: UserState, command: Command, turn: Turn): Decision {
  if (command.kind === 'createAccount') return createAccount(state, command);
  if (command.kind === 'settleName') return settleName(state, command);
  if (!isKnown(state)) return refused(refuse('unknownUser'));
  switch (command.kind) {
    case 'updateUser':
      return updateUser(state, command);
    case 'updateApplication':
      return updateApplication(state, command);
    case 'addToken':
      return addToken(state, command);
    case 'revokeToken':
      return revokeToken(state, command);
    case 'putCommand':
      return putCommand(state, command, turn);
    case 'setCommands':
      return setCommands(state, command, turn);
    case 'updateCommand':
      return updateCommand(state, command, turn);
    case 'deleteCommand':
      return deleteCommand(state, command);
    case 'sessionPresence':
      return sessionPresence(state, command, turn);
    case 'presencesGathered':
      return tellAll(state, turn);
    case 'guildJoined':
    case 'guildLeft':
      return heardOfGuild(state, command);
    case 'dmEvent':
      return heardOfDm(state, command);
    default:
      return refused(refuse('generalError'));
  }
}
