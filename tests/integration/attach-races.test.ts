/** Sessions that attach while the guild changes under them: in the end each believes what REST says, and none was told too much. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { eventually } from '../support/eventually.ts';
import { Picture } from '../support/picture.ts';
import { type Bot, type Person, Town } from '../support/town.ts';
import type { Trail } from '../support/trail.ts';
import { onlyOf, type Scene, Turmoil, truth } from '../support/turmoil.ts';

const SEEDS = Array.from({ length: 8 }, (_, index) => index + 1);
/** Each has a town of its own. */
const DEADLY_SEEDS = SEEDS.slice(0, 5);

let scene: Scene;

async function newScene(): Promise<Scene> {
  const town = await Town.open({ config: { rateLimits: 'off' } });
  return { town, owner: await town.person('owner'), member: await town.person('member') };
}

beforeAll(async () => {
  scene = await newScene();
});

afterAll(() => scene.town[Symbol.asyncDispose]());

/** All that was ever said to the session adds up to the truth. */
async function agrees(trail: Trail, who: Person | Bot, turmoil: Turmoil): Promise<void> {
  const { place, stored } = turmoil;
  const wanted = await truth(turmoil.scene, who, place);
  const isTrue = (picture: Picture): boolean =>
    JSON.stringify(picture.guild(place.id, onlyOf(who))) === JSON.stringify(wanted) &&
    picture.gaps(stored).length === 0;
  // Not in time: what is missing is said below.
  await eventually('it believes the truth', () => isTrue(Picture.of(trail.frames)), 10_000).catch(() => {});
  const picture = Picture.of(trail.frames);
  expect(picture.guild(place.id, onlyOf(who))).toEqual(wanted);
  expect(picture.problems).toEqual([]);
  expect(picture.gaps(stored)).toEqual([]);
  expect(trail.problems(who.kind === 'bot')).toEqual([]);
}

describe.each([
  ['that stay', 'still'],
  ['that move', 'moves'],
] as const)('a guild in turmoil, before sessions %s', (_, weather) => {
  test.each(SEEDS)('ends as the same for every session and for REST (%d)', async (seed) => {
    const turmoil = await Turmoil.begin(scene, weather, seed);
    try {
      await turmoil.run();
      expect(turmoil.sessions.length).toBeGreaterThan(0);
      for (const { trail, who } of turmoil.sessions) {
        await agrees(trail, who, turmoil);
        expect(trail.client.open).toBe(true);
      }
      const { id } = turmoil.place;
      await scene.town.rest(scene.owner.token, 'DELETE', `/guilds/${id}`);
      for (const { trail } of turmoil.sessions) {
        await trail.client.dispatch('GUILD_DELETE', { id, unavailable: undefined });
      }
    } finally {
      await turmoil.end();
    }
  });
});

describe('a guild in turmoil, while a worker dies', () => {
  test.each(DEADLY_SEEDS)('ends as the same for every session that lives, and for REST (%d)', async (seed) => {
    const own = await newScene();
    const turmoil = await Turmoil.begin(own, 'kills', seed);
    try {
      await turmoil.run();
      const alive = turmoil.sessions.filter(({ trail }) => trail.client.open);
      expect(alive.length).toBeGreaterThan(0);
      for (const { trail, who } of alive) await agrees(trail, who, turmoil);
    } finally {
      await turmoil.end();
      await own.town[Symbol.asyncDispose]();
    }
  });
});

describe('a guild that is deleted while sessions attach', () => {
  test.each([0, 1, 2, 5, 10, 20])('is gone for all of them, %d turns later', async (turns) => {
    const { town, owner, member } = scene;
    const place = await town.guild(owner);
    await town.join(owner, place, member);
    const logins = [0, 1, 0, 1].map((slot) => town.visit(member, town.worker(slot)));
    for (let turn = 0; turn < turns; turn += 1) await new Promise<void>((next) => setImmediate(next));
    await town.rest(owner.token, 'DELETE', `/guilds/${place.id}`);
    for (const login of logins) {
      await using client = await login;
      await eventually('it is gone', () => !Picture.of(client.dispatches).guilds.has(place.id));
      expect(Picture.of(client.dispatches).problems).toEqual([]);
    }
  });
});
