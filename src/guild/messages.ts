/** Commands about messages, in a guild. What they need to know first, and what they decide. */
import type { MessageCommand } from '../protocol/commands.ts';
import { type Decision, type Need, refused, type Turn } from '../protocol/decision.ts';
import { type Refusal, refuse } from '../protocol/errors.ts';
import type { Snowflake } from '../protocol/ids.ts';
import type { MessageWithReactions } from '../protocol/records.ts';
import { guildPlace } from './guild-place.ts';
import { createMessage } from './message-create.ts';
import { bulkDelete, deleteMessage } from './message-delete.ts';
import { crosspost, editMessage } from './message-edit.ts';
import { needsOf } from './message-needs.ts';
import { messageDispatch } from './message-wire.ts';
import { pin, unpin } from './pins.ts';
import type { Place } from './place.ts';
import { addReaction, clearReactions, removeReaction } from './reactions.ts';
import type { GuildState } from './state.ts';
import { typing } from './typing.ts';

export function decideMessage(state: GuildState, command: MessageCommand, turn: Turn): Decision {
  state.messages.passTime(turn.now);
  const place = guildPlace(state, command.channelId);
  const decision = place ? decideInPlace(place, command, turn) : refused(noChannel(state, command.by.id));
  state.messages.release(command);
  return decision;
}

/** Who is no member does not learn which channels there are. */
const noChannel = (state: GuildState, by: Snowflake): Refusal =>
  refuse(state.members.has(by) ? 'unknownChannel' : 'missingAccess');

/** The same rules for guilds and DMs. */
export function decideInPlace(place: Place, command: MessageCommand, turn: Turn): Decision {
  switch (command.kind) {
    case 'createMessage':
      return createMessage(place, command, turn);
    case 'editMessage':
      return editMessage(place, command, turn);
    case 'deleteMessage':
      return deleteMessage(place, command, turn);
    case 'bulkDelete':
      return bulkDelete(place, command, turn);
    case 'addReaction':
      return addReaction(place, command, turn);
    case 'removeReaction':
      return removeReaction(place, command, turn);
    case 'clearReactions':
      return clearReactions(place, command, turn);
    case 'pin':
      return pin(place, command, turn);
    case 'unpin':
      return unpin(place, command, turn);
    case 'typing':
      return typing(place, command, turn);
    case 'crosspost':
      return crosspost(place, command, turn);
  }
}

/** MESSAGE_CREATE or MESSAGE_UPDATE told again from what is stored now: JSON of `d`; null when the message or its channel is gone. */
export function retellMessage(state: GuildState, stored: MessageWithReactions | null): string | null {
  const place = stored && guildPlace(state, stored.message.channel_id);
  if (!place) return null;
  return JSON.stringify({ ...messageDispatch(place, stored.message.wire), guild_id: place.guildId });
}

/** What is not known of what the command needs; held until `decideMessage` of that command or `forsakeNeeds` of this list. */
export function messageNeeds(state: Pick<GuildState, 'messages'>, command: MessageCommand): readonly Need[] {
  return state.messages.hold(command, needsOf(command));
}

/** `value`: what host/needs.ts loads for this need, as `MessageCache.supply` takes it. */
export function supplyNeed(state: Pick<GuildState, 'messages'>, need: Need, value: unknown): void {
  state.messages.supply(need, value);
}

export function forsakeNeeds(state: Pick<GuildState, 'messages'>, needs: readonly Need[]): void {
  state.messages.forsake(needs);
}
