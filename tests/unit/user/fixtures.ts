import type { Command } from '../../../src/protocol/commands.ts';
import type { Decision, Turn } from '../../../src/protocol/decision.ts';
import { seqOf } from '../../../src/protocol/envelope.ts';
import type { ApplicationRecord, PublicUser, TokenRecord, UserRecord } from '../../../src/protocol/records.ts';
import { EPOCH_MS, Mint } from '../../../src/protocol/snowflake.ts';
import { decideUser } from '../../../src/user/decide.ts';
import { emptyUser, isKnown, type KnownUser } from '../../../src/user/user-state.ts';

export const ME = '200000000000000001';
export const OTHER = '200000000000000002';
const NOW = EPOCH_MS + 1_000_000_000;

export const publicUser = (id: string, more: Partial<PublicUser> = {}): PublicUser => ({
  id,
  username: `user${id.slice(-2)}`,
  discriminator: '0',
  global_name: null,
  avatar: null,
  banner: null,
  accent_color: null,
  bot: false,
  system: false,
  public_flags: 0,
  ...more,
});

export const userRecord = (user: PublicUser): UserRecord => ({
  user,
  email: null,
  passwordHash: 'secret',
  locale: 'en-US',
  bio: '',
  botOwner: null,
  version: 1,
});

export const application = (id: string): ApplicationRecord => ({
  id,
  name: 'bot',
  icon: null,
  description: '',
  bot_public: true,
  bot_require_code_grant: false,
  verify_key: '',
  owner: OTHER,
  flags: 0,
});

export const token = (hash: string, createdAt = 0): TokenRecord => ({ hash, user: ME, kind: 'person', createdAt });

/** Turns of one load: rows are numbered on from decision to decision. */
export class Turns {
  #count = 0;
  readonly #mint = new Mint(1);
  unheard = false;

  constructor(readonly epoch: number) {}

  next(): Turn {
    const first = this.#count + 1;
    return {
      now: NOW,
      unheard: this.unheard,
      mint: (after) => this.#mint.next(NOW, after ?? null),
      seq: (index) => seqOf(this.epoch, first + index),
    };
  }

  took({ rows }: Decision): void {
    this.#count += rows.length;
  }
}

export interface Room {
  readonly state: KnownUser;
  readonly decide: (command: Command) => Decision;
  readonly turns: Turns;
}

/** A person (or a bot with its application) and a way to command him. */
export function userRoom({ bot = false, epoch = 1 } = {}): Room {
  const state = emptyUser(ME);
  state.record = userRecord(publicUser(ME, { bot }));
  state.application = bot ? application(ME) : null;
  const turns = new Turns(epoch);
  const decide = (command: Command): Decision => {
    const decision = decideUser(state, command, turns.next());
    turns.took(decision);
    return decision;
  };
  if (!isKnown(state)) throw new Error('the user exists');
  return { state, decide, turns };
}

export const refusalOf = ({ reply }: Decision): string | null => ('refused' in reply ? reply.refused : null);

/** The body of an answer; throws when it was refused. */
export function okOf<T>({ reply }: Decision): T {
  if ('refused' in reply) throw new Error(`refused: ${reply.refused}`);
  return reply.ok as T;
}
