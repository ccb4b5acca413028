/** The uniqueness of an account name (or an e-mail address): one actor per name, so that two cannot claim it at once. */
import type { Command } from '../protocol/commands.ts';
import { type Decision, done, refused, type Tell, type Turn } from '../protocol/decision.ts';
import { refuse } from '../protocol/errors.ts';
import { nameKey, ownerId, type Snowflake, userKey } from '../protocol/ids.ts';
import { accountWrites } from './account.ts';

export interface NameState {
  /** Lower case. */
  readonly name: string;
  /** Who has it; null: free. */
  holder: Snowflake | null;
  /** When it was claimed, milliseconds since 1970; null: before this load. */
  claimedAt: number | null;
}

/** Who has claimed a name takes it by then, or his request has failed: longer than two asks may last. */
const TAKES_MS = 60_000;

/** A name that its user claims again is his; one that somebody else gives free stays. */
export function decideName(state: NameState, command: Command, { now }: Pick<Turn, 'now'>): Decision {
  switch (command.kind) {
    case 'createAccount':
      return createAccount(state, command, now);
    case 'claimName': {
      if (state.holder === command.user) return done();
      if (state.holder !== null) return taken(state, state.holder, now);
      state.holder = command.user;
      state.claimedAt = now;
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

/**
 * The holder is asked whether he carries it: a fault between claim and change leaves names that nobody has, which are free for the next attempt.
 * May be lost; then the attempt after that asks again.
 */
function taken({ name, claimedAt }: NameState, holder: Snowflake, now: number): Decision {
  const mayYetTake = claimedAt !== null && now - claimedAt < TAKES_MS;
  const settle: Tell = { to: userKey(holder), command: { kind: 'settleName', name }, durable: false };
  return { ...refused(refuse('nameTaken')), tells: mayYetTake ? [] : [settle] };
}

/** Name, account, application and first token in one commit; the user's own actor is told, should it have been loaded before. */
function createAccount(state: NameState, command: Extract<Command, { kind: 'createAccount' }>, now: number): Decision {
  const { user } = command.user;
  if (ownerId(nameKey(user.username)) !== state.name) return refused(refuse('generalError'));
  if (state.holder !== null) return state.holder === user.id ? done(user) : taken(state, state.holder, now);
  state.holder = user.id;
  state.claimedAt = now;
  return {
    reply: { ok: user },
    writes: [{ w: 'putLogin', login: state.name, userId: user.id }, ...accountWrites(command)],
    rows: [],
    tells: [{ to: userKey(user.id), command, durable: true }],
  };
}
