import type { Write } from '../../src/protocol/writes.ts';
import type { Store } from '../../src/store/ports.ts';
import { connectStore } from '../../src/store/sqlite/client.ts';
import { openSqlite } from '../../src/store/sqlite/threads.ts';
import {
  applicationRecord,
  banRecord,
  channelRecord,
  commandRecord,
  dmRecord,
  guildRecord,
  inviteRecord,
  memberRecord,
  messageRecord,
  mint,
  roleRecord,
  tokenRecord,
  userRecord,
} from '../conformance/store-records.ts';

/** An embedded store with something in every table; `messages` of one channel. -> the last epoch that was given. */
export async function fillStore(dir: string, messages: number): Promise<number> {
  const threads = await openSqlite({ dir, readers: 1 });
  const store = connectStore(threads.connect());
  const [guild, channel, user, bot] = [mint(), mint(), mint(), mint()];
  const at = Date.now();
  const writes: Write[] = [
    { w: 'putGuild', guild: guildRecord(guild) },
    { w: 'putChannel', channel: { ...channelRecord(guild, channel), last_message_id: mint() } },
    { w: 'putChannelOwner', channelId: channel, owner: `g:${guild}` },
    { w: 'putRole', guildId: guild, role: roleRecord(guild) },
    { w: 'putMember', guildId: guild, member: memberRecord(user), seq: 7 },
    { w: 'putBan', guildId: guild, ban: banRecord(mint(), 'why') },
    { w: 'putInvite', invite: inviteRecord(guild, 'code') },
    { w: 'putDm', dm: dmRecord(`d:${user}:${bot}`, mint()) },
    { w: 'putDmOpen', userId: user, owner: `d:${user}:${bot}`, open: true },
    { w: 'putUser', user: userRecord(user) },
    { w: 'putLogin', login: 'anna', userId: user },
    { w: 'putToken', token: tokenRecord(user, 'hash') },
    { w: 'putApplication', application: applicationRecord(bot, user) },
    { w: 'putCommand', command: commandRecord(bot, mint()) },
    { w: 'putHeard', user, teller: `g:${guild}`, seq: 9 },
    { w: 'putNonce', channelId: channel, author: user, nonce: 'once', messageId: mint(), at },
    { w: 'putRow', row: { seq: 2 ** 40, note: '{}', at } },
    { w: 'putTell', tell: { seq: 2 ** 40, to: `u:${user}`, command: '{}' } },
    { w: 'putResult', commandId: 'a command', result: 'null', at },
  ];
  for (let n = 0; n < messages; n += 1) {
    const id = mint();
    writes.push({ w: 'putMessage', message: messageRecord(channel, id, `message ${n}`) });
    if (n % 3 === 0)
      writes.push({ w: 'putReaction', channelId: channel, messageId: id, emoji: '🦊', userId: user, at });
    if (n % 3 === 0) writes.push({ w: 'putReaction', channelId: channel, messageId: id, emoji: '🦊', userId: bot, at });
    if (n % 50 === 0) writes.push({ w: 'putPin', channelId: channel, messageId: id, at: new Date(at).toISOString() });
  }
  let epoch = 0;
  for (let turn = 0; turn < 20; turn += 1) epoch = await store.fence(`g:${guild}`);
  await store.commit({ owner: `g:${guild}`, epoch, writes });
  await store.close();
  await threads.close();
  return epoch;
}

/** Two things more than in a store that was filled here, and one less. */
export async function plantDifferences(store: Store): Promise<void> {
  const epoch = await store.fence('g:1');
  const writes: Write[] = [
    { w: 'putLogin', login: 'more', userId: '5' },
    { w: 'putUser', user: userRecord('5') },
    { w: 'deleteToken', hash: 'hash' },
  ];
  await store.commit({ owner: 'g:1', epoch, writes });
}
