/** The same server on Deno: discord.js does its day there, and kill -9 loses nothing. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { APIMessage } from 'discord-api-types/v10';
import type { Frame } from '../support/raw-gateway.ts';
import { ServerProcess } from '../support/server-process.ts';
import { skipped } from '../support/skipped.ts';
import { SlowSocket } from '../support/slow-socket.ts';
import { Town } from '../support/town.ts';
import { clientSuite } from './client-suite.ts';

const DENO = join(import.meta.dir, '..', '..', 'node_modules', '.bin', 'deno');
const TASK = [DENO, 'task', '--quiet', 'start'];
const FLAGS = ['--workers', '2'];
/** Three bytes on the wire. */
const LETTER = '\u20ac';
/** Of one message, and of all: more than the kernel holds for a socket, and than the server lets one buffer. */
const BYTES = (2000 + 4096) * 3;
const FLOOD = 20e6;

const messagesOf = ({ dispatches }: SlowSocket): string[] =>
  dispatches.flatMap(({ t, d }) => (t === 'MESSAGE_CREATE' ? [(d as APIMessage).id] : []));

/** Null: Deno is there. npm brings it as a dev dependency, but not for every system. */
function missing(): string | null {
  if (!existsSync(DENO)) return 'node_modules/.bin/deno is missing: npm install';
  const { status, stderr, error } = spawnSync(DENO, ['--version'], { encoding: 'utf8' });
  return status === 0 ? null : `deno does not run: ${error?.message ?? stderr}`;
}

describe.skipIf(skipped('Deno', missing()))('deno task start', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'guildhall-deno-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  clientSuite({
    name: 'discord.js',
    program: 'node',
    script: 'discordjs.mjs',
    open: async () => Town.of(await ServerProcess.startBy(TASK, join(folder, 'day'), FLAGS)),
  });

  test('who stops reading for a while gets everything, and nobody waits for him', async () => {
    const dataDir = join(folder, 'slow');
    await using server = await ServerProcess.startBy(TASK, dataDir, ['--workers', '1', '--rate-limits', 'off']);
    const town = Town.of(server);
    const owner = await town.person('owner');
    const place = await town.guild(owner);
    await using other = await town.visit(owner);
    await using socket = await SlowSocket.open(town.url);
    socket.send(2, { token: owner.token, properties: {} });
    const { session_id } = await socket.ready();
    socket.pace = 'paused';
    const more = { embeds: [{ description: LETTER.repeat(4096) }] };
    const said: string[] = [];
    while (said.length * BYTES < FLOOD) said.push((await town.say(owner, place.channel, LETTER.repeat(2000), more)).id);
    await other.dispatch('MESSAGE_CREATE', { id: said.at(-1) });
    expect(messagesOf(socket).length).toBeLessThan(said.length / 2);
    socket.pace = 'free';
    const isLast = ({ t, d }: Frame): boolean => t === 'MESSAGE_CREATE' && (d as APIMessage).id === said.at(-1);
    // It goes on by itself, or it was closed when it buffered too much.
    const last = socket.frames.until('the last message', isLast, { ms: 30_000 });
    await last.catch((error: unknown) => {
      if (socket.isOpen) throw error;
    });
    await using again = await SlowSocket.open(town.url);
    again.send(6, { token: owner.token, session_id, seq: socket.dispatches.at(-1)?.s });
    await again.frames.until('RESUMED', ({ t }) => t === 'RESUMED', { ms: 30_000 });
    expect([...messagesOf(socket), ...messagesOf(again)]).toEqual(said);
    await server.stop();
  }, 60_000);

  test('after kill -9 the messages are there, also for Bun', async () => {
    const dataDir = join(folder, 'killed');
    await using first = await ServerProcess.startBy(TASK, dataDir, FLAGS);
    const before = Town.of(first);
    const owner = await before.person('owner');
    const place = await before.guild(owner);
    const contents = Array.from({ length: 20 }, (_, n) => `message ${n}`);
    for (const content of contents) await before.say(owner, place.channel, content);
    await first.kill();
    const read = async (server: ServerProcess): Promise<string[]> => {
      const path = `/channels/${place.channel}/messages`;
      const kept = await Town.of(server).rest<APIMessage[]>(owner.token, 'GET', path);
      return kept.map(({ content }) => content).reverse();
    };
    await using again = await ServerProcess.startBy(TASK, dataDir, FLAGS);
    expect(await read(again)).toEqual(contents);
    await again.kill();
    await using bun = await ServerProcess.start(dataDir, FLAGS);
    expect(await read(bun)).toEqual(contents);
    await bun.stop();
  }, 60_000);
});
