/** What sessions keep themselves is bounded for all of them together. */
import { expect, test } from 'bun:test';
import { BodyBudget } from '../../../src/gateway/body-budget.ts';
import { body, ME, OneGateway, TOKEN } from './one-gateway.ts';

test('beyond the bound, who kept bodies longest ago loses them: he cannot go back there, the others can', async () => {
  const one = new OneGateway({ bigBodyBytes: 2000, keptBytes: 11_000 });
  const visits = [await one.identify(), await one.identify(), await one.identify()];
  for (const { session } of visits) {
    const big = body('BIG', { text: 'x'.repeat(4000) });
    await one.relay(ME, { kind: 'event', topic: `s:${session}`, body: big });
  }
  const outcomes: string[][] = [];
  for (const { session, socket } of visits) {
    expect(socket.heard).toEqual(['READY', 'BIG']);
    const seq = socket.frames.find(({ t }) => t === 'READY')?.s;
    const again = one.connect();
    await one.say(again, 6, { token: TOKEN, session_id: session, seq });
    outcomes.push(again.socket.ops.includes(9) ? ['op 9'] : again.socket.heard);
  }
  expect(outcomes).toEqual([['op 9'], ['BIG', 'RESUMED'], ['BIG', 'RESUMED']]);
});

test('who is gone weighs nothing', () => {
  const budget = new BodyBudget(10);
  const keeper = (keptBytes: number) => ({ keptBytes, dropped: 0, dropBodies: (): void => {} });
  const [a, b] = [keeper(6), keeper(4)];
  budget.changed(a, 6);
  budget.changed(b, 4);
  budget.left(a);
  budget.left(a);
  expect(budget.bytes).toBe(4);
});
