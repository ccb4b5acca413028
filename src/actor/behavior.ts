/** What the runtime needs to know of a rule with its state. Implemented by `host/` over `guild/` and `user/`; the runtime has never heard of chat. */
import type { Command, Question } from '../protocol/commands.ts';
import type { Decision, EventNote, Need, Reply, Turn } from '../protocol/decision.ts';
import type { AttachAsk } from '../protocol/envelope.ts';
import type { OwnerKey, SessionId, Snowflake } from '../protocol/ids.ts';
import type { CarriedVoice } from '../protocol/voice.ts';

export interface Behavior {
  /** Changes the state and says what is to be done. Synchronous; throws only for bugs. */
  decide(command: Command, turn: Turn): Decision;
  /** Answers from the state. Changes nothing. */
  question(question: Question, now: number): Reply;
  /** What must be loaded before this command's turn and is not known yet. Pins what it names until `decide` of the command or `forsake`. */
  needs(command: Command): readonly Need[];
  /** What the store says; ignored where the owner's own writes already know better. */
  supply(need: Need, value: unknown): void;
  /** The load failed or the command will not be decided. */
  forsake(needs: readonly Need[]): void;

  /** May this user attach here? */
  isMember(user: Snowflake): boolean;
  /** The topics of a member, public channels being in the owner's own topic. */
  topicsOf(user: Snowflake): readonly string[];
  /** JSON of GUILD_CREATE's `d` (or of UserSnapshot) for a member; event name beside it. */
  snapshot(ask: AttachAsk, now: number): { readonly t: string; readonly d: string; readonly cls: number };
  /** Of a user actor: the guilds and the rows that made the memberships. Null for others. */
  guilds(): readonly (readonly [OwnerKey, number])[] | null;
  /** What this session is to bring to a later load, which will have forgotten it. */
  voiceOf(session: SessionId, user: Snowflake): CarriedVoice | null;
  /** A journal event in its present form (JSON of `d`), or null if the thing is gone. Messages come with what the store said. */
  retell(t: string, note: EventNote, message: unknown): string | null;
}
