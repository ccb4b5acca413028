/** A user as an actor: his rules and his state, loaded from the store. */
import type { Behavior } from '../actor/behavior.ts';
import { assert } from '../base/assert.ts';
import type { Command, Question } from '../protocol/commands.ts';
import type { Decision, EventNote, Need, Reply, Turn } from '../protocol/decision.ts';
import type { OwnerKey, Snowflake } from '../protocol/ids.ts';
import type { MessageWithReactions } from '../protocol/records.ts';
import type { UserSnapshot } from '../protocol/snapshots.ts';
import { userTopic } from '../protocol/topics.ts';
import type { UsersPort } from '../store/ports.ts';
import { decideUser } from '../user/decide.ts';
import { answerUser } from '../user/questions.ts';
import { selfOf } from '../user/self.ts';
import { emptyUser, isKnown, memberships, type UserState } from '../user/user-state.ts';

export class UserBehavior implements Behavior {
  readonly #state: UserState;

  constructor(state: UserState) {
    this.#state = state;
  }

  decide(command: Command, turn: Turn): Decision {
    return decideUser(this.#state, command, turn);
  }

  question(question: Question): Reply {
    return answerUser(this.#state, question);
  }

  /** All of a user is in memory. */
  needs(): readonly Need[] {
    return [];
  }

  supply(): void {}

  forsake(): void {}

  /** He himself, if he exists. */
  isMember(user: Snowflake): boolean {
    return user === this.#state.id && isKnown(this.#state);
  }

  topicsOf(user: Snowflake): readonly string[] {
    return this.isMember(user) ? [userTopic(user)] : [];
  }

  /** READY's part of him; the worker makes READY of it and never sends it as it is. Only for those whom `isMember` lets attach. */
  snapshot(): { readonly t: string; readonly d: string; readonly cls: number } {
    return { t: 'INTERNAL_USER', d: JSON.stringify(snapshotOf(this.#state)), cls: 0 };
  }

  voiceOf(): null {
    return null;
  }

  guilds(): readonly (readonly [OwnerKey, number])[] {
    return memberships(this.#state);
  }

  /** His own record as it is now; a message of a DM as the store has it. */
  retell(_t: string, note: EventNote, message: unknown): string | null {
    if (note.as === 'message') return retellMessage(message as MessageWithReactions | null);
    const state = this.#state;
    const self = note.as === 'thing' && note.thing === 'user' && note.id === state.id;
    return self && isKnown(state) ? JSON.stringify(selfOf(state.record)) : null;
  }
}

/** Null when the message is gone: then its events are left out. */
const retellMessage = (stored: MessageWithReactions | null): string | null =>
  stored === null ? null : JSON.stringify(stored.message.wire);

function snapshotOf(state: UserState): UserSnapshot {
  assert(isKnown(state), 'only members attach');
  const { user, email, locale, bio } = state.record;
  return { user, email, locale, bio, application: state.application, dms: [...state.dms.values()].reverse() };
}

export type UserReads = Pick<
  UsersPort,
  'user' | 'application' | 'tokensOf' | 'guildsOf' | 'dmsOf' | 'heardBy' | 'commandsOf'
>;

/** A user who does not exist is loaded too: his account may be about to be made. */
export async function loadUser(store: UserReads, id: Snowflake): Promise<UserBehavior> {
  // What was heard is read before what the guilds wrote: a join in between is heard again, never taken for heard.
  const heard = await store.heardBy(id);
  const [record, application, tokens, guilds, dms, commands] = await Promise.all([
    store.user(id),
    store.application(id),
    store.tokensOf(id),
    store.guildsOf(id),
    store.dmsOf(id),
    store.commandsOf(id),
  ]);
  const state = emptyUser(id);
  state.record = record;
  state.application = application;
  for (const [teller, seq] of heard) state.heard.set(teller, seq);
  for (const token of tokens) state.tokens.set(token.hash, token);
  for (const { guild, seq } of guilds) state.guilds.set(`g:${guild}`, { seq, member: true });
  for (const dm of dms) state.dms.set(dm.owner, dm);
  for (const command of commands) state.commands.set(command.id, command);
  return new UserBehavior(state);
}
