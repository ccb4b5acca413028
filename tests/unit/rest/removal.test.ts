/** What is deleted leaves the disk and the quota; what is refused never stays there. */
import { afterEach, describe, expect, test } from 'bun:test';
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fault, refuse } from '../../../src/protocol/errors.ts';
import { defaultAvatar } from '../../../src/rest/default-avatars.ts';
import { Files } from '../../../src/rest/files.ts';
import {
  ANNA,
  annaAccount,
  CHANNEL,
  type FakeOptions,
  type FakeRest,
  fakeRest,
  GUILD,
  publicUser,
  userRecord,
} from '../../support/fake-rest.ts';

const [FILE, OTHER, ROLE] = ['1200000000000000001', '1200000000000000002', '1200000000000000003'];

let rest: FakeRest;
const open = (options: FakeOptions = {}): FakeRest => {
  rest = fakeRest(options);
  return rest;
};
afterEach(() => rest.close());

const put = (bytes: number, ...path: readonly string[]): void => {
  const file = join(rest.root, ...path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, 'x'.repeat(bytes));
};
const isThere = (...path: readonly string[]): boolean => existsSync(join(rest.root, ...path));
const list = (...path: readonly string[]): string[] => (isThere(...path) ? readdirSync(join(rest.root, ...path)) : []);
/** Bytes that are counted, beside those of the disk. */
const counted = async (used: BigInt64Array): Promise<[number, number]> => [
  Number(used[0]),
  await new Files({ directory: rest.root, quotaBytes: 1 }).measure(),
];

describe('what is deleted', () => {
  test('is given back to the quota once, by whoever removes it first', async () => {
    open();
    put(10, 'attachments', CHANNEL, FILE, 'a.txt');
    put(5, 'attachments', CHANNEL, OTHER, 'b.txt');
    const used = new BigInt64Array([15n]);
    const files = new Files({ directory: rest.root, quotaBytes: 100, used });
    await Promise.all([files.removeAttachments(CHANNEL, [FILE]), files.removeAttachments(CHANNEL, [FILE])]);
    expect(await counted(used)).toEqual([5, 5]);
    await Promise.all([files.removeAttachments(CHANNEL, [OTHER]), files.removeChannel(CHANNEL)]);
    expect(await counted(used)).toEqual([0, 0]);
    await files.removeChannel(CHANNEL);
    expect(await counted(used)).toEqual([0, 0]);
  });

  test('with a message goes with its files', async () => {
    open().directory.replies = { deleteMessage: () => ({ ok: [FILE] }), bulkDelete: () => ({ ok: [OTHER] }) };
    for (const id of [FILE, OTHER]) put(1, 'attachments', CHANNEL, id, 'a.txt');
    const messages = `/channels/${CHANNEL}/messages`;
    expect((await rest.call('DELETE', `${messages}/7`)).status).toBe(204);
    expect(list('attachments', CHANNEL)).toEqual([OTHER]);
    expect((await rest.call('POST', `${messages}/bulk-delete`, { body: { messages: ['7', '8'] } })).status).toBe(204);
    expect(list('attachments', CHANNEL)).toEqual([]);
  });

  test('with an edit or a ban goes too, channel by channel', async () => {
    open({ store: { users: async () => [userRecord(publicUser(ANNA, 'anna'))] } }).directory.replies = {
      editMessage: () => ({ ok: { message: { author: { id: ANNA }, mentions: [] }, gone: [FILE] } }),
      ban: () => ({
        ok: [
          { channelId: CHANNEL, ids: [OTHER] },
          { channelId: ROLE, ids: [FILE, OTHER] },
        ],
      }),
    };
    const fill = (): void => {
      for (const channel of [CHANNEL, ROLE])
        for (const id of [FILE, OTHER]) put(1, 'attachments', channel, id, 'a.txt');
    };
    fill();
    const edit = await rest.call('PATCH', `/channels/${CHANNEL}/messages/7`, { body: { attachments: [] } });
    expect([edit.status, await edit.json()]).toMatchObject([200, { author: { id: ANNA } }]);
    expect(list('attachments', CHANNEL)).toEqual([OTHER]);
    for (const [method, path, body] of [
      ['PUT', `bans/${ANNA}`, { delete_message_days: 1 }],
      ['POST', 'bulk-ban', { user_ids: [ANNA], delete_message_seconds: 60 }],
    ] as const) {
      fill();
      expect((await rest.call(method, `/guilds/${GUILD}/${path}`, { body })).status).toBeLessThan(300);
      expect([list('attachments', CHANNEL), list('attachments', ROLE)]).toEqual([[FILE], []]);
    }
    expect(rest.reports).toEqual([]);
  });

  test('stays while the owner refuses', async () => {
    open().directory.replies = {
      deleteMessage: () => refuse('missingPermissions'),
      deleteGuild: () => refuse('missingPermissions'),
    };
    put(1, 'attachments', CHANNEL, FILE, 'a.txt');
    expect((await rest.call('DELETE', `/channels/${CHANNEL}/messages/7`)).status).toBe(403);
    expect((await rest.call('DELETE', `/guilds/${GUILD}`)).status).toBe(403);
    expect(list('attachments', CHANNEL)).toEqual([FILE]);
  });

  test('takes everything of a channel, of a role, of a guild', async () => {
    open().directory.replies = {
      deleteChannel: () => ({ ok: {} }),
      deleteRole: () => ({ ok: null }),
      deleteGuild: () => ({ ok: { channels: [OTHER], roles: [ROLE] } }),
    };
    const fill = (): void => {
      for (const channel of [CHANNEL, OTHER]) put(1, 'attachments', channel, FILE, 'a.txt');
      put(1, 'role-icons', ROLE, 'hash');
      put(1, 'icons', GUILD, 'hash');
    };
    fill();
    await rest.call('DELETE', `/channels/${CHANNEL}`);
    await rest.call('DELETE', `/guilds/${GUILD}/roles/${ROLE}`);
    expect([list('attachments'), list('role-icons')]).toEqual([[OTHER], []]);
    fill();
    expect((await rest.call('DELETE', `/guilds/${GUILD}`)).status).toBe(204);
    expect([list('attachments'), list('role-icons'), list('icons')]).toEqual([[CHANNEL], [], []]);
    expect(rest.reports).toEqual([]);
  });

  test('is gone also when its files are not', async () => {
    open().directory.replies = { deleteMessage: () => ({ ok: [FILE] }) };
    writeFileSync(join(rest.root, 'trash'), 'in the way');
    put(1, 'attachments', CHANNEL, FILE, 'a.txt');
    expect((await rest.call('DELETE', `/channels/${CHANNEL}/messages/7`)).status).toBe(204);
    expect(rest.reports).toHaveLength(1);
  });

  test('and was half removed when the process died counts no more after a start', async () => {
    open();
    put(10, 'trash', 'gone-1', 'it', 'a.txt');
    put(3, 'attachments', CHANNEL, FILE, 'a.txt');
    expect(await counted(new BigInt64Array(1))).toEqual([0, 3]);
    expect(isThere('trash')).toBe(false);
  });
});

describe('a picture', () => {
  const png = (defaultAvatar(0) as Uint8Array<ArrayBuffer>).slice();
  const data = (n: number): string =>
    `data:image/png;base64,${Buffer.from(defaultAvatar(n) as Uint8Array).toString('base64')}`;
  const edit = (n: number) => rest.call('PATCH', `/guilds/${GUILD}`, { body: { icon: data(n) } });

  test('that was refused leaves nothing behind, not even of the quota', async () => {
    open({ quotaBytes: png.byteLength * 2 }).directory.replies = { updateGuild: () => refuse('missingPermissions') };
    for (let n = 0; n < 6; n += 1) expect((await edit(n)).status).toBe(403);
    expect(list('icons', GUILD)).toEqual([]);
  });

  test('that is shown already stays when somebody else may not set it', async () => {
    open().directory.replies = { updateGuild: () => ({ ok: {} }) };
    await edit(0);
    rest.directory.replies = { updateGuild: () => refuse('missingPermissions') };
    expect((await edit(0)).status).toBe(403);
    expect(list('icons', GUILD)).toHaveLength(1);
  });

  test('that may be in use after a fault stays', async () => {
    open().directory.replies = { updateGuild: () => Promise.reject(new Fault('timeout', true, 'slow')) };
    expect((await edit(0)).status).toBe(503);
    expect(list('icons', GUILD)).toHaveLength(1);
  });

  test('makes room for new ones: the newest five stay, and the one that is shown', async () => {
    open().directory.replies = { updateUser: () => ({ ok: annaAccount().record }) };
    const old = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    for (const [n, name] of old.entries()) {
      put(1, 'avatars', ANNA, name);
      utimesSync(join(rest.root, 'avatars', ANNA, name), 1000 + n, 1000 + n);
    }
    await rest.call('PATCH', '/users/@me', { body: { avatar: data(0) }, token: 'anna' });
    const kept = list('avatars', ANNA);
    expect(kept).toHaveLength(5);
    expect(kept.filter((name) => old.includes(name)).sort()).toEqual(['d', 'e', 'f', 'g']);
  });

  test('of a new role lies under the id that the guild gave it', async () => {
    open().directory.replies = {
      createRole: () => ({ ok: { id: ROLE } }),
      updateRole: () => ({ ok: { id: ROLE, icon: 'x' } }),
    };
    const response = await rest.call('POST', `/guilds/${GUILD}/roles`, { body: { name: 'r', icon: data(0) } });
    expect(await response.json()).toMatchObject({ id: ROLE, icon: 'x' });
    const [{ patch }] = rest.directory.named<{ patch: object }>('updateRole') as [never];
    expect(list('role-icons', ROLE)).toEqual([(patch as { icon: string }).icon]);
  });
});
