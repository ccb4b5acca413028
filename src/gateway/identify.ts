/** What an identify asks for, and whether it may have it. Pure. */
import { ApplicationFlags as Flags, GatewayIntentBits as I } from 'discord-api-types/v10';
import type { Account } from '../protocol/accounts.ts';
import type { CloseName } from '../protocol/closes.ts';
import type { Mask } from '../protocol/envelope.ts';
import { PERSON_EVENTS, tokenMask } from '../protocol/events.ts';
import type { IdentifyData } from './handshake.ts';
import type { Shard } from './shard.ts';

export interface Wish {
  /** Consecutive numbers of its own: every token with intents. */
  readonly own: boolean;
  readonly mask: Mask;
  readonly shard: Shard | null;
}

const INTENTS = Object.values(I).reduce<number>((all, bit) => (typeof bit === 'number' ? all | bit : all), 0);

const PRIVILEGED: readonly (readonly [intent: number, granted: number])[] = [
  [I.GuildPresences, Flags.GatewayPresence | Flags.GatewayPresenceLimited],
  [I.GuildMembers, Flags.GatewayGuildMembers | Flags.GatewayGuildMembersLimited],
  [I.MessageContent, Flags.GatewayMessageContent | Flags.GatewayMessageContentLimited],
];

/** The wish, or the close code for what is wrong with it. */
export function wishOf({ intents, shard }: IdentifyData, account: Account): Wish | CloseName {
  const parsed = shardOf(shard);
  if (parsed === 'invalidShard') return parsed;
  if (intents === undefined || intents === null) {
    if (account.kind === 'bot') return 'invalidIntents';
    return parsed === null || parsed[1] === 1 ? { own: false, mask: PERSON_EVENTS, shard: null } : 'invalidShard';
  }
  if (typeof intents !== 'number' || !Number.isInteger(intents) || intents < 0 || (intents & ~INTENTS) !== 0) {
    return 'invalidIntents';
  }
  // Beyond 32 bits `&` would see nothing.
  if (intents > INTENTS) return 'invalidIntents';
  const flags = account.kind === 'bot' ? (account.application?.flags ?? 0) : ~0;
  const denied = PRIVILEGED.some(([intent, granted]) => (intents & intent) !== 0 && (flags & granted) === 0);
  return denied ? 'disallowedIntents' : { own: true, mask: tokenMask(intents), shard: parsed };
}

/** `[index, count]`; discordeno and others leave it out when there is one. */
function shardOf(shard: unknown): Shard | null | 'invalidShard' {
  if (shard === undefined || shard === null) return null;
  if (!Array.isArray(shard) || shard.length !== 2) return 'invalidShard';
  const [index, count] = shard as readonly unknown[];
  if (!Number.isInteger(index) || !Number.isInteger(count)) return 'invalidShard';
  const [i, n] = [index as number, count as number];
  return i >= 0 && n >= 1 && i < n && n <= 65_536 ? [i, n] : 'invalidShard';
}
