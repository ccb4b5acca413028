/** A lease that somebody else has: whoever waits for its end says so at once, and once. */
import { expect, test } from 'bun:test';
import type { Cluster } from '../../../src/store/cql/cluster.ts';
import { LEASE_MS, Lease } from '../../../src/store/cql/lease.ts';
import { FakeClock } from '../actor/fake-clock.ts';

test('who waits for the lease of a process that was killed says whose it is, before the first pause', async () => {
  const clock = new FakeClock();
  let holder: string | null = 'host 4711 killed';
  const cluster = {
    keyspace: 'guildhall',
    decided: async (cql: string) => (cql.includes('leases') ? holder && { holder, beat: '3' } : null),
    transact: async (cql: string) => {
      if (cql.startsWith('insert into {}.leases')) holder = 'me';
      return { applied: true, row: null };
    },
  } as unknown as Cluster;
  const said: string[] = [];
  const warn = (sentence: string) => said.push(sentence);
  const taken = Lease.take({ cluster, clock, name: 'writer', holder: 'me', warn });
  await clock.settle();
  const line = `waiting for the lease of host 4711 killed on the keyspace guildhall: if that process was killed, it ends within ${LEASE_MS / 1000} s`;
  expect(said).toEqual([line]);
  await clock.advance(LEASE_MS / 2);
  holder = null;
  await clock.advance(LEASE_MS / 2);
  const lease = await taken;
  expect(lease.isHeld).toBe(true);
  expect(said).toEqual([line]);
  await lease.giveUp();
});
