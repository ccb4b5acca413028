/** A server is killed with signal 9 under write load and the end of its store's log is torn: it starts, has what came before, and goes on. */
import { expect, test } from 'bun:test';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { APIMessage } from 'discord-api-types/v10';
import { Refused } from '../support/call-rest.ts';
import { ServerProcess } from '../support/server-process.ts';
import { type Person, type Place, Town } from '../support/town.ts';
import { readWal, type WalFile } from '../support/wal-file.ts';

const WRITERS = 4;
const WRITTEN = 80;
const FLAGS = ['--workers', '2', '--rate-limits', 'off'];

/** What is done to the log, and how many of one writer's messages its last transaction may have held. */
const TEARS: readonly (readonly [what: string, lost: 0 | 1, tear: (wal: WalFile) => Uint8Array])[] = [
  ['cut in the middle of its last frame', 1, ({ bytes, last }) => bytes.subarray(0, (last.at(-1)?.to ?? 0) - 2000)],
  [
    'turned over in its last page',
    1,
    ({ bytes, last }) => turned(bytes.subarray(0, last.at(-1)?.to), last.at(-1)?.page),
  ],
  ['followed by strange bytes', 0, ({ bytes }) => Buffer.concat([bytes, Buffer.alloc(9000, 'strange')])],
];

function turned(bytes: Uint8Array, at = 0): Uint8Array {
  const copy = Buffer.from(bytes);
  copy.fill(
    copy.subarray(at, at + 100).map((byte) => byte ^ 0xff),
    at,
    at + 100,
  );
  return copy;
}

/** Writes one message after the other until the server is gone; ids as acknowledged. */
async function write(town: Town, owner: Person, place: Place, ids: string[]): Promise<void> {
  for (;;) {
    try {
      ids.push((await town.say(owner, place.channel, `${ids.length}`)).id);
    } catch (error) {
      if (error instanceof Refused) throw error;
      return;
    }
  }
}

async function storedIn(town: Town, owner: Person, { channel }: Place): Promise<string[]> {
  const ids: string[] = [];
  for (let before = ''; ; ) {
    const path = `/channels/${channel}/messages?limit=100${before && `&before=${before}`}`;
    const page = await town.rest<APIMessage[]>(owner.token, 'GET', path);
    ids.push(...page.map(({ id }) => id));
    before = page.at(-1)?.id ?? '';
    if (page.length < 100) return ids.reverse();
  }
}

test('kill -9, a torn log, start: of each writer at most what the last transaction held is gone', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'guildhall-torn-'));
  let server = await ServerProcess.start(dataDir, FLAGS);
  try {
    let town = Town.of(server);
    const owner = await town.person('owner');
    const places: Place[] = [];
    for (let n = 0; n < WRITERS; n += 1) places.push(await town.guild(owner, `guild ${n}`));
    const known = new Map(places.map((place) => [place, [] as string[]]));
    for (const [what, lost, tear] of TEARS) {
      const before = [...known.values()].map((ids) => ids.length);
      const running = town;
      const writers = [...known].map(([place, ids]) => write(running, owner, place, ids));
      await using watcher = await town.visit(owner);
      await watcher.frames.until('many messages', () => watcher.all('MESSAGE_CREATE').length >= WRITTEN);
      await Promise.all([server.kill(), ...writers]);
      const log = join(dataDir, 'guildhall.db-wal');
      await writeFile(log, tear(readWal(log)));
      server = await ServerProcess.start(dataDir, FLAGS);
      town = Town.of(server);
      for (const [n, [place, ids]] of [...known].entries()) {
        const stored = await storedIn(town, owner, place);
        const kept = ids.length - lost;
        expect([what, stored.slice(0, kept)]).toEqual([what, ids.slice(0, kept)]);
        // Besides what was acknowledged, at most the one that was on its way.
        expect(stored.length).toBeLessThanOrEqual(ids.length + 1);
        expect(ids.length).toBeGreaterThan(before[n] ?? 0);
        const { id } = await town.say(owner, place.channel, 'after');
        expect(await storedIn(town, owner, place)).toEqual([...stored, id]);
        known.set(place, [...stored, id]);
      }
    }
    await server.stop();
  } finally {
    await server.kill();
    await rm(dataDir, { recursive: true, force: true });
  }
}, 120_000);
