import { expect, test } from 'bun:test';
import type { Directory } from '../../../src/actor/directory.ts';
import { GatedDirectory } from '../../../src/actor/gated-directory.ts';
import type { OwnerKey } from '../../../src/protocol/ids.ts';
import type { Answer } from '../../../src/protocol/links.ts';

const [HERE, THERE]: OwnerKey[] = ['g:1', 'g:2'];
const OPTIONS = { commandId: '', deadline: 0, rate: null };

/** Answers when it is told to. */
function world(ownerCalls: number, ownerReads = 2) {
  const open: (() => void)[] = [];
  const wait = (): Promise<Answer> =>
    new Promise((resolve) => open.push(() => resolve({ reply: { ok: null }, rate: null })));
  const gated = new GatedDirectory({ ask: wait, read: wait } as unknown as Directory, { ownerCalls, ownerReads });
  const call = (kind: string, to = HERE!): Promise<string> => {
    const asked = kind === 'read' ? gated.read(to, {} as never, OPTIONS) : gated.ask(to, { kind } as never, OPTIONS);
    return asked.then(
      () => 'ok',
      ({ code }: { code: string }) => code,
    );
  };
  const answerAll = (): void => {
    for (const answer of open.splice(0)) answer();
  };
  const shed = () => gated.measure()[0]?.values.map(({ labels, value }) => [labels.kind, value]);
  return { open, call, answerAll, shed };
}

test('what goes first fills an eighth of the room, what is ordinary half of it, messages all', async () => {
  const { open, call, answerAll, shed } = world(8);
  const calls = [call('typing'), call('typing')];
  for (let n = 0; n < 5; n += 1) calls.push(call('pin'));
  for (let n = 0; n < 6; n += 1) calls.push(call('createMessage'));
  expect(open).toHaveLength(8);
  answerAll();
  const ends = await Promise.all(calls);
  expect(ends).toEqual(['ok', 'shed', 'ok', 'ok', 'ok', 'shed', 'shed', 'ok', 'ok', 'ok', 'ok', 'shed', 'shed']);
  expect(shed()).toEqual([
    ['typing', 1],
    ['presence', 0],
    ['ordinary', 2],
    ['message', 2],
  ]);
});

test('each owner has room of its own, and gets it back', async () => {
  const { call, answerAll } = world(2);
  const first = [call('createMessage'), call('createMessage'), call('createMessage'), call('createMessage', THERE)];
  answerAll();
  expect(await Promise.all(first)).toEqual(['ok', 'ok', 'shed', 'ok']);
  const again = [call('createMessage'), call('createMessage')];
  answerAll();
  expect(await Promise.all(again)).toEqual(['ok', 'ok']);
});

test('questions take no room from commands, and have a bound of their own', async () => {
  const { call, answerAll, shed } = world(1, 2);
  const calls = [call('read'), call('read'), call('read'), call('createMessage')];
  answerAll();
  expect(await Promise.all(calls)).toEqual(['ok', 'ok', 'shed', 'ok']);
  expect(shed()).toContainEqual(['ordinary', 1]);
});
