/** Shared reads over links: to the owner's worker and back, and every way in which they end. */
import { describe, expect, test } from 'bun:test';
import { Fault } from '../../../src/protocol/errors.ts';
import type { SharedBody, SharedRead } from '../../../src/protocol/reads.ts';
import { FakeTown } from './fake-link.ts';

const READ: SharedRead = { what: 'message', channelId: '5', generation: '1:7', bare: false, id: '6' };
const body = (text: string): SharedBody => ({ json: new TextEncoder().encode(text), reacted: [], named: [] });

/** What a worker reads for all, ended by the test. */
class Held {
  readonly reads: {
    readonly read: SharedRead;
    readonly signal: AbortSignal;
    readonly end: ReturnType<typeof Promise.withResolvers<SharedBody>>;
  }[] = [];

  serve = (read: SharedRead, signal: AbortSignal): Promise<SharedBody> => {
    const end = Promise.withResolvers<SharedBody>();
    this.reads.push({ read, signal, end });
    return end.promise;
  };
}

class Scene {
  readonly town = new FakeTown(2, { linkEntries: 50 });
  readonly held = [new Held(), new Held()] as const;
  readonly leaver = new AbortController();

  constructor() {
    for (const [slot, held] of this.held.entries()) this.town.at(`${slot}.1`).serveRead = held.serve;
  }

  /** Worker 0 asks for what lives in `slot`. */
  async fetch(slot = 1, ms = 1000): Promise<{ readonly outcome: Promise<string> }> {
    const { town, leaver } = this;
    const options = { deadline: town.clock.now() + ms, signal: leaver.signal };
    const asked = town.at('0.1').directory.fetch(town.keyIn(slot), READ, options);
    const outcome = asked.then(
      ({ json }) => new TextDecoder().decode(json ?? new Uint8Array()),
      (error) => (error instanceof Fault ? [error.code, error.retryAfterMs ?? []].flat().join(' ') : String(error)),
    );
    await town.clock.settle();
    return { outcome };
  }
}

describe('a shared read', () => {
  test('is made where its owner lives, and its body comes back', async () => {
    const scene = new Scene();
    const there = await scene.fetch(1);
    const here = await scene.fetch(0);
    expect(scene.held.map(({ reads }) => reads.map(({ read }) => read))).toEqual([[READ], [READ]]);
    scene.held[1].reads[0]?.end.resolve(body('there'));
    scene.held[0].reads[0]?.end.resolve(body('here'));
    await scene.town.clock.settle();
    expect([await there.outcome, await here.outcome, scene.town.clock.timers]).toEqual(['there', 'here', 0]);
  });

  test('that fails there fails here with the same fault', async () => {
    const scene = new Scene();
    const { outcome } = await scene.fetch();
    scene.held[1].reads[0]?.end.reject(new Fault('overloaded', true, 'too many', { retryAfterMs: 4000 }));
    await scene.town.clock.settle();
    // Also when it may be better: what the client is told is the pause of the store that is slow.
    expect(await outcome).toBe('overloaded 4000');
    expect(scene.held[0].reads).toEqual([]);
  });

  test('that nobody waits for any more is ended there', async () => {
    const scene = new Scene();
    const { outcome } = await scene.fetch();
    scene.leaver.abort(new Fault('lost', true, 'nobody waits'));
    await scene.town.clock.settle();
    expect(await outcome).toBe('lost');
    expect(scene.held[1].reads[0]?.signal.aborted).toBe(true);
    scene.held[1].reads[0]?.end.reject(new Error('ended'));
    await scene.town.clock.settle();
    expect(scene.town.pipe('1.1', '0.1').posted.flat()).toEqual([]);
  });

  test('ends at its deadline, and what lay too long on the link is not begun', async () => {
    const scene = new Scene();
    scene.town.pipe('0.1', '1.1').isSilent = true;
    const { outcome } = await scene.fetch(1, 500);
    await scene.town.clock.advance(500);
    expect(await outcome).toBe('timeout');
    const late = new Scene();
    const asked = await late.fetch(1, 0);
    await late.town.clock.advance(1);
    expect([await asked.outcome, late.held[1].reads.length]).toEqual(['timeout', 0]);
  });

  test('whose worker dies is made by its asker, and the dead one reads for nobody', async () => {
    const scene = new Scene();
    const { outcome } = await scene.fetch();
    const there = scene.held[1].reads[0];
    const dead = scene.town.at('1.1').directory;
    scene.town.kill('1.1');
    dead.peerDown('0.1');
    await scene.town.clock.settle();
    expect(there?.signal.aborted).toBe(true);
    scene.held[0].reads[0]?.end.resolve(body('by itself'));
    await scene.town.clock.settle();
    expect(await outcome).toBe('by itself');
    const later = await scene.fetch();
    scene.held[0].reads[1]?.end.resolve(body('while it is down'));
    expect(await later.outcome).toBe('while it is down');
  });

  test('is not asked of a worker that misses beats', async () => {
    const scene = new Scene();
    scene.town.at('0.1').directory.peerSilent('1.1', true);
    const { outcome } = await scene.fetch();
    scene.held[0].reads[0]?.end.resolve(body('by itself'));
    expect([await outcome, scene.held[1].reads.length]).toEqual(['by itself', 0]);
  });

  test('finds no room on a full link', async () => {
    const scene = new Scene();
    scene.town.pipe('0.1', '1.1').isSilent = true;
    const asked = await Promise.all(Array.from({ length: 51 }, () => scene.fetch()));
    expect(await asked[50]?.outcome).toBe('overloaded');
    scene.leaver.abort(new Fault('lost', true, 'over'));
    expect(await asked[0]?.outcome).toBe('lost');
  });
});
