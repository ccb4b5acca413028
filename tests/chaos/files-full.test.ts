/** A disk that has no room for a file or a picture: said clearly, nothing half written stays, and it ends when there is room again. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { MessageDraft } from '../../src/protocol/commands.ts';
import { defaultAvatar } from '../../src/rest/default-avatars.ts';
import { Files } from '../../src/rest/files.ts';
import { annaAccount, BOT, CHANNEL, type FakeRest, fakeRest } from '../support/fake-rest.ts';
import { skipped } from '../support/skipped.ts';
import { SmallDisk } from '../support/small-disk.ts';

const ROOM = 256 * 1024;
/** More than there is, in pieces. */
const LARGE = 'x'.repeat(2 * ROOM);
const FULL = { message: 'The store of this server is full', code: 0 };
const png = Buffer.from(defaultAvatar(0) as Uint8Array).toString('base64');

describe.skipIf(skipped('files on a full disk', SmallDisk.impossible(), true))('a full disk', () => {
  let disk: SmallDisk;
  let rest: FakeRest;

  beforeEach(() => {
    disk = SmallDisk.of(ROOM);
    rest = fakeRest({ root: disk.path });
    rest.directory.replies = {
      maySend: () => ({ ok: null }),
      createMessage: (command: { draft: MessageDraft }) => ({
        ok: { author: { id: BOT }, mentions: [], attachments: command.draft.attachments },
      }),
      updateUser: () => ({ ok: annaAccount().record }),
    };
  });
  afterEach(() => disk[Symbol.dispose]());

  const send = (...contents: readonly string[]): Promise<Response> => {
    const raw = new FormData();
    for (const [n, content] of contents.entries()) raw.append(`files[${n}]`, new File([content], `${n}.txt`));
    return rest.call('POST', `/channels/${CHANNEL}/messages`, { raw });
  };
  const wear = (): Promise<Response> =>
    rest.call('PATCH', '/users/@me', { body: { avatar: `data:image/png;base64,${png}` }, token: 'anna' });
  const said = async (response: Response): Promise<[number, unknown]> => [response.status, await response.json()];
  /** Files, without folders. */
  const files = (): string[] =>
    readdirSync(disk.path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== 'ballast')
      .map(({ name }) => name);

  test('refuses attachments with 507, and keeps none of the same message', async () => {
    expect(await said(await send('small', LARGE))).toEqual([507, FULL]);
    expect([files(), rest.reports]).toEqual([[], []]);
    disk.fill();
    expect(await said(await send('small'))).toEqual([507, FULL]);
    expect([files(), rest.reports]).toEqual([[], []]);
    disk.empty();
    expect((await send('small')).status).toBe(200);
    expect([files(), Number(rest.used[0])]).toEqual([['0.txt'], 5]);
  });

  test('refuses pictures with 507, and never takes half of one for the whole', async () => {
    disk.fill();
    expect(await said(await wear())).toEqual([507, FULL]);
    expect([files(), rest.reports]).toEqual([[], []]);
    disk.empty();
    expect((await wear()).status).toBe(200);
    expect(files()).toHaveLength(1);
    const [{ patch }] = rest.directory.named<{ patch: { avatar: string } }>('updateUser') as [never];
    const shown = await rest.call(
      'GET',
      `/cdn/avatars/${annaAccount().record.user.id}/${(patch as { avatar: string }).avatar}.png`,
    );
    expect(Buffer.from(await shown.arrayBuffer()).toString('base64')).toBe(png);
  });

  test('gives what two remove at once back to the quota once', async () => {
    const used = new BigInt64Array([0n]);
    const files = new Files({ directory: disk.path, quotaBytes: ROOM, used });
    for (const [id, name] of [
      ['1', 'a.txt'],
      ['2', 'b.txt'],
    ] as const) {
      await files.saveAttachment(CHANNEL, id, name, Readable.from([Buffer.from('12345')]), ROOM);
    }
    disk.fillNames();
    await Promise.all([1, 2, 3].map(() => files.removeAttachments(CHANNEL, ['1'])));
    expect([Number(used[0]), readdirSync(join(disk.path, 'attachments', CHANNEL))]).toEqual([5, ['2']]);
  });
});
