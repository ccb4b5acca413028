/** Gathering what all workers say of themselves ends, whatever the others do. */
import { expect, test } from 'bun:test';
import type { Link } from '../../../src/actor/link.ts';
import { Measures } from '../../../src/actor/measures.ts';
import { gauge } from '../../../src/base/metrics.ts';
import type { LinkMessage } from '../../../src/protocol/links.ts';
import type { WorkerHealth } from '../../../src/protocol/probe.ts';
import { FakeClock } from './fake-clock.ts';

const families = (size: number) => [gauge('size', 'how much', size)];
const WELL: WorkerHealth = { slot: 0, status: 'ok', ms: 1 };

function linkTo(peer: string) {
  const posted: LinkMessage[] = [];
  const link = { peer, postOwed: (message: LinkMessage) => void posted.push(message) };
  return { link: link as unknown as Link, posted };
}

const measuresOf = (clock: FakeClock, size: number, links: () => readonly Link[] = () => []): Measures =>
  new Measures({ self: '0.1', clock, links, own: { measure: () => families(size), health: async () => WELL } });

test('who answers is in, who is silent or dies is left out at the deadline', async () => {
  const clock = new FakeClock();
  const [quick, silent, dying] = [linkTo('1.1'), linkTo('2.1'), linkTo('3.1')];
  const measures = measuresOf(clock, 1, () => [quick.link, silent.link, dying.link]);
  const [numbers, healths] = [measures.numbers(clock.now() + 1000), measures.healths(clock.now() + 1000)];
  expect(silent.posted).toEqual([
    { m: 'measure', id: 2, what: 'numbers' },
    { m: 'measure', id: 2, what: 'health' },
  ]);
  const health: WorkerHealth = { slot: 1, status: 'failing', ms: 2, failed: 'outlet', why: 'timeout' };
  measures.hear({ m: 'measured', id: 1, what: 'health', health }, quick.link);
  measures.hear({ m: 'measured', id: 1, what: 'numbers', families: families(2) }, quick.link);
  measures.died('3.1');
  await clock.advance(1000);
  expect([...(await numbers)]).toEqual([
    ['0.1', families(1)],
    ['1.1', families(2)],
  ]);
  expect([...(await healths)]).toEqual([['1.1', health]]);
  // Too late: nobody waits any more.
  measures.hear({ m: 'measured', id: 2, what: 'numbers', families: families(3) }, silent.link);
});

test('who is asked answers with its own', async () => {
  const { link, posted } = linkTo('1.1');
  const measures = measuresOf(new FakeClock(), 7);
  measures.hear({ m: 'measure', id: 4, what: 'numbers' }, link);
  measures.hear({ m: 'measure', id: 5, what: 'health' }, link);
  await Promise.resolve();
  expect(posted).toEqual([
    { m: 'measured', id: 4, what: 'numbers', families: families(7) },
    { m: 'measured', id: 5, what: 'health', health: WELL },
  ]);
});

test('too many that ask at once are refused, and no one because there are many workers', async () => {
  const clock = new FakeClock();
  const all = Array.from({ length: 70 }, (_, n) => linkTo(`${n + 1}.1`).link);
  let links = all.slice(0, 1);
  const measures = measuresOf(clock, 1, () => links);
  const numbers = () => measures.numbers(clock.now() + 10);
  const waiting = Array.from({ length: 63 }, numbers);
  links = all;
  waiting.push(numbers());
  const refused = numbers().catch((error) => error.code);
  await clock.advance(10);
  expect(await refused).toBe('overloaded');
  expect((await Promise.all(waiting)).map(({ size }) => size)).toEqual(new Array(64).fill(1));
  const again = numbers();
  await clock.advance(10);
  expect((await again).size).toBe(1);
});
