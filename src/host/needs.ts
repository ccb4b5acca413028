/** Loads from the store what a command needs before its turn. */
import { groupsOf } from '../base/groups-of.ts';
import type { Authored } from '../guild/message-cache.ts';
import type { Need } from '../protocol/decision.ts';
import type { MessagesPort } from '../store/ports.ts';

type NeedReads = Pick<MessagesPort, 'message' | 'reactionsOf' | 'nonce' | 'pins' | 'authored' | 'messages'>;

/** Messages that one ban deletes at most. */
const AUTHORED = 1000;
/** Messages in one query, and queries under way at once. */
const MESSAGES_AT_ONCE = 100;
const QUERIES_AT_ONCE = 16;

/** The value that `Behavior.supply` takes for this need. Rejects with Fault. */
export async function loadNeed(store: NeedReads, need: Need, now: number): Promise<unknown> {
  switch (need.need) {
    case 'message':
      return store.message(need.channelId, need.id);
    case 'reaction': {
      const his = await store.reactionsOf(need.channelId, [{ ids: [need.id], users: [need.user] }]);
      return his.some(({ emojis }) => emojis.includes(need.emoji));
    }
    case 'nonce': {
      const id = await store.nonce(need.channelId, need.author, need.nonce, now);
      // The message that the nonce made, for the answer; its id when it is deleted by now.
      return id === null ? null : ((await store.message(need.channelId, id)) ?? id);
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
