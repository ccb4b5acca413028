/** Uploads of somebody who means harm: what they are packed in, what they are called, and what a look at them would cost. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { APIAttachment } from 'discord-api-types/v10';
import { type Person, type Place, Town } from '../support/town.ts';

let town: Town;
let owner: Person;
let place: Place;

beforeAll(async () => {
  town = await Town.open({ workers: 1, config: { rateLimits: 'off' } });
  owner = await town.person('owner');
  place = await town.guild(owner);
});
afterAll(async () => {
  // Whatever came before: the one worker lives, and takes a message.
  expect((await town.say(owner, place.channel, 'still here')).content).toBe('still here');
  await town[Symbol.asyncDispose]();
});

type Answer = readonly [
  status: number,
  body: { readonly code?: number; readonly attachments?: readonly APIAttachment[] },
];

async function send(
  body: string | Uint8Array<ArrayBuffer> | FormData,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const url = `${town.url}/api/v10/channels/${place.channel}/messages`;
  const response = await fetch(url, { method: 'POST', headers: { authorization: owner.token, ...headers }, body });
  return [response.status, (await response.json()) as Answer[1]];
}

const part = (disposition: string, more = ''): string =>
  `--x\r\nContent-Disposition: form-data; ${disposition}\r\n${more}\r\nhello\r\n`;
const sendParts = (...parts: readonly string[]): Promise<Answer> =>
  send(`${parts.join('')}--x--\r\n`, { 'content-type': 'multipart/form-data; boundary=x' });
const stored = () => readdir(join(town.dataDir, 'files', 'attachments', place.channel)).catch(() => []);

test.each(['gzip', 'deflate', 'br'])('a body that says it is packed as %s is not unpacked', async (encoding) => {
  const bomb = new Uint8Array(gzipSync(Buffer.alloc(50_000_000, ' ')));
  const headers = { 'content-type': 'application/json', 'content-encoding': encoding };
  expect(await send(bomb, headers)).toMatchObject([400, { code: 50109 }]);
});

describe('a form', () => {
  test('of five thousand files is refused, and none of them stays', async () => {
    const before = await stored();
    const parts = Array.from({ length: 5000 }, (_, n) => part(`name="files[${n % 10}]"; filename="a"`));
    expect(await sendParts(...parts)).toMatchObject([400, { code: 50035 }]);
    expect(await stored()).toEqual(before);
  });

  test.each([
    ['one long header', `X: ${'a'.repeat(200_000)}\r\n`],
    ['thousands of headers', 'X: a\r\n'.repeat(5000)],
  ])('whose parts have %s is read to its end', async (_what, more) => {
    const [status, { attachments = [] }] = await sendParts(part('name="files[0]"; filename="a.txt"', more));
    expect([status, attachments.map(({ filename }) => filename)]).toEqual([200, ['a.txt']]);
  });

  test('that names one place twice keeps both files, each under its own id', async () => {
    const [status, { attachments = [] }] = await sendParts(
      part('name="files[0]"; filename="a.txt"'),
      part('name="files[0]"; filename="b.txt"'),
    );
    expect([status, attachments.map(({ filename }) => filename)]).toEqual([200, ['a.txt', 'b.txt']]);
    expect(new Set(attachments.map(({ id }) => id)).size).toBe(2);
  });

  test.each([
    ['a\u0000b.txt', 'a_b.txt'],
    ['a\u202Egpj.exe', 'a_gpj.exe'],
    ['....//....//etc/passwd', 'passwd'],
    ['\\\\host\\share\\x.txt', 'x.txt'],
    ['\uFF0E\uFF0E/x', 'x'],
    ['%2e%2e%2fx', '2e_2e_2fx'],
    ['.htaccess', 'htaccess'],
    ['\u{1F469}\u200D\u{1F467}.png', 'unknown.png'],
  ])('with a file called %j calls it %s', async (name, safe) => {
    const [status, { attachments = [] }] = await sendParts(part(`name="files[0]"; filename="${name}"`));
    expect([status, attachments.map(({ filename }) => filename)]).toEqual([200, [safe]]);
    expect(await (await fetch(attachments[0]?.url ?? '')).text()).toBe('hello');
  });
});

test('pictures made to be looked at for long are files like others', async () => {
  const slow = Uint8Array.from(
    { length: 300_000 },
    (_, at) => [0xff, 0xd8, 0xff, 0xe1][at] ?? [0xff, 0xe1, 0, 2][at % 4] ?? 0,
  );
  const form = new FormData();
  for (let n = 0; n < 10; n++) form.append(`files[${n}]`, new File([slow], `${n}.jpg`));
  const [status, { attachments = [] }] = await send(form);
  expect([status, attachments.length, attachments.filter((each) => each.width != null)]).toEqual([200, 10, []]);
});
