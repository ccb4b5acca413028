/**
 * Messages as JSON that all readers share, encoded once; where readers differ is noted beside it, so that nobody parses it to get his own. Of a whole page
 * the text is taken as the store gives it; one without content is parsed, and written anew.
 */
import { Buffer } from 'node:buffer';
import type { Snowflake } from '../protocol/ids.ts';
import { parseOwn } from '../protocol/json.ts';
import type { Reacted, SharedBody, SharedRead } from '../protocol/reads.ts';
import type { MessageWithReactions, ReactionCount, StoredMessage } from '../protocol/records.ts';
import type { PageText } from '../store/ports.ts';
import { type Reader, visible, type WireMessage, wireEmoji } from './message-wire.ts';

/** Sees no content at all: no user has this id. */
const NOBODY: Reader = { user: '', all: false };

const encoder = new TextEncoder();
const decoder = new TextDecoder();

class Writer {
  readonly #parts: string[] = [];
  readonly #reacted: Reacted[] = [];
  readonly #named = new Set<Snowflake>();
  /** Bytes of the first parts, counted when a place must be known. */
  #bytes = 0;
  #counted = 0;

  constructor(readonly isBare: boolean) {}

  add(text: string): void {
    this.#parts.push(text);
  }

  list<T>(items: readonly T[], each: (item: T) => void): void {
    this.add('[');
    for (const [at, item] of items.entries()) {
      if (at > 0) this.add(',');
      each(item);
    }
    this.add(']');
  }

  message(wire: StoredMessage, reactions: readonly ReactionCount[]): void {
    if (this.isBare) this.#name(wire);
    const text = JSON.stringify(this.isBare ? visible(wire, NOBODY) : wire);
    if (reactions.length === 0) {
      this.add(text);
      return;
    }
    this.add(text.slice(0, -1));
    this.reactions(wire.id, reactions);
    this.add('}');
  }

  /** In front of the last brace of their message. */
  reactions(id: Snowflake, reactions: readonly ReactionCount[]): void {
    this.add(',"reactions":');
    const marks: (readonly [string, number])[] = [];
    this.list(reactions, ({ emoji, count }) => {
      const details = `"count":${count},"count_details":{"burst":0,"normal":${count}},"burst_colors":[]`;
      this.add(`{"emoji":${JSON.stringify(wireEmoji(emoji))},${details},"me_burst":false,"burst_me":false,"me":`);
      marks.push([emoji, this.#place()]);
      this.add('false,"burst_count":0}');
    });
    this.#reacted.push({ id, marks });
  }

  end(): SharedBody {
    return { json: encoder.encode(this.#parts.join('')), reacted: this.#reacted, named: [...this.#named] };
  }

  /** Where the next part begins. */
  #place(): number {
    for (; this.#counted < this.#parts.length; this.#counted += 1) {
      this.#bytes += Buffer.byteLength(this.#parts[this.#counted] ?? '');
    }
    return this.#bytes;
  }

  /** The reply that it quotes is judged by itself. */
  #name({ author, mentions, ...more }: StoredMessage): void {
    this.#named.add(author.id);
    for (const { id } of mentions) this.#named.add(id);
    if (more.referenced_message) this.#name(more.referenced_message as unknown as StoredMessage);
  }
}

export function encodePage({ json, reacted }: PageText, isBare: boolean): SharedBody {
  const writer = new Writer(isBare);
  if (isBare) {
    const reactions = new Map(reacted.map((each) => [each.id, each.reactions]));
    writer.list(parseOwn<StoredMessage[]>(json), (wire) => writer.message(wire, reactions.get(wire.id) ?? []));
    return writer.end();
  }
  let from = 0;
  for (const { id, end, reactions } of reacted) {
    writer.add(json.slice(from, end));
    writer.reactions(id, reactions);
    from = end;
  }
  writer.add(json.slice(from));
  return writer.end();
}

export function encodeMessage({ message, reactions }: MessageWithReactions, isBare: boolean): SharedBody {
  const writer = new Writer(isBare);
  writer.message(message.wire, reactions);
  return writer.end();
}

export interface Pin {
  readonly message: MessageWithReactions;
  readonly pinnedAt: string;
}

type PinsRead = SharedRead & { readonly what: 'pins' };

/** `pins`: newest first. */
export function encodePins(pins: readonly Pin[], { bare, form, limit, before }: PinsRead): SharedBody {
  const writer = new Writer(bare);
  const earlier = pins.filter(({ pinnedAt }) => before === null || Date.parse(pinnedAt) < before);
  if (form === 'list')
    writer.list(earlier.slice(0, limit), ({ message: { message, reactions } }) =>
      writer.message(message.wire, reactions),
    );
  else {
    writer.add('{"items":');
    writer.list(earlier.slice(0, limit), ({ message: { message, reactions }, pinnedAt }) => {
      writer.add(`{"pinned_at":${JSON.stringify(pinnedAt)},"message":`);
      writer.message(message.wire, reactions);
      writer.add('}');
    });
    writer.add(`,"has_more":${earlier.length > limit}}`);
  }
  return writer.end();
}

/** What is no message: ids, or one reader's own reactions. */
export const encodePlain = (value: unknown): SharedBody => ({
  json: encoder.encode(JSON.stringify(value)),
  reacted: [],
  named: [],
});

export const NOT_THERE: SharedBody = { json: null, reacted: [], named: [] };

export const decodeBody = <T>(json: Uint8Array): T => parseOwn<T>(decoder.decode(json));

const TRUE = encoder.encode('true ');

/** The body with the reader's own reactions marked. `mine`: emoji keys by message. As long as before: JSON allows a blank behind `true`. */
export function markMine(
  { json, reacted }: SharedBody,
  mine: ReadonlyMap<Snowflake, readonly string[]>,
): Uint8Array<ArrayBuffer> | null {
  if (json === null || mine.size === 0) return json;
  const marked = json.slice();
  for (const { id, marks } of reacted) {
    const his = mine.get(id);
    if (his !== undefined) for (const [emoji, at] of marks) if (his.includes(emoji)) marked.set(TRUE, at);
  }
  return marked;
}

/** For one who is named in it: a whole body with all that he may not see taken out. */
export function hideContent(json: Uint8Array, read: SharedRead, reader: Reader): Uint8Array<ArrayBuffer> {
  const seen = (message: WireMessage): WireMessage => visible(message, reader);
  const value = decodeBody<unknown>(json);
  if (read.what === 'message') return encoder.encode(JSON.stringify(seen(value as WireMessage)));
  if (read.what === 'page' || (read.what === 'pins' && read.form === 'list')) {
    return encoder.encode(JSON.stringify((value as WireMessage[]).map(seen)));
  }
  const { items, ...more } = value as { readonly items: readonly { readonly message: WireMessage }[] };
  const shown = items.map((item) => ({ ...item, message: seen(item.message) }));
  return encoder.encode(JSON.stringify({ items: shown, ...more }));
}
