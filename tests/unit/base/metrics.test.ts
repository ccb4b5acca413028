/** Counting, and what prom-client makes of the counts of several workers. */
import { describe, expect, test } from 'bun:test';
import { watchLoop } from '../../../src/base/loop-lag.ts';
import { counter, gauge, Histogram, Histograms, histogram, peak, Tally } from '../../../src/base/metrics.ts';
import { printMetrics } from '../../../src/metrics.ts';
import { FakeClock } from '../actor/fake-clock.ts';

const HELP = 'what it is';

async function printed(...workers: Parameters<typeof printMetrics>[2][]): Promise<string[]> {
  const text = await printMetrics(
    new Map(workers.map((families, slot) => [`${slot}.1`, families])),
    workers.length,
    [],
  );
  return text.split('\n').filter((line) => line !== '' && !line.includes('worker_up'));
}

describe('several workers', () => {
  test('counters and gauges are summed, by label', async () => {
    const tally = (counts: Readonly<Record<string, number>>) => {
      const made = new Tally();
      for (const [name, count] of Object.entries(counts)) made.add(name, count);
      return made;
    };
    const of = (size: number, counts: Readonly<Record<string, number>>) => [
      gauge('size', HELP, size),
      counter('seen_total', HELP, tally(counts).entries, 'route|status'),
    ];
    expect(await printed(of(2, { 'GET /a|2xx': 3 }), of(5, { 'GET /a|2xx': 4, 'none|4xx': 1 }))).toEqual([
      '# HELP size what it is',
      '# TYPE size gauge',
      'size 7',
      '# HELP seen_total what it is',
      '# TYPE seen_total counter',
      'seen_total{route="GET /a",status="2xx"} 7',
      'seen_total{route="none",status="4xx"} 1',
    ]);
  });

  test('of a peak the largest is shown', async () => {
    expect(await printed([peak('longest', HELP, 3)], [peak('longest', HELP, 8)])).toContain('longest 8');
  });

  test('histograms are summed bucket by bucket', async () => {
    const of = (...values: number[]) => {
      const times = new Histogram([1, 10]);
      for (const value of values) times.observe(value);
      return [histogram('time', HELP, times)];
    };
    expect(await printed(of(0.5, 1, 7), of(10, 11))).toEqual([
      '# HELP time what it is',
      '# TYPE time histogram',
      'time_bucket{le="1"} 2',
      'time_bucket{le="10"} 4',
      'time_bucket{le="+Inf"} 5',
      'time_sum 29.5',
      'time_count 5',
    ]);
  });

  test('one of which nothing was heard is down', async () => {
    const text = await printMetrics(new Map([['1.7', [gauge('size', HELP, 1)]]]), 3, [gauge('own', HELP, 4)]);
    expect(text).toContain('guildhall_worker_up{worker="0"} 0');
    expect(text).toContain('guildhall_worker_up{worker="1"} 1');
    expect(text).toContain('guildhall_worker_up{worker="2"} 0');
    expect(text).toContain('own 4');
  });
});

test('names are bounded: what comes later is counted together', () => {
  const tally = new Tally();
  const times = new Histograms([1]);
  for (let i = 0; i < 1500; i += 1) {
    tally.add(`name ${i}`);
    times.of(`name ${i}`).observe(1);
  }
  expect([...tally.entries]).toHaveLength(1001);
  expect(new Map(tally.entries).get('other')).toBe(500);
  expect([...times.entries]).toHaveLength(1001);
});

test('the loop says how late it is', async () => {
  const clock = new FakeClock();
  const observed: number[] = [];
  const lag = watchLoop(clock, (lateMs) => observed.push(lateMs));
  const count = () => lag.samples('lag', {}).find(({ metricName }) => metricName === 'lag_count')?.value;
  expect(count()).toBe(0);
  await clock.advance(1000);
  expect(count()).toBeGreaterThanOrEqual(4);
  expect(observed).toHaveLength(count() ?? 0);
});
