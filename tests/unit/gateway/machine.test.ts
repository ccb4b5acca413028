import { describe, expect, test } from 'bun:test';
import { GatewayIntentBits as I } from 'discord-api-types/v10';
import { gatewayUrl } from '../../../src/gateway/address.ts';
import { FrameRate } from '../../../src/gateway/frame-rate.ts';
import { type ClientFrame, type IdentifyData, parseFrame } from '../../../src/gateway/handshake.ts';
import { wishOf } from '../../../src/gateway/identify.ts';
import { meaningOf } from '../../../src/gateway/machine.ts';
import { onShard } from '../../../src/gateway/shard.ts';
import { PERSON_EVENTS, tokenMask } from '../../../src/protocol/events.ts';
import { account } from '../../support/tiny-town.ts';

const many = (count: number): object => Object.fromEntries(Array.from({ length: count }, (_, n) => [n, {}]));

describe('frames of clients', () => {
  const cases: [what: string, text: string, frame: unknown][] = [
    ['discord.py beats without a number', '{"op":1,"d":null}', { op: 'heartbeat', seq: null }],
    ['newer user clients beat by op 40', '{"op":40,"d":{"seq":7,"qos":{}}}', { op: 'heartbeat', seq: 7 }],
    [
      'discord.py and JDA send a guild as a number',
      '{"op":4,"d":{"guild_id":1100000000000000002,"channel_id":1200000000000000003,"self_mute":true}}',
      {
        op: 'voice',
        voice: {
          guildId: '1100000000000000002',
          channelId: '1200000000000000003',
          selfMute: true,
          selfDeaf: false,
          selfVideo: false,
        },
      },
    ],
    [
      'discordgo and eris send a list of guilds, JDA users as numbers',
      '{"op":8,"d":{"guild_id":["1100000000000000002"],"user_ids":[1000000000000000001],"limit":0,"nonce":"n"}}',
      {
        op: 'members',
        members: {
          guildIds: ['1100000000000000002'],
          query: null,
          limit: 0,
          userIds: ['1000000000000000001'],
          presences: false,
          nonce: 'n',
        },
      },
    ],
    [
      'a resume with the prefix of REST',
      '{"op":6,"d":{"token":"Bot t.o.k","session_id":"s","seq":3}}',
      { op: 'resume', token: 't.o.k', session: 's', seq: 3 },
    ],
    [
      'a presence with the old key',
      '{"op":3,"d":{"status":"strange","game":{"name":"x"},"afk":false,"since":null}}',
      { op: 'presence', presence: { status: 'online', activities: '[{"name":"x"}]', afk: false, since: null } },
    ],
    [
      'what a person looks at, of one guild',
      '{"op":14,"d":{"guild_id":1100000000000000002,"typing":true,"activities":null,"threads":1,"channels":{"1":[[0,99]]}}}',
      { op: 'wishes', wishes: [{ guildId: '1100000000000000002', typing: true, activities: null }] },
    ],
    [
      'what a person looks at, of several',
      '{"op":37,"d":{"subscriptions":{"1100000000000000002":{"typing":false,"activities":true},"11":{"members":["1"]}}}}',
      {
        op: 'wishes',
        wishes: [
          { guildId: '11', typing: null, activities: null },
          { guildId: '1100000000000000002', typing: false, activities: true },
        ],
      },
    ],
    ['a wish of no guild', '{"op":14,"d":{"typing":true}}', { op: 'ignored' }],
    ['a wish that is no word', '{"op":14,"d":{"guild_id":"11","typing":"yes"}}', { op: 'ignored' }],
    ['wishes of what is no guild', '{"op":37,"d":{"subscriptions":{"here":{}}}}', { op: 'ignored' }],
    ['wishes of too many', JSON.stringify({ op: 37, d: { subscriptions: many(501) } }), { op: 'ignored' }],
    ['what is not there', '{"op":36,"d":{}}', { op: 'ignored' }],
    ['an op of servers', '{"op":0,"d":{}}', { op: 'unknown' }],
    ['no op', '{"d":1}', { op: 'unreadable' }],
    ['no object', '[]', { op: 'unreadable' }],
    ['wrong data', '{"op":6,"d":{"token":5}}', { op: 'unreadable' }],
  ];
  for (const [what, text, frame] of cases) test(what, () => expect<unknown>(parseFrame(text)).toEqual(frame));

  test('an identify keeps what has close codes of its own unparsed', () => {
    const frame = parseFrame('{"op":2,"d":{"token":"t","intents":"all","shard":5,"compress":"zlib-stream"}}');
    expect(frame).toMatchObject({ op: 'identify', identify: { token: 't', intents: 'all', shard: 5, client: 'web' } });
  });
});

describe('what a frame means', () => {
  const identify: ClientFrame = parseFrame('{"op":2,"d":{"token":"t"}}');
  const resume: ClientFrame = parseFrame('{"op":6,"d":{"token":"t","session_id":"s","seq":1}}');
  const presence: ClientFrame = parseFrame('{"op":3,"d":{"status":"idle"}}');
  const beat: ClientFrame = { op: 'heartbeat', seq: 1 };
  const said = (frame: ClientFrame, state: 'open' | 'busy' | 'bound' | 'closed'): string => {
    const meaning = meaningOf(frame, state);
    return meaning.does === 'close' ? meaning.close : meaning.does;
  };
  const states = ['open', 'busy', 'bound', 'closed'] as const;
  const table: [what: string, frame: ClientFrame, open: string, busy: string, bound: string][] = [
    ['heartbeat', beat, 'acknowledge', 'acknowledge', 'acknowledge'],
    ['identify', identify, 'identify', 'alreadyAuthenticated', 'alreadyAuthenticated'],
    ['resume', resume, 'resume', 'alreadyAuthenticated', 'alreadyAuthenticated'],
    ['presence', presence, 'notAuthenticated', 'wait', 'presence'],
    ['wishes', { op: 'wishes', wishes: [] }, 'notAuthenticated', 'wait', 'wishes'],
    ['ignored', { op: 'ignored' }, 'notAuthenticated', 'nothing', 'nothing'],
    ['unknown', { op: 'unknown' }, 'unknownOpcode', 'unknownOpcode', 'unknownOpcode'],
    ['unreadable', { op: 'unreadable' }, 'decodeError', 'decodeError', 'decodeError'],
  ];
  for (const [what, frame, ...expected] of table) {
    test(what, () => expect(states.map((state) => said(frame, state))).toEqual([...expected, 'nothing']));
  }
});

describe('an identify', () => {
  const data = (more: Partial<IdentifyData>): IdentifyData => ({
    token: 't',
    intents: undefined,
    shard: undefined,
    presence: { status: 'online', activities: '[]', afk: false, since: null },
    client: 'web',
    ...more,
  });
  const bot = account('1', 'bot');
  const person = account('2', 'person');
  const cases: [what: string, wish: unknown, account: typeof bot, data: Partial<IdentifyData>][] = [
    ['of a person is shared and gets everything', { own: false, mask: PERSON_EVENTS, shard: null }, person, {}],
    ['of a person with intents is its own', { own: true, mask: tokenMask(1), shard: null }, person, { intents: 1 }],
    ['of a bot must have intents', 'invalidIntents', bot, {}],
    ['may have none of them', { own: true, mask: tokenMask(0), shard: null }, bot, { intents: 0 }],
    ['with a negative mask', 'invalidIntents', bot, { intents: -1 }],
    ['with half an intent', 'invalidIntents', bot, { intents: 1.5 }],
    ['with an unknown bit', 'invalidIntents', bot, { intents: 1 << 22 }],
    ['with a bit beyond 32', 'invalidIntents', bot, { intents: 2 ** 33 + 1 }],
    [
      'with a granted intent',
      { own: true, mask: tokenMask(I.GuildMembers), shard: [0, 1] },
      bot,
      { intents: 2, shard: [0, 1] },
    ],
    ['with an intent not granted', 'disallowedIntents', bot, { intents: I.GuildPresences }],
    ['with a shard that is none', 'invalidShard', bot, { intents: 1, shard: [1, 1] }],
    ['with a shard that is no pair', 'invalidShard', bot, { intents: 1, shard: [0] }],
  ];
  for (const [what, wish, who, more] of cases) {
    test(what, () => expect<unknown>(wishOf(data(more), who)).toEqual(wish));
  }
});

test('a shard has the guilds of (id >> 22) % n, and direct messages only on the first', () => {
  const guild = '1100000000000000001';
  const index = Number((BigInt(guild) >> 22n) % 3n);
  expect([0, 1, 2].map((i) => onShard(`g:${guild}`, [i, 3]))).toEqual([0, 1, 2].map((i) => i === index));
  expect([0, 1, 2].map((i) => onShard('u:1', [i, 3]))).toEqual([true, false, false]);
});

test('frames are counted in windows', () => {
  const rate = new FrameRate(2, 100);
  expect([rate.take(0), rate.take(99), rate.open(99), rate.take(99), rate.take(100)]).toEqual([
    true,
    true,
    false,
    false,
    true,
  ]);
});

test('the address is the configured one, else what the request says', () => {
  const headers = (more: Record<string, string>): Headers => new Headers({ host: 'chat.example:8080', ...more });
  expect(gatewayUrl(null, headers({}), false)).toBe('ws://chat.example:8080');
  expect(gatewayUrl(null, headers({ 'x-forwarded-proto': 'https' }), false)).toBe('wss://chat.example:8080');
  expect(gatewayUrl('https://chat.example/?a=1', headers({}), false)).toBe('wss://chat.example');
});
