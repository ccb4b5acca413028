/** A server that was stopped for longer than its lease: another one has the keyspace by then, and the first must write nothing any more. */
import { describe, expect, test } from 'bun:test';
import type { APIMessage } from 'discord-api-types/v10';
import { answerOf } from '../support/call-rest.ts';
import { hasCassandra } from '../support/cassandra.ts';
import { flagsOnCassandra } from '../support/cluster-town.ts';
import { guildOn } from '../support/placed.ts';
import { ServerProcess } from '../support/server-process.ts';
import { StoreFolder } from '../support/store-folder.ts';
import { type Person, type Place, Town } from '../support/town.ts';

async function contentsIn(server: ServerProcess, { token }: Person, { channel }: Place): Promise<string[]> {
  const page = await Town.of(server).rest<APIMessage[]>(token, 'GET', `/channels/${channel}/messages?limit=100`);
  return page.map(({ content }) => content).reverse();
}

describe.skipIf(!(await hasCassandra()))('a server that was stopped', () => {
  test('ends by itself when it goes on after its lease, and what it was asked meanwhile is not stored', async () => {
    const flags = [...(await flagsOnCassandra()), '--workers', '2', '--rate-limits', 'off'];
    using home = new StoreFolder();
    using other = new StoreFolder();
    await using stopped = await ServerProcess.start(home.dir, flags);
    const town = Town.of(stopped);
    const owner = await town.person('owner');
    const places = [await guildOn(town, 0, owner), await guildOn(town, 1, owner)];
    for (const { channel } of places) await town.say(owner, channel, 'before');

    stopped.pause();
    const asked = places.map(({ channel }) =>
      answerOf(town.url, owner.token, 'POST', `/channels/${channel}/messages`, { content: 'into the sleep' }).then(
        ({ status }) => status,
        () => 'cut' as const,
      ),
    );
    // It waits for the lease to end.
    await using next = await ServerProcess.start(other.dir, flags);
    expect(next.complaints).toMatch(/waiting for the lease of \S+ \d+ \S+ on the keyspace/);
    for (const { channel } of places) await Town.of(next).say(owner, channel, 'of the next');

    stopped.resume();
    expect(await stopped.ended()).toBeGreaterThan(0);
    expect(stopped.complaints).toMatch(/somebody else has (had )?the lease/);
    expect(stopped.complaints).toContain('"why":"fault"');
    for (const answer of await Promise.all(asked)) expect([503, 'cut']).toContain(answer);
    for (const { channel } of places) await Town.of(next).say(owner, channel, 'still there');
    await next.stop();
    await using last = await ServerProcess.start(home.dir, flags);
    for (const place of places) {
      expect(await contentsIn(last, owner, place)).toEqual(['before', 'of the next', 'still there']);
    }
    await last.stop();
  }, 240_000);
});
