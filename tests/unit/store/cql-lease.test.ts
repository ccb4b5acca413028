/** The lease at the moments that a cluster shows seldom: given up while it is renewed, and held again after a pause. */
import { describe, expect, test } from 'bun:test';
import type { Param } from '../../../src/store/cql/cluster.ts';
import { LEASE_MS, Lease } from '../../../src/store/cql/lease.ts';
import { FakeClock } from '../actor/fake-clock.ts';

/** The rows of one lease, as light-weight transactions see them. */
class Rows {
  readonly keyspace = 'guildhall';
  holder: string | null = null;
  holders = 0;
  endsAt = 0;
  isAway = false;
  /** The next renewal waits for it before it reaches the cluster. */
  hold: Promise<void> | null = null;

  constructor(readonly clock: FakeClock) {}

  decided = async <Row>(cql: string): Promise<Row | null> => {
    this.#look();
    if (cql.includes('.counters')) return this.holders === 0 ? null : ({ value: String(this.holders) } as Row);
    return this.holder === null ? null : ({ holder: this.holder, beat: '0' } as Row);
  };

  transact = async <Row>(cql: string, params: readonly Param[]): Promise<{ applied: boolean; row: Row | null }> => {
    if (cql.startsWith('update {}.leases')) await this.hold;
    this.#look();
    return { applied: this.#apply(cql, params), row: null };
  };

  #look(): void {
    if (this.isAway) throw new Error('the cluster is away');
    if (this.clock.now() >= this.endsAt) this.holder = null;
  }

  #apply(cql: string, params: readonly Param[]): boolean {
    if (cql.includes('.counters')) this.holders += 1;
    else if (cql.startsWith('insert')) {
      if (this.holder !== null) return false;
      this.holder = String(params[1]);
      this.endsAt = this.clock.now() + LEASE_MS;
    } else {
      if (this.holder === null || this.holder !== params.at(-1)) return false;
      if (cql.startsWith('delete')) this.holder = null;
      else this.endsAt = this.clock.now() + LEASE_MS;
    }
    return true;
  }
}

describe('a lease', () => {
  test('that is given up while it is renewed is free', async () => {
    const clock = new FakeClock();
    const rows = new Rows(clock);
    const lease = await Lease.take({ cluster: rows, clock, name: 'writer', holder: 'me' });
    const { promise, resolve } = Promise.withResolvers<void>();
    rows.hold = promise;
    await clock.advance(3000);
    const given = lease.giveUp();
    await clock.settle();
    resolve();
    await given;
    await clock.settle();
    expect(rows.holder).toBeNull();
    expect(clock.timers).toBe(0);
  });

  test('that could not be renewed is tried again at once: a cluster that was away for nearly as long costs nothing', async () => {
    const clock = new FakeClock();
    const rows = new Rows(clock);
    const lease = await Lease.take({ cluster: rows, clock, name: 'writer', holder: 'me' });
    await clock.advance(2000);
    rows.isAway = true;
    await clock.advance(11_500);
    rows.isAway = false;
    await clock.advance(1000);
    rows.isAway = true;
    await clock.advance(5000);
    expect(lease.isHeld).toBe(true);
    rows.isAway = false;
    await lease.giveUp();
  });

  test('that is held again after the cluster was away lets nobody write before what belongs to it is stored', async () => {
    const clock = new FakeClock();
    const rows = new Rows(clock);
    const heldBefore: boolean[] = [];
    const lease: Lease = await Lease.take({
      ...{ cluster: rows, clock, name: 'writer', holder: 'me' },
      beforeRenewal: async () => {
        if (rows.isAway) throw new Error('the cluster is away');
        heldBefore.push(lease.isHeld);
      },
    });
    rows.isAway = true;
    await clock.advance(LEASE_MS + 1000);
    expect(lease.isHeld).toBe(false);
    expect(heldBefore).toEqual([]);
    rows.isAway = false;
    await clock.advance(3000);
    expect(lease.isHeld).toBe(true);
    expect(heldBefore).toEqual([false]);
    await lease.giveUp();
  });

  test('says once that it is not renewed, once that it has run out, and that it is renewed again', async () => {
    const clock = new FakeClock();
    const rows = new Rows(clock);
    const said: string[] = [];
    const lease = await Lease.take({
      ...{ cluster: rows, clock, name: 'writer', holder: 'me' },
      warn: (sentence) => said.push(sentence),
    });
    await clock.advance(9000);
    expect(said).toEqual([]);
    rows.isAway = true;
    await clock.advance(9000);
    const late = 'the lease on the keyspace is not renewed: the cluster is away';
    expect(said).toEqual([late]);
    await clock.advance(10 * LEASE_MS);
    const out =
      'the lease on the keyspace has run out, and nothing is written until it is renewed: the cluster is away';
    expect(said).toEqual([late, out]);
    rows.isAway = false;
    await clock.advance(3000);
    expect(lease.isHeld).toBe(true);
    expect(said).toEqual([late, out, 'the lease on the keyspace is renewed again']);
    await clock.advance(9000);
    expect(said.length).toBe(3);
    await lease.giveUp();
  });
});
