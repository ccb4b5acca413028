/** Pages as the text that is stored: how an adapter makes one, and how it crosses threads. */
import { parseOwn } from '../protocol/json.ts';
import type { MessageWithReactions, ReactionCount } from '../protocol/records.ts';
import type { PageText } from './ports.ts';

interface MessageText {
  readonly id: string;
  /** JSON of what is sent. */
  readonly wire: string;
  readonly reactions: readonly ReactionCount[];
}

export function pageTextOf(messages: readonly MessageText[]): PageText {
  const reacted: PageText['reacted'][number][] = [];
  // Behind the bracket, then behind each comma.
  let start = 1;
  for (const { id, wire, reactions } of messages) {
    if (reactions.length > 0) reacted.push({ id, end: start + wire.length - 1, reactions });
    start += wire.length + 1;
  }
  return { json: `[${messages.map(({ wire }) => wire).join()}]`, reacted };
}

/** By an adapter that has objects. */
export const textOfPage = (messages: readonly MessageWithReactions[]): PageText =>
  pageTextOf(messages.map(({ message: { id, wire }, reactions }) => ({ id, wire: JSON.stringify(wire), reactions })));

/** As one text: JSON has no line break of its own. */
export const packPage = ({ json, reacted }: PageText): string => `${JSON.stringify(reacted)}\n${json}`;

export function unpackPage(text: string): PageText {
  const end = text.indexOf('\n');
  return { json: text.slice(end + 1), reacted: parseOwn<PageText['reacted']>(text.slice(0, end)) };
}
