/** Files: taken under bounds, kept only for messages that were sent, given to browsers harmlessly. */
import { afterEach, describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MessageDraft, MessagePatch } from '../../../src/protocol/commands.ts';
import { Fault, refuse } from '../../../src/protocol/errors.ts';
import { defaultAvatar } from '../../../src/rest/default-avatars.ts';
import { safeName } from '../../../src/rest/media.ts';
import { BOT, CHANNEL, type FakeOptions, type FakeRest, fakeRest } from '../../support/fake-rest.ts';

const path = `/channels/${CHANNEL}/messages`;
const png = (defaultAvatar(0) as Uint8Array<ArrayBuffer>).slice();

let rest: FakeRest;
const open = (options: FakeOptions = {}): FakeRest => {
  rest = fakeRest(options);
  rest.directory.replies.maySend = () => ({ ok: null });
  rest.directory.replies.createMessage = (command: { draft: MessageDraft }) => ({
    ok: { author: { id: BOT }, mentions: [], attachments: command.draft.attachments },
  });
  return rest;
};
afterEach(() => rest.close());

const form = (payload: unknown, files: Record<string, File>): FormData => {
  const data = new FormData();
  data.append('payload_json', JSON.stringify(payload));
  for (const [field, file] of Object.entries(files)) data.append(field, file);
  return data;
};
const text = (content: string, name: string): File => new File([content], name, { type: 'text/plain' });
const send = (raw: FormData, method = 'POST', where = path) => rest.call(method, where, { raw });
const sent = (): MessageDraft =>
  rest.directory.named<{ draft: MessageDraft }>('createMessage').at(-1)?.draft as MessageDraft;
const stored = (): string[] => {
  const folder = join(rest.root, 'attachments', CHANNEL);
  return existsSync(folder) ? readdirSync(folder) : [];
};
const pathOf = (url: string): string => new URL(url).pathname;

describe('a form with files', () => {
  test('arrives with names, sizes, kinds and the size of pictures', async () => {
    open();
    const payload = {
      content: 'see',
      attachments: [{ id: 0, description: 'a picture' }],
      embeds: [{ image: { url: 'attachment://a_b.png' } }],
    };
    const files = { 'files[0]': new File([png], 'a b.png'), 'files[1]': text('hello', '../../evil.html') };
    const response = await send(form(payload, files));
    expect(response.status).toBe(200);
    const { content, attachments, embeds } = sent();
    expect(content).toBe('see');
    expect(attachments).toMatchObject([
      {
        filename: 'a_b.png',
        size: png.length,
        content_type: 'image/png',
        width: 128,
        height: 128,
        description: 'a picture',
      },
      { filename: 'evil.html', size: 5 },
    ]);
    expect(attachments[0]?.id).toMatch(/^\d{17,19}$/);
    expect(embeds[0]?.image?.url).toBe(attachments[0]?.url as string);
    const order = rest.directory.asked.map(({ said }) => ('kind' in said ? said.kind : said.ask));
    expect(order).toEqual(['maySend', 'createMessage']);
  });

  test('comes back byte for byte', async () => {
    open();
    const content = 'x'.repeat(700_000);
    await send(form({}, { 'files[0]': text(content, 'a.txt') }));
    const response = await rest.call('GET', pathOf(sent().attachments[0]?.url as string), { token: null });
    expect(await response.text()).toBe(content);
  });

  test.each(['file', 'file0', 'files[3]'])('the field %s is a file', async (field) => {
    open();
    expect((await send(form({}, { [field]: text('a', 'a.txt') }))).status).toBe(200);
    expect(sent().attachments).toHaveLength(1);
  });

  test('is not read for who may not send', async () => {
    open().directory.replies.maySend = () => refuse('missingPermissions');
    let pulled = 0;
    const raw = new ReadableStream({ pull: () => void pulled++ }, { highWaterMark: 0 });
    const headers = { 'content-type': 'multipart/form-data; boundary=x' };
    expect((await rest.call('POST', path, { raw, headers })).status).toBe(403);
    expect(pulled).toBe(0);
  });

  test('said again under its nonce is the message of the first time, with the files of the first time', async () => {
    open();
    await send(form({}, { 'files[0]': text('a', 'a.txt') }));
    const first = { author: { id: BOT }, mentions: [], attachments: sent().attachments };
    rest.directory.replies.createMessage = () => ({ ok: first });
    expect((await send(form({}, { 'files[0]': text('a', 'a.txt') }))).status).toBe(200);
    expect(stored()).toEqual(first.attachments.map(({ id }) => id));
  });

  test('leaves nothing behind after a refusal of the owner', async () => {
    open().directory.replies.createMessage = () => refuse('slowMode', { retryAfter: 1 });
    expect((await send(form({}, { 'files[0]': text('a', 'a.txt') }))).status).toBe(429);
    expect(stored()).toEqual([]);
  });

  test('stays after a fault: the message may be there', async () => {
    open().directory.replies.createMessage = () => Promise.reject(new Fault('timeout', true, 'no answer'));
    expect((await send(form({}, { 'files[0]': text('a', 'a.txt') }))).status).toBe(503);
    expect(stored()).toHaveLength(1);
  });

  test.each(['x.constructor', 'x.toString', 'x.__proto__'])('of the name %s is of no known kind', async (name) => {
    open();
    expect((await send(form({}, { 'files[0]': text('<script>', name) }))).status).toBe(200);
    const [attachment] = sent().attachments;
    expect(attachment?.content_type).toBe('application/octet-stream');
    const { headers } = await rest.call('GET', pathOf(attachment?.url ?? ''), { token: null });
    expect(headers.get('content-type')).toBe('application/octet-stream');
    expect(headers.get('content-disposition')).toStartWith('attachment');
  });

  test('a form that is wrong leaves nothing behind', async () => {
    open();
    const response = await send(form({ content: 'a'.repeat(3000) }, { 'files[0]': text('a', 'a.txt') }));
    expect([response.status, stored()]).toEqual([400, []]);
  });

  test('bounds: a file, their number, all together, the quota', async () => {
    open({ limits: { fileBytes: 10, files: 2, multipartBytes: 2000 }, quotaBytes: 15 });
    const big = await send(form({}, { 'files[0]': text('x'.repeat(11), 'a.txt') }));
    expect([big.status, await big.json()]).toEqual([413, { message: 'Request entity too large', code: 40005 }]);
    const three = { 'files[0]': text('a', 'a'), 'files[1]': text('a', 'a'), 'files[2]': text('a', 'a') };
    expect((await send(form({}, three))).status).toBe(400);
    expect((await send(form({}, { 'files[0]': text('x'.repeat(5000), 'a') }))).status).toBe(413);
    const two = { 'files[0]': text('x'.repeat(8), 'a'), 'files[1]': text('x'.repeat(8), 'a') };
    expect((await send(form({}, two))).status).toBe(507);
    expect(stored()).toEqual([]);
    // What was refused counts no more.
    expect((await send(form({}, { 'files[0]': text('x'.repeat(8), 'a') }))).status).toBe(200);
  });

  test.each(['multipart/form-data', 'multipart/form-data; boundary=x'])(
    '%s without the parts is a 400',
    async (type) => {
      open();
      const response = await rest.call('POST', path, { raw: 'no parts here', headers: { 'content-type': type } });
      expect(response.status).toBe(400);
    },
  );

  test('an upload that is cut leaves nothing behind', async () => {
    open();
    const start = '--x\r\nContent-Disposition: form-data; name="files[0]"; filename="a.txt"\r\n\r\nhello';
    const raw = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(start));
        controller.error(new Error('cut'));
      },
    });
    const response = await rest.call('POST', path, {
      raw,
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
    });
    expect(response.status).toBe(400);
    expect(stored()).toEqual([]);
  });

  test.each(['files[0]', 'other'])('a body that ends within the file %s is a 400', async (field) => {
    open();
    const raw = new TextEncoder().encode(
      `--x\r\nContent-Disposition: form-data; name="${field}"; filename="a.txt"\r\n\r\nhello`,
    );
    const response = await rest.call('POST', path, {
      raw,
      headers: { 'content-type': 'multipart/form-data; boundary=x' },
    });
    expect([response.status, stored()]).toEqual([400, []]);
  });

  test('an edit keeps the named ones and adds the new', async () => {
    open().directory.replies.editMessage = () => ({
      ok: { message: { author: { id: '1' }, mentions: [] }, gone: [] },
    });
    const payload = { attachments: [{ id: '1100000000000000055' }, { id: 0, filename: 'a.txt' }] };
    const response = await send(form(payload, { 'files[0]': text('a', 'a.txt') }), 'PATCH', `${path}/7`);
    expect(response.status).toBe(200);
    const [{ patch }] = rest.directory.named<{ patch: MessagePatch }>('editMessage') as [{ patch: MessagePatch }];
    expect(patch.keep).toEqual(['1100000000000000055']);
    expect(patch.attachments).toMatchObject([{ filename: 'a.txt', size: 1 }]);
    expect('content' in patch).toBe(false);
  });
});

describe('the CDN', () => {
  const put = (name: string, content = 'hello'): string => {
    const folder = join(rest.root, 'attachments', '1', '2');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name), content);
    return `/cdn/attachments/1/2/${name}`;
  };
  const get = (where: string, headers: Record<string, string> = {}) =>
    rest.call('GET', where, { token: null, headers });

  test('a page is a download, a picture is shown; both can do nothing', async () => {
    open();
    for (const [name, disposition, type] of [
      ['a.html', 'attachment', 'application/octet-stream'],
      ['a.svg', 'attachment', 'application/octet-stream'],
      ['a.png', 'inline', 'image/png'],
    ] as const) {
      const { status, headers } = await get(put(name));
      expect(status).toBe(200);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toContain('sandbox');
      expect(headers.get('content-disposition')).toStartWith(disposition);
      expect(headers.get('content-type')).toBe(type);
      expect(headers.get('via')).toBe('1.1 guildhall');
    }
  });

  test.each(['../../a.txt', '..%2F2%2Fa.txt', '%2e%2e', '%00', '.a', 'a%5Cb', 'b.txt', '%'])(
    '%s is not there',
    async (name) => {
      open();
      put('a.txt');
      expect((await get(`/cdn/attachments/1/2/${name}`)).status).toBe(404);
    },
  );

  test.each([
    ['bytes=0-1', 206, 'he', 'bytes 0-1/5'],
    ['bytes=3-', 206, 'lo', 'bytes 3-4/5'],
    ['bytes=-2', 206, 'lo', 'bytes 3-4/5'],
    ['bytes=1-900', 206, 'ello', 'bytes 1-4/5'],
    ['bytes=9-', 416, '', 'bytes */5'],
    ['lines=1-2', 200, 'hello', null],
  ])('%s', async (range, status, body, contentRange) => {
    open();
    const response = await get(put('a.txt'), { range });
    expect([response.status, await response.text(), response.headers.get('content-range')]).toEqual([
      status,
      body,
      contentRange,
    ]);
  });

  test('default avatars', async () => {
    open();
    const response = await get('/cdn/embed/avatars/5.png');
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'image/png']);
    expect((await get('/cdn/embed/avatars/6.png')).status).toBe(404);
  });

  test('a picture of a user, whatever ending is asked for', async () => {
    open().directory.replies.updateUser = (command: { patch: { avatar: string } }) => ({
      ok: { ...rest.deps, user: { id: '1', username: 'pong', avatar: command.patch.avatar, public_flags: 0 } },
    });
    const avatar = `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
    const response = await rest.call('PATCH', '/users/@me', { body: { avatar } });
    const { avatar: hash } = (await response.json()) as { avatar: string };
    expect(hash).toMatch(/^[0-9a-f]{32}$/);
    const picture = await get(`/cdn/avatars/1100000000000000010/${hash}.webp?size=128`);
    expect([picture.status, picture.headers.get('content-type')]).toEqual([200, 'image/png']);
    expect(new Uint8Array(await picture.arrayBuffer())).toEqual(png);
  });

  test('what is no picture is refused', async () => {
    open();
    for (const avatar of ['data:image/png;base64,aGVsbG8=', 'data:text/html;base64,aGVsbG8=', 'x']) {
      const body = await (await rest.call('PATCH', '/users/@me', { body: { avatar } })).json();
      expect(body).toMatchObject({ code: 50035, errors: { avatar: { _errors: [{}] } } });
    }
  });
});

test.each([
  ['a b.png', 'a_b.png'],
  ['../../etc/passwd', 'passwd'],
  ['..\\a.exe', 'a.exe'],
  ['.htaccess', 'htaccess'],
  ['grüße.txt', 'grüße.txt'],
  ['', 'unknown'],
  ['__.png', 'unknown.png'],
  ['///', 'unknown'],
  [`${'é'.repeat(300)}.png`, `${'é'.repeat(88)}.png`],
  // As long as a header of a form may be; walked once, or the worker stands still for half a minute.
  ['a'.repeat(80_000), 'a'.repeat(180)],
])('the name %#', (name, safe) => {
  expect(safeName(name)).toBe(safe);
  expect(safeName(safe)).toBe(safe);
});
