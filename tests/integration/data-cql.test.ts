/** The data service on Cassandra, as `guildhall data --store cql` runs it: what one front process writes another one reads, and equal reads meet. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { realClock } from '../../src/base/clock.ts';
import { readConfig } from '../../src/config.ts';
import { startData } from '../../src/data-node.ts';
import { connectGrpc } from '../../src/store/grpc/client.ts';
import { messageRecord, mint } from '../conformance/store-records.ts';
import { clusterOptions, hasCassandra } from '../support/cassandra.ts';
import { DataCaller } from '../support/data-caller.ts';
import { CLIENT_LIMITS } from '../support/data-limits.ts';
import { StoreFolder } from '../support/store-folder.ts';

describe.skipIf(!(await hasCassandra()))('the data service on Cassandra', () => {
  test('serves what is written through it', async () => {
    using folder = new StoreFolder();
    const { contactPoints, keyspace, localDatacenter, replication } = await clusterOptions();
    const flags = { 'data-dir': folder.dir, store: 'cql', 'data-listen': '127.0.0.1:0', keyspace };
    const where = {
      'contact-points': contactPoints.join(','),
      'local-datacenter': localDatacenter,
      replication: String(replication),
    };
    const running = await startData(readConfig({ ...flags, ...where }, {}));
    const { address } = running;
    const token = readFileSync(running.tokenFile, 'utf8').trim();
    const connect = () => connectGrpc({ address, token, claim: 'us', clock: realClock, limits: CLIENT_LIMITS });
    const [writer, reader] = [await connect(), await connect()];
    const channelId = mint();
    const ids = Array.from({ length: 120 }, () => mint());
    const epoch = await writer.fence('g:1');
    for (const id of ids) {
      await writer.commit({
        owner: 'g:1',
        epoch,
        writes: [{ w: 'putMessage', message: messageRecord(channelId, id) }],
      });
    }
    const query = { channelId, before: null, after: null, around: null, limit: 50 };
    const pages = await Promise.all(Array.from({ length: 20 }, () => reader.page(query)));
    for (const page of pages) expect(page.map(({ message }) => message.id)).toEqual(ids.slice(-50).reverse());
    using caller = new DataCaller(Number(address.split(':')[1]), token);
    const streamed: unknown[] = [];
    for await (const page of caller.stream('History', { channel_id: channelId })) {
      streamed.push(...(page as { messages: { id: string }[] }).messages.map(({ id }) => id));
    }
    expect(streamed).toEqual(ids);
    const { text } = (await caller.call('Metrics', {}).answer) as { text: string };
    const made = /guildhall_data_reads_total\{how="made"\} (\d+)/.exec(text)?.[1];
    const joined = /guildhall_data_reads_total\{how="joined"\} (\d+)/.exec(text)?.[1];
    // The pages, and two of the history.
    expect([Number(made) + Number(joined), Number(joined) > 0]).toEqual([22, true]);
    await Promise.all([writer.close(), reader.close()]);
    await running.stop();
  }, 120_000);
});
