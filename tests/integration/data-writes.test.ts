/** Writes over one stream of the data service: who does not read his answers, how many streams there may be, and whose writes are done. */
import { describe, expect, test } from 'bun:test';
import { once } from 'node:events';
import { type ServiceError, status } from '@grpc/grpc-js';
import { Fault } from '../../src/protocol/errors.ts';
import type { Fields } from '../../src/store/grpc/wire.ts';
import { CutProxy } from '../support/cut-proxy.ts';
import type { CallOptions, DataCaller } from '../support/data-caller.ts';
import { DataHome } from '../support/data-home.ts';
import { SERVER_LIMITS } from '../support/data-limits.ts';
import { eventually } from '../support/eventually.ts';

describe('a stream of writes', () => {
  const ENOUGH = 4000;
  /** Large, so that not all of them come in one turn. */
  const fence = (id: number): Fields => ({ ops: [{ id, fence: { owner: `g:${'1'.repeat(4000)}` } }] });

  test('whose answers nobody reads is not read either, until somebody does', async () => {
    await using home = await DataHome.open();
    let taken = 0;
    home.held.inner.fence = async () => {
      taken += 1;
      throw new Fault('broken', false, 'x'.repeat(10_000));
    };
    const caller = home.caller();
    await caller.claim('us');
    const stream = caller.duplex('Write', { claim: 'us' });
    const answered: unknown[] = [];
    const first = new Promise<void>((resolve) => {
      stream.on('data', ({ done }: Fields) => {
        answered.push(...(done as readonly Fields[]).map(({ id }) => id));
        resolve();
      });
    });
    for (let id = 1; id <= ENOUGH; id += 1) stream.write(fence(id));
    await first;
    stream.pause();
    // The service has had many turns and taken nothing more: it waits.
    let seen = -1;
    const other = home.caller();
    while (seen !== taken || taken === 0) {
      seen = taken;
      for (let turn = 0; turn < 50; turn += 1) await other.call('Metrics', {}).answer;
    }
    expect(seen).toBeLessThan(ENOUGH / 2);
    stream.end();
    stream.resume();
    await new Promise((resolve) => stream.once('end', resolve));
    expect(answered).toEqual(Array.from({ length: ENOUGH }, (_, at) => at + 1));
  });

  test('is refused when there are too many, and taken again when one has ended', async () => {
    await using home = await DataHome.open();
    const caller = home.caller();
    await caller.claim('us');
    const open = () => {
      const stream = caller.duplex('Write', { claim: 'us' });
      const end = new Promise<string>((resolve) => {
        stream.on('error', (error: ServiceError) => resolve(error.details)).once('data', () => resolve('answered'));
      });
      stream.write(fence(1));
      return { stream, end };
    };
    const opened = Array.from({ length: SERVER_LIMITS.streams }, open);
    expect(new Set(await Promise.all(opened.map(({ end }) => end)))).toEqual(new Set(['answered']));
    expect(await open().end).toBe('too many streams');
    opened[0]?.stream.cancel();
    await eventually('there is room', async () => (await open().end) === 'answered');
    opened[1]?.stream.end();
    await eventually('there is room again', async () => (await open().end) === 'answered');
    for (const { stream } of opened) stream.cancel();
  });
});

/** Nothing is changed: the epoch is the present one afterwards as well. */
async function expectRefused(caller: DataCaller, epoch: number, options: CallOptions): Promise<void> {
  for (const rpc of ['Fence', 'Commit', 'Release']) {
    const refusal = await caller.call(rpc, { owner: 'g:1', epoch }, options).answer.catch((error) => error.details);
    expect([rpc, refusal]).toEqual([rpc, 'the claim on what is stored is not held']);
  }
}

describe('a claim', () => {
  test('keeps other servers out for as long as its client lives, and nobody else', async () => {
    await using home = await DataHome.open();
    const first = await home.client('first');
    const again = await home.client('first');
    const other = await home.client('');
    expect([first.state, again.state, other.state]).toEqual(['open', 'open', 'open']);
    const refusal = await home.client('second').catch((error) => error.message);
    expect(refusal).toMatch(
      /belongs to another Guildhall .*127\.0\.0\.1:\d+\)\. Stop it, or give this one a data service/,
    );
    await first.close();
    expect(await home.client('second').catch((error) => error.message)).toContain('belongs to another Guildhall');
    await again.close();
    const second = await eventually('it is free', () => home.client('second').catch(() => null));
    expect(second.state).toBe('open');
  });
});

describe('a server that has lost its claim to another', () => {
  test('takes no owner over, though it reaches the service again', async () => {
    await using home = await DataHome.open();
    await using proxy = await CutProxy.open(home.server.port);
    const first = await home.client('first', proxy.port);
    proxy.cut();
    const second = await eventually('the claim is free', () => home.client('second'));
    const epoch = await second.fence('g:1');
    proxy.letThrough();
    await eventually('it reads again', async () => (await first.user('1')) === null);
    expect(await first.fence('g:1').catch((error) => error.code)).toBe('broken');
    await second.commit({ owner: 'g:1', epoch, writes: [] });
  });

  test('does nothing with a stream of writes that outlived it', async () => {
    await using home = await DataHome.open();
    const caller = home.caller();
    const claim = await caller.claim('first');
    const stream = caller.duplex('Write', { claim: 'first' });
    stream.on('error', () => {});
    const asked = async (id: number): Promise<unknown> => {
      const answer = once(stream, 'data');
      stream.write({ ops: [{ id, fence: { owner: 'g:1' } }] });
      const [{ done }] = (await answer) as [{ readonly done: readonly Fields[] }];
      return done;
    };
    expect(await asked(1)).toMatchObject([{ id: 1, epoch: 1 }]);
    claim.cancel();
    const second = await eventually('the claim is free', () => home.client('second'));
    const epoch = await second.fence('g:1');
    expect(await asked(2)).toMatchObject([{ id: 2, fault: 'broken' }]);
    await second.commit({ owner: 'g:1', epoch, writes: [] });
    stream.cancel();
  });

  test('does nothing with single calls either', async () => {
    await using home = await DataHome.open();
    const caller = home.caller();
    const claim = await caller.claim('first');
    const ofFirst = { claim: 'first' };
    const { epoch } = await caller.call('Fence', { owner: 'g:1' }, ofFirst).answer;
    expect(await caller.codeOf('Commit', { owner: 'g:1', epoch }, ofFirst)).toBe(status.OK);
    claim.cancel();
    const second = await eventually('the claim is free', () => home.client('second').catch(() => null));
    const mine = await second.fence('g:1');
    await expectRefused(caller, mine, ofFirst);
    await second.commit({ owner: 'g:1', epoch: mine, writes: [] });
  });
});

test('a program that has claimed nothing writes nothing and takes no owner over, whoever has the claim, and when nobody has', async () => {
  await using home = await DataHome.open();
  const caller = home.caller();
  await expectRefused(caller, 1, {});
  const server = await home.client('server');
  const epoch = await server.fence('g:1');
  for (const options of [{}, { claim: '' }, { claim: 'other' }]) await expectRefused(caller, epoch, options);
  const stranger = await home.client('');
  expect(await stranger.fence('g:1').catch((error) => error.code)).toBe('broken');
  await server.commit({ owner: 'g:1', epoch, writes: [] });
});
