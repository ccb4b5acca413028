/** What no message shows any more is gone from the disk: after an edit, and after a ban that deletes what somebody wrote, and with a sweep after a crash. */
import { expect, test } from 'bun:test';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { APIMessage } from 'discord-api-types/v10';
import { askCommand } from '../support/command.ts';
import { type Person, Town } from '../support/town.ts';

test('files leave the disk with an edit and with a ban', async () => {
  await using town = await Town.open();
  const owner = await town.person('owner');
  const place = await town.guild(owner, 'Home');
  const spammer = await town.person('spammer');
  await town.join(owner, place, spammer);
  const path = `/channels/${place.channel}/messages`;
  const send = async ({ token }: Person, ...names: readonly string[]): Promise<APIMessage> => {
    const form = new FormData();
    for (const [n, name] of names.entries()) form.append(`files[${n}]`, new File([name], name));
    return town.rest<APIMessage>(token, 'POST', path, form);
  };
  const seen = async ({ attachments }: APIMessage): Promise<number[]> =>
    Promise.all(attachments.map(async ({ url }) => (await fetch(url)).status));

  const mine = await send(owner, 'a.txt', 'b.txt');
  const his = [await send(spammer, 'c.txt', 'd.txt'), await send(spammer, 'e.txt')];
  expect([await seen(mine), ...(await Promise.all(his.map(seen)))]).toEqual([[200, 200], [200, 200], [200]]);

  const kept = { attachments: [{ id: mine.attachments[1]?.id }] };
  const edited = await town.rest<APIMessage>(owner.token, 'PATCH', `${path}/${mine.id}`, kept);
  expect(edited.attachments.map(({ filename }) => filename)).toEqual(['b.txt']);
  expect(await seen(mine)).toEqual([404, 200]);

  // The guild's owner that is loaded then knows these messages from the store alone.
  for (const slot of [0, 1]) await town.killWorker(slot);
  const ban = { delete_message_seconds: 3600 };
  await town.rest(owner.token, 'PUT', `/guilds/${place.id}/bans/${spammer.id}`, ban);
  expect(await Promise.all(his.map(seen))).toEqual([[404, 404], [404]]);
  expect(await seen(mine)).toEqual([404, 200]);
});

/** Of 2020. */
const OLD = '700000000000000000';

function putFile(dataDir: string, ...path: readonly string[]): string {
  const folder = join(dataDir, ...path);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'a.txt'), 'hello');
  return folder;
}

test('a sweep takes what a crash has left, beside the running server and without one', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'guildhall-sweep-'));
  const none = { removed: true, channels: 1, strange: 0, files: 0, bytes: 0 };
  let orphan: string;
  {
    await using town = await Town.open({ dataDir });
    const { channel } = await town.guild(await town.person('owner'), 'Home');
    orphan = putFile(dataDir, 'files', 'attachments', channel, OLD);
    expect(await askCommand(dataDir, ['sweep', '--dry-run'])).toEqual({ ...none, removed: false, files: 1, bytes: 5 });
    expect(existsSync(orphan)).toBe(true);
    expect(await askCommand(dataDir, ['sweep'])).toEqual({ ...none, files: 1, bytes: 5 });
    expect(existsSync(orphan)).toBe(false);
  }
  putFile(orphan);
  expect(await askCommand(dataDir, ['sweep'])).toEqual({ ...none, files: 1, bytes: 5 });
  expect([existsSync(orphan), await askCommand(dataDir, ['sweep'])]).toEqual([false, none]);
  rmSync(dataDir, { recursive: true });
});

test('a store in memory begins without the files of the last one, and leaves those of another store alone', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'guildhall-sweep-'));
  const last = putFile(dataDir, 'files-of-memory', 'attachments', '1', OLD);
  const other = putFile(dataDir, 'files', 'attachments', '1', OLD);
  await using town = await Town.open({ dataDir, config: { store: 'memory', workers: 1 } });
  expect([town.port > 0, existsSync(last), existsSync(other)]).toEqual([true, false, true]);
  rmSync(dataDir, { recursive: true });
});
