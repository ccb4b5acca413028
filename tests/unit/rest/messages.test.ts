/** Messages through the HTTP edge: forms in, commands out; stored messages in, what a reader may see out. */
import { afterEach, describe, expect, test } from 'bun:test';
import type { MessageDraft } from '../../../src/protocol/commands.ts';
import { refuse } from '../../../src/protocol/errors.ts';
import type { MessageWithReactions } from '../../../src/protocol/records.ts';
import { textOfPage } from '../../../src/store/page-text.ts';
import type { PageText } from '../../../src/store/ports.ts';
import { problemsOf } from '../../support/check-response.ts';
import {
  ANNA,
  BOT,
  botAccount,
  CHANNEL,
  DM,
  type FakeOptions,
  type FakeRest,
  fakeRest,
} from '../../support/fake-rest.ts';
import { storedMessage } from '../../support/rest-messages.ts';

const CONTENT_GRANT = 1 << 18;
const HISTORY = (1n << 16n).toString();
const path = `/channels/${CHANNEL}/messages`;

const MADE = { author: { id: BOT }, mentions: [], content: 'made' };

let rest: FakeRest;
const open = (options: FakeOptions = {}): FakeRest => {
  rest = fakeRest(options);
  return rest;
};
afterEach(() => rest.close());

const draftOf = async (body: unknown, token = 'bot'): Promise<MessageDraft> => {
  rest.directory.replies.createMessage = () => ({ ok: MADE });
  const response = await rest.call('POST', path, { body, token });
  expect([response.status, await response.json()]).toEqual([200, MADE]);
  return rest.directory.named<{ draft: MessageDraft }>('createMessage').at(-1)?.draft as MessageDraft;
};

const errorsOf = async (body: unknown): Promise<Record<string, unknown>> => {
  const response = await rest.call('POST', path, { body });
  const answer = (await response.json()) as { code: number; message: string; errors: Record<string, unknown> };
  expect(rest.reports).toEqual([]);
  expect([response.status, answer.code, answer.message]).toEqual([400, 50035, 'Invalid Form Body']);
  expect(problemsOf('POST', path, 400, answer)).toEqual([]);
  return answer.errors;
};

describe('createMessage', () => {
  test('a plain message has every field', async () => {
    open();
    expect(await draftOf({ content: 'hi' })).toEqual({
      content: 'hi',
      nonce: null,
      enforceNonce: false,
      tts: false,
      embeds: [],
      attachments: [],
      allowed_mentions: null,
      reference: null,
      components: [],
      flags: 0,
    });
    expect(rest.directory.asked[0]?.commandId).toMatch(/./);
  });

  test("people's nonces are enforced, bots' when they say so", async () => {
    open();
    expect((await draftOf({ content: 'a', nonce: '1' }, 'anna')).enforceNonce).toBe(true);
    expect((await draftOf({ content: 'a', nonce: 1 })).enforceNonce).toBe(false);
    expect((await draftOf({ content: 'a', nonce: 1, enforce_nonce: true })).enforceNonce).toBe(true);
  });

  test('ids sent as numbers keep their digits', async () => {
    open().directory.replies.createMessage = () => ({ ok: MADE });
    const raw =
      '{"content":"a","message_reference":{"message_id":1100000000000000003,"channel_id":12},' +
      '"allowed_mentions":{"parse":[],"users":[1100000000000000004,5],"roles":[]},"nonce":7}';
    const response = await rest.call('POST', path, { raw, headers: { 'content-type': 'application/json' } });
    expect(response.status).toBe(200);
    const { draft } = rest.directory.named<{ draft: MessageDraft }>('createMessage')[0] as { draft: MessageDraft };
    expect(draft.reference).toMatchObject({
      message_id: '1100000000000000003',
      channel_id: '12',
      fail_if_not_exists: true,
    });
    expect(draft.allowed_mentions?.users).toEqual(['1100000000000000004', '5']);
    expect(draft.nonce).toBe(7);
  });

  test('embeds are whole: type set, nothing null, times in UTC', async () => {
    open();
    const embed = {
      title: 'a',
      url: null,
      timestamp: '2026-01-01T02:00:00+02:00',
      fields: [{ name: 'n', value: 'v' }],
    };
    const { embeds } = await draftOf({ embeds: [embed] });
    expect(embeds as unknown[]).toEqual([
      {
        type: 'rich',
        title: 'a',
        timestamp: '2026-01-01T00:00:00.000000+00:00',
        fields: [{ name: 'n', value: 'v', inline: false }],
      },
    ]);
  });

  test('components get numbers of their own, those they had stay', async () => {
    open();
    const button = { type: 2, style: 1, label: 'a', custom_id: 'a' };
    const { components } = await draftOf({ components: [{ type: 1, components: [{ ...button, id: 1 }, button] }] });
    expect(components).toMatchObject([{ id: 2, components: [{ id: 1 }, { id: 3 }] }]);
  });

  test('the reply that it quotes is judged by itself', async () => {
    const quoted = { author: { id: ANNA }, mentions: [], content: 'secret' };
    open().directory.replies.createMessage = () => ({ ok: { ...MADE, referenced_message: quoted } });
    const body = await (await rest.call('POST', path, { body: { content: 'a' } })).json();
    expect(body).toMatchObject({ content: 'made', referenced_message: { content: '' } });
  });

  test("flags that are not the author's to set are dropped", async () => {
    open();
    expect((await draftOf({ content: 'a', flags: 4 | 1 | 64 })).flags).toBe(4);
  });

  test('forms that are wrong are answered with the tree', async () => {
    open();
    expect(await errorsOf({ content: 'a'.repeat(2001) })).toEqual({
      content: { _errors: [{ code: 'BASE_TYPE_MAX_LENGTH', message: 'Must be 2000 or fewer in length.' }] },
    });
    expect(await errorsOf({ content: { a: 1 } })).toMatchObject({
      content: { _errors: [{ code: 'STRING_TYPE_CONVERT' }] },
    });
    expect(await errorsOf({ tts: 'yes' })).toMatchObject({ tts: { _errors: [{ code: 'BOOLEAN_TYPE_CONVERT' }] } });
    expect(await errorsOf({ embeds: {} })).toMatchObject({ embeds: { _errors: [{ code: 'LIST_TYPE_CONVERT' }] } });
    expect(await errorsOf({ embeds: [{ fields: [{ value: 'v' }] }] })).toMatchObject({
      embeds: { 0: { fields: { 0: { name: { _errors: [{ code: 'BASE_TYPE_REQUIRED' }] } } } } },
    });
    expect(await errorsOf({ embeds: [{ color: 'red' }] })).toMatchObject({
      embeds: { 0: { color: { _errors: [{ code: 'NUMBER_TYPE_COERCE' }] } } },
    });
    expect(await errorsOf({ embeds: [{ color: 2 ** 25 }] })).toMatchObject({
      embeds: { 0: { color: { _errors: [{ code: 'NUMBER_TYPE_MAX' }] } } },
    });
    expect(await errorsOf({ embeds: [{ url: 'x' }] })).toMatchObject({
      embeds: { 0: { url: { _errors: [{ code: 'URL_TYPE_INVALID_URL' }] } } },
    });
    expect(await errorsOf({ embeds: Array(11).fill({ title: 'a' }) })).toMatchObject({
      embeds: { _errors: [{ code: 'BASE_TYPE_BAD_LENGTH' }] },
    });
    expect(await errorsOf({ message_reference: { message_id: 'x' } })).toMatchObject({
      message_reference: {
        message_id: { _errors: [{ code: 'NUMBER_TYPE_COERCE', message: 'Value "x" is not snowflake.' }] },
      },
    });
    expect(await errorsOf({ allowed_mentions: { parse: ['all'] } })).toMatchObject({
      allowed_mentions: { parse: { 0: { _errors: [{ code: 'BASE_TYPE_CHOICES' }] } } },
    });
    expect(await errorsOf({ allowed_mentions: { parse: ['users'], users: ['1'] } })).toMatchObject({
      allowed_mentions: { _errors: [{ code: 'MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE' }] },
    });
    expect(
      await errorsOf({ components: [{ type: 1, components: [{ type: 2, style: 1, custom_id: true, label: 'a' }] }] }),
    ).toMatchObject({
      components: { 0: { components: { 0: { custom_id: { _errors: [{ code: 'STRING_TYPE_CONVERT' }] } } } } },
    });
    expect(
      await errorsOf({ embeds: [{ description: 'a'.repeat(4000) }, { description: 'a'.repeat(3000) }] }),
    ).toMatchObject({
      embeds: { _errors: [{ code: 'MAX_EMBED_SIZE_EXCEEDED' }] },
    });
    expect(rest.directory.asked).toEqual([]);
  });

  test.each(['javascript:alert(1)', 'JavaScript:alert(1)', 'java\nscript:alert(1)', ' data:text/html,x', 'file:///a'])(
    'a link to %p is refused, wherever it stands',
    async (url) => {
      open();
      const bad = { _errors: [{ code: 'URL_TYPE_INVALID_SCHEME' }] };
      expect(await errorsOf({ embeds: [{ title: 'a', url }] })).toMatchObject({ embeds: { '0': { url: bad } } });
      expect(await errorsOf({ embeds: [{ image: { url } }] })).toMatchObject({
        embeds: { '0': { image: { url: bad } } },
      });
      const button = { type: 2, style: 5, label: 'a', url };
      expect(await errorsOf({ components: [{ type: 1, components: [button] }] })).toMatchObject({
        components: { '0': { components: { '0': { url: bad } } } },
      });
    },
  );

  test.each([
    ['{"content":', 400, 50109],
    ['['.repeat(40) + ']'.repeat(40), 400, 50109],
    [`{"content":"${'a'.repeat(2_000_000)}"}`, 413, 40005],
    [`[${'0,'.repeat(300_000)}0]`, 413, 40005],
    ['{"content":"\\ud800"}', 400, 50109],
    ['{"\\udc00":1,"content":"a"}', 400, 50109],
  ])('a body that is no form: %#', async (raw, status, code) => {
    const response = await open().call('POST', path, { raw, headers: { 'content-type': 'application/json' } });
    expect([response.status, ((await response.json()) as { code: number }).code]).toEqual([status, code]);
  });

  test('the reason of the audit log is decoded', async () => {
    open().directory.replies.deleteMessage = () => ({ ok: null });
    await rest.call('DELETE', `${path}/1`, { headers: { 'x-audit-log-reason': 'gr%C3%BC%C3%9Fe' } });
    await rest.call('DELETE', `${path}/1`, { headers: { 'x-audit-log-reason': '100%' } });
    const reasons = rest.directory.named<{ by: { reason: string } }>('deleteMessage').map(({ by }) => by.reason);
    expect(reasons).toEqual(['grüße', '100%']);
  });

  test('a channel that is not there', async () => {
    const response = await open().call('POST', '/channels/1100000000000000099/messages', { body: { content: 'a' } });
    expect([response.status, await response.json()]).toEqual([404, { message: 'Unknown Channel', code: 10003 }]);
  });
});

describe('reading', () => {
  const mayRead = () => ({ ok: { generation: '5', permissions: HISTORY } });
  const read = (messages: readonly MessageWithReactions[], flags = 0) => {
    open({
      accounts: { bot: botAccount(flags) },
      store: {
        pageText: async () => textOfPage(messages),
        message: async (_channel, id) => messages.find(({ message }) => message.id === id) ?? null,
        reactionsOf: async (_channel, asked) =>
          asked.flatMap(({ users }) => users.map((user) => ({ id: '7', user, emojis: [user === BOT ? '👍' : 'a:1'] }))),
      },
    });
    rest.directory.replies.mayRead = mayRead;
  };
  const list = async (where = path): Promise<Record<string, unknown>[]> => {
    const response = await rest.call('GET', where);
    const body = await response.json();
    expect(problemsOf('GET', where, response.status, body)).toEqual([]);
    return body as Record<string, unknown>[];
  };

  test('content is empty for a bot without the grant, but not its own and not where it is mentioned', async () => {
    const mentions = [
      {
        id: BOT,
        username: 'pong',
        discriminator: '0',
        avatar: null,
        public_flags: 0,
        flags: 0,
        global_name: null,
        primary_guild: null,
      },
    ];
    read([
      storedMessage('3', ANNA, { mentions: mentions as never }),
      storedMessage('2', BOT),
      storedMessage('1', ANNA),
    ]);
    const all = await list();
    expect(all.map(({ content }) => content)).toEqual(['text of 3', 'text of 2', '']);
    expect(all[2]).toMatchObject({ embeds: [], attachments: [], components: [] });
  });

  test('with the grant it is whole; in a DM too', async () => {
    read([storedMessage('1', ANNA)], CONTENT_GRANT);
    expect((await list())[0]?.content).toBe('text of 1');
    rest.close();
    read([storedMessage('1', ANNA)]);
    expect((await list(`/channels/${DM}/messages`))[0]?.content).toBe('text of 1');
  });

  test('the reply that is quoted is judged by itself', async () => {
    const quoted = storedMessage('1', ANNA).message.wire;
    read([storedMessage('2', BOT, { referenced_message: quoted as never })]);
    expect((await list())[0]).toMatchObject({ content: 'text of 2', referenced_message: { content: '' } });
  });

  test("reactions carry the counts, and mark the reader's own", async () => {
    const message = {
      ...storedMessage('7', BOT),
      reactions: [
        { emoji: '👍', count: 2 },
        { emoji: 'wave:12', count: 1 },
      ],
    };
    read([message, storedMessage('6', BOT)]);
    const [seven, six] = await list();
    expect(seven?.reactions).toMatchObject([
      { emoji: { id: null, name: '👍' }, count: 2, me: true, count_details: { burst: 0, normal: 2 } },
      { emoji: { id: '12', name: 'wave' }, count: 1, me: false },
    ]);
    expect(six && 'reactions' in six).toBe(false);
  });

  test('equal reads in flight are one read of the store; another generation is another', async () => {
    let reads = 0;
    const gate = Promise.withResolvers<PageText>();
    const pageText = () => {
      reads++;
      return gate.promise;
    };
    open({ store: { pageText } });
    let generation = 5;
    rest.directory.replies.mayRead = () => ({ ok: { generation: String(generation), permissions: HISTORY } });
    const first = [rest.call('GET', path), rest.call('GET', path)];
    while (reads < 1) await Promise.resolve();
    generation = 6;
    const second = rest.call('GET', path);
    while (reads < 2) await Promise.resolve();
    gate.resolve(textOfPage([]));
    expect((await Promise.all([...first, second])).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(reads).toBe(2);
  });

  test('nobody reads before he may', async () => {
    open({ store: { pageText: async () => Promise.reject(new Error('read')) } });
    rest.directory.replies.mayRead = () => refuse('missingAccess');
    expect((await rest.call('GET', path)).status).toBe(403);
    rest.directory.replies.mayRead = () => ({ ok: { generation: null, permissions: '1024' } });
    expect(await (await rest.call('GET', path)).json()).toEqual([]);
    expect(rest.reports).toEqual([]);
  });

  test.each([
    ['limit=0', 'limit', 'NUMBER_TYPE_MIN'],
    ['limit=101', 'limit', 'NUMBER_TYPE_MAX'],
    ['limit=a', 'limit', 'NUMBER_TYPE_COERCE'],
    ['before=x', 'before', 'NUMBER_TYPE_COERCE'],
  ])('?%s is refused', async (query, field, code) => {
    read([]);
    const body = await (await rest.call('GET', `${path}?${query}`)).json();
    expect(body).toMatchObject({ code: 50035, errors: { [field]: { _errors: [{ code }] } } });
  });

  test('one message, or none', async () => {
    read([storedMessage('7', BOT)]);
    const response = await rest.call('GET', `${path}/7`);
    expect(problemsOf('GET', `${path}/7`, response.status, await response.json())).toEqual([]);
    expect(await (await rest.call('GET', `${path}/8`)).json()).toEqual({ message: 'Unknown Message', code: 10008 });
  });

  test('pins by the route of today and by the old one', async () => {
    const pins = ['3', '2', '1'].map((id) => ({
      message: storedMessage(id, BOT),
      pinnedAt: `2026-01-0${id}T00:00:00.000Z`,
    }));
    open({ store: { pins: async () => pins } });
    rest.directory.replies.mayRead = mayRead;
    const page = `${path}/pins?limit=1&before=2026-01-03T00:00:00Z`;
    const today = (await (await rest.call('GET', page)).json()) as {
      items: { pinned_at: string; message: { id: string } }[];
      has_more: boolean;
    };
    expect(problemsOf('GET', page, 200, today)).toEqual([]);
    expect([today.items.map(({ message }) => message.id), today.has_more]).toEqual([['2'], true]);
    const old = (await (await rest.call('GET', `/channels/${CHANNEL}/pins`)).json()) as { id: string }[];
    expect(problemsOf('GET', `/channels/${CHANNEL}/pins`, 200, old)).toEqual([]);
    expect(old.map(({ id }) => id)).toEqual(['3', '2', '1']);
  });
});
