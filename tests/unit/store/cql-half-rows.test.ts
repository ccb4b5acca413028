/** Half a message that an upsert left behind its deletion: however many read past it, its removal is asked for once in a while. */
import { expect, test } from 'bun:test';
import type { Statement } from '../../../src/store/cql/cluster.ts';
import { dbOf } from '../../../src/store/cql/db.ts';
import { MessageRows } from '../../../src/store/cql/message-rows.ts';

const CHANNEL = '1';

/** Every message that is asked for is half a one. */
function scene() {
  const removed: (string | undefined)[] = [];
  const clock = { now: () => at };
  let at = 1_000_000;
  const cluster = {
    rows: async <Row>(_cql: string, [, , ids]: readonly unknown[] = []): Promise<readonly Row[]> =>
      (ids as readonly string[]).map((id) => ({ message_id: id, author_id: null, wire: '{}', reactions: null }) as Row),
    first: async () => null,
    write: async ([statement]: readonly Statement[]) => {
      removed.push(statement?.params.at(-1)?.toString());
    },
  };
  const rows = new MessageRows(dbOf(cluster, clock));
  return {
    removed,
    read: async (...ids: string[]) => expect((await rows.named(CHANNEL, ids)).size).toBe(0),
    pass: (ms: number) => {
      at += ms;
    },
  };
}

test('of many readers one has it removed, and another a minute later, if it was too young', async () => {
  const { removed, read, pass } = scene();
  for (let reader = 0; reader < 100; reader += 1) await read('5', '6');
  expect(removed).toEqual(['5', '6']);
  pass(59_999);
  await read('5');
  expect(removed).toEqual(['5', '6']);
  pass(1);
  await read('5');
  await read('5');
  expect(removed).toEqual(['5', '6', '5']);
});

test('a channel full of halves is removed at a bounded pace', async () => {
  const { removed, read, pass } = scene();
  const ids = Array.from({ length: 3000 }, (_, n) => String(n + 1));
  await read(...ids);
  const atOnce = removed.length;
  expect(atOnce).toBeLessThan(ids.length / 2);
  for (let minute = 0; minute < 10; minute += 1) {
    pass(60_000);
    // What was removed is not read again.
    await read(...ids.filter((id) => !removed.includes(id)));
  }
  expect(removed.toSorted()).toEqual(ids.toSorted());
});
