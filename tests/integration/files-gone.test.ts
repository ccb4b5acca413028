/** What no message shows any more is gone from the disk: after an edit, and after a ban that deletes what somebody wrote. */
import { expect, test } from 'bun:test';
import type { APIMessage } from 'discord-api-types/v10';
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
