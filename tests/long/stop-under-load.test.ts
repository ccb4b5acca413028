/** The server is told to stop under write load: every request ends, clients are sent away, and what was acknowledged is there once. */
import { expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { APIMessage } from 'discord-api-types/v10';
import { Refused } from '../support/call-rest.ts';
import { eventually } from '../support/eventually.ts';
import { RawGateway } from '../support/raw-gateway.ts';
import { ServerProcess } from '../support/server-process.ts';
import { type Person, type Place, Town } from '../support/town.ts';

const ROUNDS = 3;
const WRITERS = 6;
const WRITTEN = 60;
const FLAGS = ['--workers', '2', '--rate-limits', 'off'];

/** Until the server is gone; the ids of what it acknowledged. */
async function write(town: Town, owner: Person, { channel }: Place, name: string, ids: string[]): Promise<void> {
  for (let n = 0; ; n += 1) {
    try {
      ids.push((await town.say(owner, channel, `${name} ${n}`)).id);
    } catch (error) {
      if (error instanceof Refused) expect(error.status).toBe(503);
      else return;
    }
  }
}

async function storedIn(town: Town, owner: Person, { channel }: Place): Promise<APIMessage[]> {
  const all: APIMessage[] = [];
  for (let before = ''; ; ) {
    const path = `/channels/${channel}/messages?limit=100${before && `&before=${before}`}`;
    const page = await town.rest<APIMessage[]>(owner.token, 'GET', path);
    all.push(...page);
    if (page.length < 100) return all;
    before = page.at(-1)?.id ?? '';
  }
}

test('stop under load, start again: clients were told, and what was acknowledged is there, once', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'guildhall-stop-'));
  let server = await ServerProcess.start(dataDir, FLAGS);
  try {
    let town = Town.of(server);
    const owner = await town.person('owner');
    const place = await town.guild(owner);
    const acknowledged: string[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const client = await town.visit(owner);
      const wanted = acknowledged.length + WRITTEN;
      const writers = Array.from({ length: WRITERS }, (_, n) =>
        write(town, owner, place, `${round}-${n}`, acknowledged),
      );
      await eventually('much is written', () => acknowledged.length >= wanted);
      await server.stop();
      // By itself: whoever has not ended in time is killed.
      expect(await server.ended()).toBe(0);
      await Promise.all(writers);
      expect((await client.closed).code).toBe(1001);
      expect(client.frames.items.at(-1)?.op).toBe(7);
      server = await ServerProcess.start(dataDir, FLAGS);
      town = Town.of(server);
      await using again = await RawGateway.resumeOf(town.url, client);
      expect((await again.op(9)).d).toBe(false);
      const stored = await storedIn(town, owner, place);
      const ids = new Set(stored.map(({ id }) => id));
      expect(acknowledged.filter((id) => !ids.has(id))).toEqual([]);
      expect(new Set(stored.map(({ content }) => content)).size).toBe(stored.length);
    }
    await server.stop();
  } finally {
    await server.kill();
    await rm(dataDir, { recursive: true, force: true });
  }
}, 120_000);
