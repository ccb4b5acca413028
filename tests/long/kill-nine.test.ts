/** The process is killed with signal 9 under write load, again and again: everything acknowledged is there, exactly once. */
import { expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Refused } from '../support/call-rest.ts';
import { ServerProcess } from '../support/server-process.ts';
import { type Person, type Place, Town } from '../support/town.ts';

const ROUNDS = 4;
const WRITERS = 8;
/** Acknowledged in a round before the kill; the kill falls at another moment of the commits each time. */
const ACKNOWLEDGED = 150;
const FLAGS = ['--workers', '2', '--rate-limits', 'off'];

/** What one writer has been told, and the one thing he was not told the end of. */
interface Ledger {
  readonly place: Place;
  /** Id -> content, as acknowledged. */
  readonly kept: Map<string, string>;
  readonly deleted: Set<string>;
  /** Sent, and the line broke before the answer. */
  pending: { readonly content: string; readonly nonce: string } | null;
  /** Message whose edit or deletion was on its way: both outcomes are right. */
  readonly unsure: Set<string>;
  written: number;
}

const newLedger = (place: Place): Ledger => ({
  place,
  kept: new Map(),
  deleted: new Set(),
  pending: null,
  unsure: new Set(),
  written: 0,
});

/** One write of a ledger; throws when the server is gone. Every fifth is edited, every seventh deleted. */
async function write(town: Town, owner: Person, ledger: Ledger): Promise<void> {
  const { place, kept } = ledger;
  ledger.written += 1;
  const n = ledger.written;
  const draft = { content: `${place.id} ${n}`, nonce: `${n}` };
  ledger.pending = draft;
  const { id } = await town.say(owner, place.channel, draft.content, { nonce: draft.nonce });
  kept.set(id, draft.content);
  ledger.pending = null;
  const path = `/channels/${place.channel}/messages/${id}`;
  if (n % 5 === 0) {
    ledger.unsure.add(id);
    await town.rest(owner.token, 'PATCH', path, { content: `${draft.content} edited` });
    kept.set(id, `${draft.content} edited`);
    ledger.unsure.delete(id);
  }
  if (n % 7 === 0) {
    ledger.unsure.add(id);
    await town.rest(owner.token, 'DELETE', path);
    kept.delete(id);
    ledger.deleted.add(id);
    ledger.unsure.delete(id);
  }
}

/** All writers write until the process is killed in the middle of it. */
async function writeAndKill(server: ServerProcess, town: Town, owner: Person, ledgers: Ledger[]): Promise<void> {
  let acknowledged = 0;
  let killed: Promise<void> | null = null;
  const work = ledgers.map(async (ledger) => {
    try {
      for (;;) {
        await write(town, owner, ledger);
        acknowledged += 1;
        if (acknowledged >= ACKNOWLEDGED) killed ??= server.kill();
      }
    } catch (error) {
      // Only the kill ends it: an answer of the server would be a fault of its own.
      if (killed === null || error instanceof Refused) throw error;
    }
  });
  await Promise.all(work);
  await killed;
}

async function check(town: Town, owner: Person, ledger: Ledger): Promise<void> {
  const messages = await town.history(owner, ledger.place.channel);
  const ids = messages.map(({ id }) => id);
  expect(ids).toEqual([...new Set(ids)].sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1)));
  const stored = new Map(messages.map(({ id, content }) => [id, content]));
  for (const [id, content] of ledger.kept) {
    if (!ledger.unsure.has(id)) expect([id, stored.get(id)]).toEqual([id, content]);
  }
  for (const id of ledger.deleted) expect(ids).not.toContain(id);
  const contents = messages.map(({ content }) => content.replace(' edited', ''));
  expect(contents).toEqual([...new Set(contents)]);
  const known = new Set([...ledger.kept.keys(), ...ledger.unsure]);
  const strangers = messages.filter(({ id }) => !known.has(id)).map(({ content }) => content);
  expect([[], [ledger.pending?.content ?? '']]).toContainEqual(strangers);
}

/** The answer that was lost is asked for again, with the same nonce: the message is there once, as the check before and after says. */
async function askAgain(town: Town, owner: Person, ledger: Ledger): Promise<void> {
  const { pending, place, kept } = ledger;
  if (pending === null) return;
  const { id } = await town.say(owner, place.channel, pending.content, { nonce: pending.nonce });
  kept.set(id, pending.content);
  ledger.pending = null;
}

/** What was unsure has an outcome now; from here on it is known. */
async function settle(town: Town, owner: Person, ledger: Ledger): Promise<void> {
  const stored = new Map((await town.history(owner, ledger.place.channel)).map(({ id, content }) => [id, content]));
  for (const id of ledger.unsure) {
    const content = stored.get(id);
    if (content === undefined) ledger.kept.delete(id);
    else ledger.kept.set(id, content);
  }
  ledger.unsure.clear();
}

test('kill -9 under load, restart: what was acknowledged is there, once', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'guildhall-kill-'));
  let server = await ServerProcess.start(dataDir, FLAGS);
  let cutOff = 0;
  try {
    let town = Town.of(server);
    const owner = await town.person('owner');
    const ledgers: Ledger[] = [];
    for (let n = 0; n < WRITERS; n += 1) ledgers.push(newLedger(await town.guild(owner, `guild ${n}`)));
    for (let round = 0; round < ROUNDS; round += 1) {
      await writeAndKill(server, town, owner, ledgers);
      cutOff += ledgers.filter(({ pending }) => pending !== null).length;
      server = await ServerProcess.start(dataDir, FLAGS);
      town = Town.of(server);
      for (const ledger of ledgers) {
        await check(town, owner, ledger);
        await askAgain(town, owner, ledger);
        await settle(town, owner, ledger);
        await check(town, owner, ledger);
      }
    }
    expect(ledgers.reduce((sum, { kept }) => sum + kept.size, 0)).toBeGreaterThan(ROUNDS * ACKNOWLEDGED * 0.8);
    // The kills fell into the middle of writes.
    expect(cutOff).toBeGreaterThan(0);
    await server.stop();
  } finally {
    await server.kill();
    await rm(dataDir, { recursive: true, force: true });
  }
}, 120_000);
