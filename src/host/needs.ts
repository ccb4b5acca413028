/** Loads from the store what a command needs before its turn. */
import type { Need } from '../protocol/decision.ts';
import type { MessagesPort } from '../store/ports.ts';

type NeedReads = Pick<MessagesPort, 'message' | 'reactionsOf' | 'nonce' | 'pins' | 'authored'>;

/** Messages that one ban deletes at most. */
const AUTHORED = 1000;

/** The value that `Behavior.supply` takes for this need. Rejects with Fault. */
export async function loadNeed(store: NeedReads, need: Need, now: number): Promise<unknown> {
  switch (need.need) {
    case 'message':
      return store.message(need.channelId, need.id);
    case 'reaction': {
      const his = await store.reactionsOf(need.channelId, [need.id], need.user);
      return his.get(need.id)?.includes(need.emoji) ?? false;
    }
    case 'nonce': {
      const id = await store.nonce(need.channelId, need.author, need.nonce, now);
      // The message that the nonce made, for the answer; its id when it is deleted by now.
      return id === null ? null : ((await store.message(need.channelId, id)) ?? id);
    }
    case 'pins':
      return store.pins(need.channelId);
    case 'authored':
      return store.authored(need.channelIds, need.author, need.since, AUTHORED);
  }
}
