/** The uniqueness of an account name (or an e-mail address): one actor per name, so that two cannot claim it at once. */
import type { Command } from '../protocol/commands.ts';
import { type Decision, done, refused } from '../protocol/decision.ts';
import { refuse } from '../protocol/errors.ts';
import { nameKey, ownerId, type Snowflake, userKey } from '../protocol/ids.ts';
import { accountWrites } from './account.ts';

export interface NameState {
  /** Lower case. */
  readonly name: string;
  /** Who has it; null: free. */
  holder: Snowflake | null;
}

/** A name that its user claims again is his; one that somebody else gives free stays. */
export function decideName(state: NameState, command: Command): Decision {
  switch (command.kind) {
    case 'createAccount':
      return createAccount(state, command);
    case 'claimName': {
      if (state.holder === command.user) return done();
      if (state.holder !== null) return refused(refuse('nameTaken'));
      state.holder = command.user;
      return { ...done(), writes: [{ w: 'putLogin', login: state.name, userId: command.user }] };
    }
    case 'freeName': {
      if (state.holder !== command.user) return done();
      state.holder = null;
      return { ...done(), writes: [{ w: 'deleteLogin', login: state.name }] };
    }
    default:
      return refused(refuse('generalError'));
  }
}

/** Name, account, application and first token in one commit; the user's own actor is told, should it have been loaded before. */
function createAccount(state: NameState, command: Extract<Command, { kind: 'createAccount' }>): Decision {
  const { user } = command.user;
  if (ownerId(nameKey(user.username)) !== state.name) return refused(refuse('generalError'));
  if (state.holder !== null) return state.holder === user.id ? done(user) : refused(refuse('nameTaken'));
  state.holder = user.id;
  return {
    reply: { ok: user },
    writes: [{ w: 'putLogin', login: state.name, userId: user.id }, ...accountWrites(command)],
    rows: [],
    tells: [{ to: userKey(user.id), command, durable: true }],
  };
}
