/** Gathering the numbers of all workers ends, whatever the others do. */
import { expect, test } from 'bun:test';
import type { Link } from '../../../src/actor/link.ts';
import { Measures } from '../../../src/actor/measures.ts';
import { gauge } from '../../../src/base/metrics.ts';
import type { LinkMessage } from '../../../src/protocol/links.ts';
import { FakeClock } from './fake-clock.ts';

const families = (size: number) => [gauge('size', 'how much', size)];

function linkTo(peer: string) {
  const posted: LinkMessage[] = [];
  const link = { peer, postOwed: (message: LinkMessage) => void posted.push(message) };
  return { link: link as unknown as Link, posted };
}

test('who answers is in, who is silent or dies is left out at the deadline', async () => {
  const clock = new FakeClock();
  const measures = new Measures(clock, () => families(1));
  const [quick, silent, dying] = [linkTo('1.1'), linkTo('2.1'), linkTo('3.1')];
  const gathered = measures.gather('0.1', [quick.link, silent.link, dying.link], clock.now() + 1000);
  expect(silent.posted).toEqual([{ m: 'measure', id: 2 }]);
  measures.hear({ m: 'measured', id: 1, families: families(2) }, quick.link);
  measures.died('3.1');
  await clock.advance(1000);
  expect([...(await gathered)]).toEqual([
    ['0.1', families(1)],
    ['1.1', families(2)],
  ]);
  // Too late: nobody waits any more.
  measures.hear({ m: 'measured', id: 2, families: families(3) }, silent.link);
});

test('who is asked answers with its own', () => {
  const { link, posted } = linkTo('1.1');
  new Measures(new FakeClock(), () => families(7)).hear({ m: 'measure', id: 4 }, link);
  expect(posted).toEqual([{ m: 'measured', id: 4, families: families(7) }]);
});

test('too many that ask at once are refused, and no one because there are many workers', async () => {
  const clock = new FakeClock();
  const measures = new Measures(clock, () => []);
  const links = Array.from({ length: 70 }, (_, n) => linkTo(`${n + 1}.1`).link);
  const gather = (some: readonly Link[]) => measures.gather('0.1', some, clock.now() + 10);
  const waiting = [...Array.from({ length: 63 }, () => gather(links.slice(0, 1))), gather(links)];
  const refused = gather(links).catch((error) => error.code);
  await clock.advance(10);
  expect(await refused).toBe('overloaded');
  expect((await Promise.all(waiting)).map(({ size }) => size)).toEqual(new Array(64).fill(1));
  const again = gather(links);
  await clock.advance(10);
  expect((await again).size).toBe(1);
});
