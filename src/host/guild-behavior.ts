/** A guild as an actor: its rules and its state, loaded from the store. Without a state it waits for `createGuild`. */
import type { Behavior } from '../actor/behavior.ts';
import { assert } from '../base/assert.ts';
import { decide, isGuildCommand, needs } from '../guild/decide.ts';
import { createGuild } from '../guild/guild-commands.ts';
import { loadGuild } from '../guild/guild-load.ts';
import { forsakeNeeds, retellMessage, supplyNeed } from '../guild/messages.ts';
import { answer } from '../guild/questions.ts';
import { retellThing } from '../guild/retell.ts';
import { snapshot } from '../guild/snapshot.ts';
import type { GuildState } from '../guild/state.ts';
import { topicsOf } from '../guild/visibility.ts';
import { carriedVoice } from '../guild/voice-commands.ts';
import type { Command, Question } from '../protocol/commands.ts';
import { type Decision, type EventNote, type Need, type Reply, refused, type Turn } from '../protocol/decision.ts';
import type { AttachAsk } from '../protocol/envelope.ts';
import { refuse } from '../protocol/errors.ts';
import type { SessionId, Snowflake } from '../protocol/ids.ts';
import type { MessageWithReactions } from '../protocol/records.ts';
import type { CarriedVoice } from '../protocol/voice.ts';
import type { GuildsPort } from '../store/ports.ts';
import { inLoad } from './generation.ts';

export class GuildBehavior implements Behavior {
  #state: GuildState | null;
  readonly #now: () => number;
  readonly #epoch: number;

  /** `now`: milliseconds since 1970; only for how far back the messages are asked for that a ban deletes. `epoch`: of this load. */
  constructor(state: GuildState | null, now: () => number, epoch: number) {
    this.#state = state;
    this.#now = now;
    this.#epoch = epoch;
  }

  decide(command: Command, turn: Turn): Decision {
    if (!isGuildCommand(command)) return refused(refuse('notFound'));
    if (this.#state !== null) {
      const decision = decide(this.#state, command, turn);
      if (command.kind === 'deleteGuild' && 'ok' in decision.reply) this.#state = null;
      return decision;
    }
    if (command.kind !== 'createGuild')
      return refused(refuse(command.kind === 'useInvite' ? 'unknownInvite' : 'unknownGuild'));
    const { state, decision } = createGuild(command, turn);
    this.#state = state;
    return decision;
  }

  question(question: Question, now: number): Reply {
    if (this.#state !== null) return inLoad(this.#epoch, question, answer(this.#state, question, now));
    return refuse(question.ask === 'invite' ? 'unknownInvite' : 'unknownGuild');
  }

  needs(command: Command): readonly Need[] {
    return this.#state !== null && isGuildCommand(command) ? needs(this.#state, command, this.#now()) : [];
  }

  supply(need: Need, value: unknown): void {
    if (this.#state !== null) supplyNeed(this.#state, need, value);
  }

  forsake(given: readonly Need[]): void {
    if (this.#state !== null) forsakeNeeds(this.#state, given);
  }

  isMember(user: Snowflake): boolean {
    return this.#state?.members.has(user) === true;
  }

  topicsOf(user: Snowflake): readonly string[] {
    return this.#state === null ? [] : topicsOf(this.#state, user);
  }

  snapshot(ask: AttachAsk): { readonly t: string; readonly d: string; readonly cls: number } {
    assert(this.#state !== null, 'only members attach, and a guild that is not has none');
    return snapshot(this.#state, ask);
  }

  voiceOf(session: SessionId, user: Snowflake): CarriedVoice | null {
    return this.#state === null ? null : carriedVoice(this.#state, session, user);
  }

  guilds(): null {
    return null;
  }

  /** `message`: what the store said. Literal events are told again by their own words, not from here. */
  retell(_t: string, note: EventNote, message: unknown): string | null {
    if (this.#state === null || note.as === 'literal') return null;
    if (note.as === 'thing') return retellThing(this.#state, note);
    return retellMessage(this.#state, message as MessageWithReactions | null);
  }
}

/** A guild that is not stored is loaded too: it may be about to be made. */
export async function loadGuildBehavior(
  store: Pick<GuildsPort, 'guild'>,
  id: Snowflake,
  now: () => number,
  epoch: number,
): Promise<GuildBehavior> {
  const stored = await store.guild(id);
  return new GuildBehavior(stored === null ? null : loadGuild(stored), now, epoch);
}
