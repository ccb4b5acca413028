/** What the benches of reads stand on: channels with messages in a data directory, and servers over it, one after the other. */
import { join } from 'node:path';
import { LineClient } from '../tests/support/line-client.ts';
import { ServerProcess } from '../tests/support/server-process.ts';
import { Town } from '../tests/support/town.ts';
import { cassandraGround, flagsOf } from './cassandra-ground.ts';

export interface ChannelGround extends AsyncDisposable {
  readonly dataDir: string;
  readonly store: string;
  readonly storeFlags: readonly string[];
  /** Of one who may read and write everywhere. */
  readonly token: string;
  readonly channels: readonly string[];
}

export interface Variant {
  readonly name: string;
  readonly worker: 'ours' | 'alone' | 'no-turns';
  readonly flags: readonly string[];
}

/** A guild may have 500. */
const CHANNELS_OF_GUILD = 100;
const FILL_MS = 300_000;

const readClient = (): LineClient => LineClient.start(process.execPath, [join(import.meta.dir, 'read-client.ts')], {});

/** `BENCH_STORE`, with a comma between two. */
export const storesAsked = (): readonly string[] => (process.env.BENCH_STORE ?? 'sqlite').split(',');

export async function openGround(
  dataDir: string,
  store: string,
  channels: number,
  messages: number,
): Promise<ChannelGround> {
  const flags = (process.env.BENCH_STORE_FLAGS ?? '').split(' ').filter((word) => word !== '');
  const cassandra = store === 'cql' && !flags.includes('--contact-points') ? await cassandraGround() : undefined;
  if (cassandra === null)
    throw new Error('BENCH_STORE=cql needs Java and Maven, or --contact-points in BENCH_STORE_FLAGS');
  const storeFlags = ['--store', store, ...(cassandra === undefined ? [] : flagsOf(cassandra.options)), ...flags];
  await using server = await ServerProcess.start(dataDir, ['--rate-limits', 'off', ...storeFlags]);
  await using client = readClient();
  const town = Town.of(server);
  const owner = await town.person('owner');
  const made: string[] = [];
  while (made.length < channels) {
    const { id } = await town.guild(owner, 'ground');
    for (let n = 0; n < CHANNELS_OF_GUILD && made.length < channels; n += 1) {
      const body = { name: `channel-${made.length}` };
      const channel = await town.rest<{ id: string }>(owner.token, 'POST', `/guilds/${id}/channels`, body);
      made.push(channel.id);
    }
  }
  const ask = { url: `${town.url}/api/v10`, token: owner.token, channels: made, messages };
  await client.ask('fill', ask, FILL_MS);
  await server.stop();
  return {
    ...{ dataDir, store, storeFlags, token: owner.token, channels: made },
    [Symbol.asyncDispose]: async () => cassandra?.[Symbol.asyncDispose](),
  };
}

/** A server of this kind over the ground, and a process of readers, for as long as `use` runs. */
export async function withServer<T>(
  { dataDir, storeFlags }: ChannelGround,
  { worker, flags }: Variant,
  use: (server: ServerProcess, client: LineClient) => Promise<T>,
): Promise<T> {
  // A program that is started takes over what surrounds it.
  process.env.BENCH_WORKER = worker;
  const program = [process.execPath, join(import.meta.dir, 'read-server.ts')];
  await using server = await ServerProcess.start(dataDir, ['--rate-limits', 'off', ...storeFlags, ...flags], program);
  await using client = readClient();
  const result = await use(server, client);
  await server.stop();
  return result;
}
