/** A message is on disk before anybody hears of it: the server's own system calls say so. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { APIMessage } from 'discord-api-types/v10';
import { FROM_SOURCE, ServerProcess } from '../support/server-process.ts';
import { Town } from '../support/town.ts';
import { type Call, callsOf, saidBeforeSynced, writesTo } from '../support/write-trace.ts';

const MESSAGES = 12;
const textOf = (n: number): string => `marked-${n}-message`;
const TEXTS = Array.from({ length: MESSAGES }, (_, n) => textOf(n));

let dir: string;
let trace: string;

/** Half of the messages one after the other, half at once. */
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'guildhall-sync-'));
  const file = join(dir, 'trace');
  const program = [...writesTo(file), ...FROM_SOURCE];
  const server = await ServerProcess.start(join(dir, 'data'), ['--workers', '2', '--rate-limits', 'off'], program);
  try {
    const town = Town.of(server);
    const owner = await town.person('owner');
    const place = await town.guild(owner);
    await using client = await town.visit(owner);
    const half = MESSAGES / 2;
    const said: APIMessage[] = [];
    for (const text of TEXTS.slice(0, half)) said.push(await town.say(owner, place.channel, text));
    said.push(...(await Promise.all(TEXTS.slice(half).map((text) => town.say(owner, place.channel, text)))));
    for (const { id } of said) await client.dispatch('MESSAGE_CREATE', { id });
    await server.stop();
  } finally {
    await server.kill();
  }
  trace = await readFile(file, 'utf8');
}, 60_000);

afterAll(() => rm(dir, { recursive: true, force: true }));

test('the log is written and synced before the answer and before the frame', () => {
  const calls = callsOf(trace);
  for (const text of TEXTS) expect(saidBeforeSynced(calls, text)).toEqual([]);
});

describe('a trace in another order is found out', () => {
  const first = TEXTS[0] ?? '';
  const has = (text: string) => (line: string) => line.includes(text);
  const isLogWrite = (line: string): boolean => line.includes('.db-wal') && line.includes('write') && has(first)(line);
  const isAnswer = (line: string): boolean =>
    line.includes('<TCP') && has(first)(line) && !line.includes('MESSAGE_CREATE');
  const isFrame = (line: string): boolean =>
    line.includes('<TCP') && has(first)(line) && line.includes('MESSAGE_CREATE');

  /** The first line that `which` names goes to right before the log is written. */
  function moved(which: (line: string) => boolean): Call[] {
    const lines = trace.split('\n');
    const from = lines.findIndex(which);
    const [line = ''] = lines.splice(from, 1);
    lines.splice(lines.findIndex(isLogWrite), 0, line);
    return callsOf(lines.join('\n'));
  }

  test.each([
    ['the answer', isAnswer, 'left as answer before'],
    ['the frame', isFrame, 'left as frame before'],
  ] as const)('%s first', (_, which, problem) => {
    expect(saidBeforeSynced(moved(which), first).join()).toContain(problem);
  });

  test('no sync between the write and the answer', () => {
    const calls = callsOf(trace);
    const answer = calls.find(({ target, text }) => target.startsWith('TCP') && text.includes(first)) as Call;
    const unsynced = calls.filter(({ name, from }) => !name.endsWith('sync') || from > answer.to);
    expect(saidBeforeSynced(unsynced, first).join()).toContain('before it was synced');
  });

  test('no sync at all, nothing written, nothing said', () => {
    const calls = callsOf(trace);
    expect(
      saidBeforeSynced(
        calls.filter(({ name }) => !name.endsWith('sync')),
        first,
      ),
    ).toEqual([`${first} was not synced`]);
    expect(
      saidBeforeSynced(
        calls.filter(({ target }) => !target.endsWith('-wal')),
        first,
      ),
    ).toEqual([`${first} was not written to the log`]);
    expect(
      saidBeforeSynced(
        calls.filter(({ target }) => !target.startsWith('TCP')),
        first,
      ),
    ).toEqual([`${first} left as no answer`, `${first} left as no frame`]);
  });
});
