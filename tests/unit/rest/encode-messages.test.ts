/** What all readers share, encoded once, beside what each of them would get by himself. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { SharedBody, SharedRead } from '../../../src/protocol/reads.ts';
import type { MessageWithReactions } from '../../../src/protocol/records.ts';
import { decodeBody, encodePage, encodePins, hideContent, markMine } from '../../../src/rest/encode-messages.ts';
import { visible, wireEmoji } from '../../../src/rest/message-wire.ts';
import { textOfPage } from '../../../src/store/page-text.ts';
import { CHANNEL } from '../../support/fake-rest.ts';
import { storedMessage } from '../../support/rest-messages.ts';

const EMOJIS = ['👍', 'wave:12', '"', '🏴‍☠️'];
const user = fc.constantFrom('1', '2', '3');
const text = fc.string({ unit: 'grapheme', maxLength: 20 });

interface Drawn {
  readonly author: string;
  readonly mentioned: readonly string[];
  readonly content: string;
  readonly quoted: string | null;
  readonly reactions: readonly string[];
  readonly mine: readonly string[];
}

const drawn: fc.Arbitrary<Drawn> = fc.record({
  author: user,
  mentioned: fc.uniqueArray(user, { maxLength: 2 }),
  content: text,
  quoted: fc.option(user),
  reactions: fc.uniqueArray(fc.constantFrom(...EMOJIS), { maxLength: 3 }),
  mine: fc.uniqueArray(fc.constantFrom(...EMOJIS), { maxLength: 2 }),
});

function messageOf({ author, mentioned, content, quoted, reactions }: Drawn, at: number): MessageWithReactions {
  const referenced = quoted === null ? {} : { referenced_message: storedMessage('99', quoted).message.wire };
  const mentions = mentioned.map((id) => ({ id }));
  const made = storedMessage(String(at), author, { content, mentions, ...referenced } as never);
  return { message: made.message, reactions: reactions.map((emoji, nth) => ({ emoji, count: nth + 1 })) };
}

/** As one reader gets it by himself: nothing shared, nothing patched. */
function naive({ message, reactions }: MessageWithReactions, mine: readonly string[], reader: string | null): unknown {
  const seen = visible(message.wire, { user: reader ?? '', all: reader === null });
  if (reactions.length === 0) return seen;
  const shown = reactions.map(({ emoji, count }) => ({
    emoji: wireEmoji(emoji),
    count,
    count_details: { burst: 0, normal: count },
    burst_colors: [],
    me_burst: false,
    burst_me: false,
    me: mine.includes(emoji),
    burst_count: 0,
  }));
  return { ...seen, reactions: shown };
}

const READ = { channelId: CHANNEL, generation: '1:1', limit: 50 } as const;
const PAGE: SharedRead = { ...READ, what: 'page', bare: true, around: null, before: null, after: null };

/** What `readAs` does with both bodies. */
function asReader(bare: SharedBody, whole: SharedBody, mine: ReadonlyMap<string, readonly string[]>, reader: string) {
  const isNamed = bare.named.includes(reader);
  const marked = markMine(isNamed ? whole : bare, mine) ?? new Uint8Array();
  return decodeBody<unknown>(
    isNamed ? hideContent(marked, PAGE, reader === '' ? NOBODY : { user: reader, all: false }) : marked,
  );
}
const NOBODY = { user: '', all: false };

describe('a shared body', () => {
  test('is for each reader what he would get by himself', () => {
    fc.assert(
      fc.property(fc.array(drawn, { maxLength: 6 }), fc.constantFrom('1', '2', '3', '4'), (all, reader) => {
        const messages = all.map(messageOf);
        const mine = new Map(all.map((each, at) => [String(at), each.mine]));
        const text = textOfPage(messages);
        const [whole, bare] = [encodePage(text, false), encodePage(text, true)];
        const expected = (of: string | null) => messages.map((each, at) => naive(each, all[at]?.mine ?? [], of));
        expect(decodeBody<unknown>(markMine(whole, mine) ?? new Uint8Array())).toEqual(expected(null));
        expect(asReader(bare, whole, mine, reader)).toEqual(expected(reader));
        // Nobody's marks stay in what the others get.
        expect(decodeBody<unknown>(whole.json ?? new Uint8Array())).toEqual(
          messages.map((each) => naive(each, [], null)),
        );
      }),
      { numRuns: 300 },
    );
  });

  test('tells nobody without a grant what is in it', () => {
    const { json, named } = encodePage(textOfPage([storedMessage('1', '7', { content: 'secret' })]), true);
    expect([new TextDecoder().decode(json ?? new Uint8Array()).includes('secret'), named]).toEqual([false, ['7']]);
  });

  test('of pins has the time of each, and says whether there are more', () => {
    const pins = [3, 2, 1].map((id) => ({
      message: storedMessage(String(id), '7'),
      pinnedAt: `2026-01-0${id}T00:00:00.000Z`,
    }));
    const read = { ...READ, what: 'pins', bare: false, form: 'items', before: Date.parse('2026-01-03') } as const;
    const items = (more: object) =>
      decodeBody<unknown>(encodePins(pins, { ...read, ...more }).json ?? new Uint8Array());
    expect(items({ limit: 1 })).toEqual({
      items: [{ pinned_at: pins[1]?.pinnedAt, message: pins[1]?.message.message.wire }],
      has_more: true,
    });
    expect(items({ before: null, form: 'list' })).toEqual(pins.map(({ message }) => message.message.wire));
  });
});
