/** max_concurrency: a bot that starts more sessions than it was told gets op 9 for those beyond, on whichever workers they come; they may come again. */
import { expect, test } from 'bun:test';
import { LIMITS } from '../../src/limits.ts';
import { BOT_INTENTS, type Frame, RawGateway } from '../support/raw-gateway.ts';
import { Town } from '../support/town.ts';

const BEYOND = 3;

const isAnswer = (frame: Frame): boolean => frame.t === 'READY' || frame.op === 9;

test('a bot starts as many sessions at once as max_concurrency says, over all workers; a person is not counted', async () => {
  await using town = await Town.open();
  const owner = await town.person();
  const place = await town.guild(owner);
  const bot = await town.bot('fleet', place.id);
  const limitsTold = async () => {
    const [auth, path] = [`Bot ${bot.token}`, '/gateway/bot'];
    return (await town.rest<{ session_start_limit: Record<string, number> }>(auth, 'GET', path)).session_start_limit;
  };
  const total = LIMITS.botStartsTotal;
  const most = LIMITS.botStarts;
  expect(await limitsTold()).toEqual({ total, remaining: total, reset_after: 0, max_concurrency: most });
  await using sockets = new AsyncDisposableStack();
  const start = async (n: number, identify: object): Promise<RawGateway> => {
    const gateway = sockets.use(await RawGateway.open(town.worker(n % 2)));
    gateway.send(2, { properties: {}, ...identify });
    return gateway;
  };
  const identify = { token: bot.token, intents: BOT_INTENTS };
  const fleet = await Promise.all(Array.from({ length: most + BEYOND }, (_, n) => start(n, identify)));
  const answers = await Promise.all(fleet.map((gateway) => gateway.frames.until('READY or op 9', isAnswer)));
  const away = fleet.filter((_, n) => answers[n]?.op === 9);
  expect(away).toHaveLength(BEYOND);
  expect(answers.filter(({ op }) => op === 9).map(({ d }) => d)).toEqual(Array(BEYOND).fill(false));
  // Who came too fast has used up nothing.
  expect(await limitsTold()).toMatchObject({ total, remaining: total - most });

  const people = await Promise.all(Array.from({ length: most + BEYOND }, (_, n) => start(n, { token: owner.token })));
  await Promise.all(people.map((gateway) => gateway.dispatch('READY')));

  const [again] = away;
  for (let from = again!.frames.mark; ; from = again!.frames.mark) {
    again!.send(2, { properties: {}, ...identify });
    const answer = await again!.frames.until('READY or op 9', isAnswer, { from });
    if (answer.t === 'READY') return;
  }
}, 40_000);
