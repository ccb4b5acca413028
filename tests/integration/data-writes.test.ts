/** Writes over one stream of the data service: who does not read his answers, and how many streams there may be. */
import { describe, expect, test } from 'bun:test';
import type { ServiceError } from '@grpc/grpc-js';
import { Fault } from '../../src/protocol/errors.ts';
import type { Fields } from '../../src/store/grpc/wire.ts';
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
    const stream = home.caller().duplex('Write');
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
    const open = () => {
      const stream = caller.duplex('Write');
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
