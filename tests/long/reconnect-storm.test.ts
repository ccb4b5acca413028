/** Thousands of sessions come back at once: all are let in, and in another guild messages are said and heard all the while. */
import { expect, test } from 'bun:test';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { APIMessage } from 'discord-api-types/v10';
import { Refused } from '../support/call-rest.ts';
import type { CrowdPlan, CrowdReport } from '../support/crowd-client.ts';
import { Inbox } from '../support/inbox.ts';
import { ServerProcess } from '../support/server-process.ts';
import { Town } from '../support/town.ts';

const SESSIONS = process.env.CI ? 5000 : 2000;
/** A hundred sessions each at most. */
const PEOPLE = 55;
const STORM_MS = 150_000;

const CROWD = new URL('../support/crowd-client.ts', import.meta.url).pathname;

function crowd(plan: CrowdPlan): { readonly lines: Inbox<string>; leave(): Promise<void> } {
  const child = spawn(process.execPath, [CROWD, JSON.stringify(plan)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = new Inbox<string>((line) => line);
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const leave = (): Promise<void> => {
    child.kill('SIGKILL');
    return ended;
  };
  return { lines, leave };
}

test('a storm of sessions is let in at the pace of the server, and messages of other guilds go on', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'guildhall-storm-'));
  const server = await ServerProcess.start(dataDir, ['--workers', '2', '--rate-limits', 'off']);
  let leave = (): Promise<void> => Promise.resolve();
  try {
    const town = Town.of(server);
    const [owner, friend] = [await town.person('owner'), await town.person('friend')];
    const [crowded, quiet] = [await town.guild(owner), await town.guild(owner)];
    const people = [];
    while (people.length < PEOPLE) people.push(await town.person());
    await town.join(owner, crowded, ...people);
    await town.join(owner, quiet, friend);
    await using seen = await town.visit(friend);

    const plan = { port: town.port, tokens: people.map(({ token }) => token), sessions: SESSIONS };
    const storm = crowd(plan);
    leave = storm.leave;
    let isOver = false;
    const all = storm.lines.until('READY of all', (line) => line.startsWith('{'), { ms: STORM_MS });
    const over = all.finally(() => {
      isOver = true;
    });
    const said: string[] = [];
    while (!isOver) {
      const answer = await town.say(owner, quiet.channel, `during the storm ${said.length}`).catch((error) => error);
      if (answer instanceof Refused) throw answer;
      said.push((answer as APIMessage).id);
      await seen.dispatch('MESSAGE_CREATE', { id: said.at(-1) });
    }
    const report = JSON.parse(await over) as CrowdReport;
    expect(report.ready).toBe(SESSIONS);
    expect(said.length).toBeGreaterThan(10);
    expect(seen.all<APIMessage>('MESSAGE_CREATE').map(({ id }) => id)).toEqual(said);
  } finally {
    await leave();
    await server.stop();
    await server.kill();
    await rm(dataDir, { recursive: true, force: true });
  }
}, 240_000);
