/** What a DM decides: it is opened, closed, renamed; its messages follow the same rules as those of guilds. */
import type { Command, MessageCommand } from '../protocol/commands.ts';
import { type Decision, done, type Need, refused, type Turn } from '../protocol/decision.ts';
import { refuse } from '../protocol/errors.ts';
import { compareSnowflakes, groupKey, pairKey, type Snowflake } from '../protocol/ids.ts';
import type { DmRecord, PublicUser } from '../protocol/records.ts';
import { DmPlace, isRecipient, openFor, tellRecipients } from './dm-place.ts';
import { renderDm } from './dm-render.ts';
import type { DmState } from './dm-state.ts';
import { needsOf } from './message-needs.ts';
import { decideInPlace } from './messages.ts';
import { Outcome } from './outcome.ts';

/** Of a group, its maker included (docs/resources/channel). */
const MAX_RECIPIENTS = 10;

type Of<K extends Command['kind']> = Command & { readonly kind: K };

export function decideDm(state: DmState, command: Command, turn: Turn): Decision {
  switch (command.kind) {
    case 'openDm':
      return openPair(state, command, turn);
    case 'createGroup':
      return createGroup(state, command, turn);
    case 'closeDm':
    case 'deleteChannel':
      return close(state, command.by.id, turn);
    case 'updateChannel':
      return rename(state, command, turn);
    default:
      return isAboutMessages(command) ? decideDmMessage(state, command, turn) : refused(refuse('notInDm'));
  }
}

/** As `messageNeeds` of a guild. */
export function dmNeeds(state: DmState, command: Command): readonly Need[] {
  return isAboutMessages(command) ? state.messages.hold(command, needsOf(command)) : [];
}

const MESSAGE_KINDS: ReadonlySet<string> = new Set<MessageCommand['kind']>([
  'createMessage',
  'editMessage',
  'deleteMessage',
  'bulkDelete',
  'addReaction',
  'removeReaction',
  'clearReactions',
  'pin',
  'unpin',
  'typing',
  'crosspost',
]);

const isAboutMessages = (command: Command): command is MessageCommand => MESSAGE_KINDS.has(command.kind);

/** Who is no recipient does not learn that it exists. */
function decideDmMessage(state: DmState, command: MessageCommand, turn: Turn): Decision {
  state.messages.passTime(turn.now);
  const { dm } = state;
  const isHis = dm !== null && dm.id === command.channelId && isRecipient(dm, command.by.id);
  const decision = isHis ? decideInPlace(new DmPlace(state, dm), command, turn) : refused(refuse('unknownChannel'));
  state.messages.release(command);
  return decision;
}

function openPair(state: DmState, { by, with: other }: Of<'openDm'>, turn: Turn): Decision {
  if (by.id === other.id || state.owner !== pairKey(by.id, other.id)) return refused(refuse('invalidRecipients'));
  if (by.self.bot && other.bot) return refused(refuse('cannotSendToUser'));
  const out = new Outcome(turn);
  const recipients = [by.self, other].sort((a, b) => compareSnowflakes(a.id, b.id));
  const dm = state.dm === null ? newDm(state, { id: turn.mint(), type: 1, recipients, owner_id: null }, out) : state.dm;
  const known = knowing(dm, recipients);
  if (known !== dm) put(state, known, out);
  openFor(state, known, [by.self], out);
  return out.done(renderDm(known, by.id));
}

/** The same pair with the names of now. */
function knowing(dm: DmRecord, recipients: readonly PublicUser[]): DmRecord {
  return JSON.stringify(dm.recipients) === JSON.stringify(recipients) ? dm : { ...dm, recipients };
}

function createGroup(state: DmState, { by, channelId, recipients }: Of<'createGroup'>, turn: Turn): Decision {
  if (state.dm !== null) return done(renderDm(state.dm, by.id));
  const all = [...new Map([by.self, ...recipients].map((user) => [user.id, user])).values()];
  if (all.length < 2 || all.length > MAX_RECIPIENTS || state.owner !== groupKey(channelId))
    return refused(refuse('invalidRecipients'));
  const out = new Outcome(turn);
  const dm = newDm(state, { id: channelId, type: 3, recipients: all, owner_id: by.id }, out);
  openFor(state, dm, all, out);
  return out.done(renderDm(dm, by.id));
}

type Start = Pick<DmRecord, 'id' | 'type' | 'recipients' | 'owner_id'>;

function newDm(state: DmState, start: Start, out: Outcome): DmRecord {
  const nothing = { name: null, icon: null, last_message_id: null, last_pin_timestamp: null };
  const dm: DmRecord = { ...start, owner: state.owner, ...nothing };
  put(state, dm, out);
  out.write({ w: 'putChannelOwner', channelId: dm.id, owner: state.owner });
  return dm;
}

function put(state: DmState, dm: DmRecord, out: Outcome): void {
  state.dm = dm;
  out.write({ w: 'putDm', dm });
}

/** It leaves the actor's list until the next message; the others go on seeing it. */
function close(state: DmState, by: Snowflake, turn: Turn): Decision {
  const { dm } = state;
  const self = dm?.recipients.find(({ id }) => id === by);
  if (!dm || !self) return refused(refuse('unknownChannel'));
  const out = new Outcome(turn);
  state.openFor.delete(by);
  out.write({ w: 'putDmOpen', userId: by, owner: state.owner, open: false });
  const wire = renderDm(dm, by);
  const d = (): string => JSON.stringify(wire);
  tellRecipients(state, 'CHANNEL_DELETE', [self], { d, opens: false, isDurable: true }, out);
  return out.done(wire);
}

/** Groups have a name and a picture, which every recipient may change. */
function rename(state: DmState, { by, patch }: Of<'updateChannel'>, turn: Turn): Decision {
  const before = state.dm;
  if (!before || !isRecipient(before, by.id)) return refused(refuse('unknownChannel'));
  if (before.type !== 3) return refused(refuse('wrongChannelType'));
  const { name = before.name, icon = before.icon } = patch;
  const dm = { ...before, name, icon };
  const out = new Outcome(turn);
  put(state, dm, out);
  const d = (user: PublicUser): string => JSON.stringify(renderDm(dm, user.id));
  tellRecipients(state, 'CHANNEL_UPDATE', dm.recipients, { d, opens: false, isDurable: true }, out);
  return out.done(renderDm(dm, by.id));
}
