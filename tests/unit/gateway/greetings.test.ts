/** What a person's READY takes, and what comes after it. */
import { expect, test } from 'bun:test';
import type { OwnerKey } from '../../../src/protocol/ids.ts';
import { body, OneGateway } from './one-gateway.ts';

const GUILDS: OwnerKey[] = ['g:1100000000000000001', 'g:1100000000000000002', 'g:1100000000000000003'];
const idOf = (guild: OwnerKey): string => guild.slice(2);
const big = (guild: OwnerKey, name = '€'.repeat(1000)) => body('GUILD_CREATE', { id: idOf(guild), name });

/** Equally long on a line. */
const NAMES = [['of long letters', '€'.repeat(1000)] as const, ['of ASCII', 'a'.repeat(3000)] as const];

test.each(NAMES)(
  'guilds %s beyond the size of READY are listed as unavailable and come by GUILD_CREATE, each once',
  async (_of, long) => {
    const one = new OneGateway({ readyBytes: 7000 });
    const { session, socket } = await one.identify(GUILDS);
    for (const guild of GUILDS) await one.answer(guild, session, { create: big(guild, long) });
    expect(socket.heard).toEqual(['READY', 'GUILD_CREATE']);
    const guilds = socket.frames.at(-2)?.d.guilds as { id: string; unavailable?: boolean; name?: string }[];
    expect(guilds.map(({ id, unavailable, name }) => [id, unavailable, name?.length])).toEqual([
      [idOf(GUILDS[0]!), undefined, long.length],
      [idOf(GUILDS[1]!), undefined, long.length],
      [idOf(GUILDS[2]!), true, undefined],
    ]);
    expect(socket.frames.at(-1)?.d.id).toBe(idOf(GUILDS[2]!));
    for (const guild of GUILDS) await one.relay(guild, { kind: 'event', topic: guild, body: body(`IN ${guild}`) });
    expect(socket.heard.slice(2)).toEqual(GUILDS.map((guild) => `IN ${guild}`));
  },
);

test('one guild that is larger than READY should be goes into it all the same', async () => {
  const one = new OneGateway({ readyBytes: 100 });
  const { session, socket } = await one.identify([GUILDS[0]!]);
  await one.answer(GUILDS[0]!, session, { create: big(GUILDS[0]!) });
  expect(socket.heard).toEqual(['READY']);
  expect(socket.frames.at(-1)?.d.guilds).toMatchObject([{ id: idOf(GUILDS[0]!) }]);
});
