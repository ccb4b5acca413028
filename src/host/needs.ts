/** Loads from the store what a command needs before its turn. */
import type { Clock } from '../base/clock.ts';
import { groupsOf } from '../base/groups-of.ts';
import type { Authored } from '../guild/message-cache.ts';
import type { Need } from '../protocol/decision.ts';
import type { MessagesPort, SingleReads } from '../store/ports.ts';

type NeedReads = Pick<MessagesPort, 'nonce' | 'pins' | 'authored' | 'messages'>;
type Singles = Pick<SingleReads, 'message' | 'ownReactions'>;

/** Messages that one ban deletes at most. */
const AUTHORED = 1000;
/** Messages in one query, and queries under way at once. */
const MESSAGES_AT_ONCE = 100;
const QUERIES_AT_ONCE = 16;

/**
 * Gives the value that `Behavior.supply` takes for a need; rejects with Fault. `singles`: gathered, so that commands which come together are one query;
 * and not those of who reads the pages of a channel, behind whom they would wait.
 */
export function openNeeds(
  store: NeedReads,
  singles: Singles,
  clock: Pick<Clock, 'now'>,
): (need: Need) => Promise<unknown> {
  return (need) => load(store, singles, need, clock.now());
}

async function load(store: NeedReads, singles: Singles, need: Need, now: number): Promise<unknown> {
  switch (need.need) {
    case 'message':
      return singles.message(need.channelId, need.id);
    case 'reaction': {
      const own = await singles.ownReactions(need.channelId, [need.id], need.user);
      return own.get(need.id)?.includes(need.emoji) ?? false;
    }
    case 'nonce': {
      const id = await store.nonce(need.channelId, need.author, need.nonce, now);
      // The message that the nonce made, for the answer; its id when it is deleted by now.
      return id === null ? null : ((await singles.message(need.channelId, id)) ?? id);
    }
    case 'pins':
      return store.pins(need.channelId);
    case 'authored':
      return authored(store, need);
  }
}

/** With the files of each, which leave the disk with it. */
async function authored(store: NeedReads, need: Need & { readonly need: 'authored' }): Promise<Authored> {
  const found = await store.authored(need.channelIds, need.author, need.since, AUTHORED);
  const pieces = [...Map.groupBy(found, (one) => one.channelId)].flatMap(([channelId, messages]) =>
    groupsOf(messages, MESSAGES_AT_ONCE).map((some) => ({ channelId, ids: some.map(({ id }) => id) })),
  );
  const known: Authored[number][] = [];
  // The guild decides nothing meanwhile.
  for (const some of groupsOf(pieces, QUERIES_AT_ONCE)) {
    const read = await Promise.all(some.map(({ channelId, ids }) => store.messages(channelId, ids)));
    for (const { message } of read.flat()) {
      const files = message.wire.attachments.map(({ id }) => id);
      known.push({ channelId: message.channel_id, id: message.id, files });
    }
  }
  return known;
}
