import { expect, test } from 'bun:test';
import { realClock } from '../../../src/base/clock.ts';
import { ClusterHealth } from '../../../src/store/cql/health.ts';
import type { Trouble } from '../../../src/store/cql/trouble.ts';

function healthAt() {
  let now = 0;
  const health = new ClusterHealth({ ...realClock, monotonic: () => now });
  const fails = async (trouble: Trouble): Promise<void> => {
    const asked = health.watch(
      () => Promise.reject(new Error('no')),
      () => trouble,
    );
    await asked.catch(() => {});
  };
  const waits = (ms: number): void => {
    now += ms;
  };
  return { health, fails, waits };
}

test('a node that dies of several breaks nothing: requests that no node took are answered when they are asked again', async () => {
  const { health, fails, waits } = healthAt();
  for (let round = 0; round < 5; round += 1) {
    await fails('absent');
    waits(900);
    await fails('absent');
    expect(health.state).toBe('open');
    health.answered();
    waits(900);
  }
});

test('a cluster of which no node takes a request for a second is broken, until one is answered', async () => {
  const { health, fails, waits } = healthAt();
  await fails('absent');
  expect(health.state).toBe('open');
  waits(1000);
  await fails('absent');
  expect(health.state).toBe('broken');
  expect(health.trouble).toEqual(new Error('no'));
  health.answered();
  expect(health.state).toBe('open');
});

test('a request without an answer for three seconds, and no other one answered, says that the cluster hangs', async () => {
  const { health, waits } = healthAt();
  const { promise, resolve } = Promise.withResolvers<void>();
  const asked = health.watch(
    () => promise,
    () => 'late',
  );
  waits(3000);
  expect(health.state).toBe('open');
  waits(1);
  expect(health.state).toBe('stuck');
  resolve();
  await asked;
  expect(health.state).toBe('open');
});
