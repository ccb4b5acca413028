/** What one seed means: a town and a list of steps. Nothing else is drawn while it runs, so a list that is cut shorter is a schedule again. */
import { GatewayIntentBits as I } from 'discord-api-types/v10';
import { seededRandom } from '../../src/base/random.ts';
import type { GatewayLimits } from '../../src/gateway/limits.ts';

/** Seeds beyond it are towns of real rules. */
export const REAL_SEEDS = 1_000_000;

type Kinds<K extends string> = Readonly<Record<K, number>>;

/** Action -> how often it is drawn. */
const TINY = { message: 10, typing: 4, mention: 4, see: 6, join: 3, leave: 3 };
const REAL = {
  message: 10,
  see: 6,
  grant: 4,
  join: 4,
  leave: 4,
  typing: 3,
  createMessage: 2,
  editMessage: 3,
  deleteMessage: 3,
  addReaction: 3,
  createChannel: 3,
  updateChannel: 3,
  moveChannels: 2,
  deleteChannel: 2,
  putOverwrite: 2,
  createRole: 1,
  updateRole: 3,
  deleteRole: 2,
  updateMember: 1,
  updateGuild: 2,
  ban: 1,
  unban: 1,
  status: 3,
};
const CLIENTS = {
  connect: 5,
  elsewhere: 5,
  cut: 4,
  beat: 3,
  wait: 4,
  stale: 2,
  absurd: 1,
  expire: 1,
  fail: 1,
  kill: 1,
};
/** Real folk die more often: what only a later load gets wrong is seldom met. */
const HARD = { fail: 2, kill: 2 };
/** What is done besides in every third town: who is in voice dies with its guild, and is brought again. */
const VOICE_ACTIONS = ['voice', 'voice', 'move'] as const;
/** What is done besides in every fifth town, whose guilds say typing and presence as large ones do. */
const WISH_ACTIONS = ['wish', 'wish', 'typing'] as const;
export type Action =
  | keyof typeof TINY
  | keyof typeof REAL
  | keyof typeof CLIENTS
  | (typeof VOICE_ACTIONS | typeof WISH_ACTIONS)[number];

/** A town does some things often and some never: what needs several rare ones is met where these are not rare. */
const MOODS = [0, 1, 1, 4];

/** After none of these may a client be refused: it has told the truth, and nobody died. */
const HARSH: ReadonlySet<Action> = new Set(['stale', 'absurd', 'expire', 'fail', 'kill']);

/** An action with three numbers that it may use as it likes. `step`: something that is under way arrives. */
export type Step = readonly [Action | 'step', number, number, number];

export interface Plan {
  readonly seed: number;
  /** The real rules of guilds and users; otherwise tiny ones. */
  readonly isReal: boolean;
  /** People hear typing and presence where they wish it. */
  readonly isLarge: boolean;
  readonly workers: number;
  readonly guilds: number;
  readonly channels: number;
  readonly clients: number;
  readonly users: number;
  /** Of each client, in turn: its intents, or null for a person. */
  readonly wishes: readonly (number | null)[];
  readonly limits: Partial<GatewayLimits>;
  readonly ringRows: number;
  readonly linkEntries: number;
  /** One pipe of so many is slow; 0: none. */
  readonly slowness: number;
}

export interface Schedule {
  readonly plan: Plan;
  readonly steps: readonly Step[];
  /** Nobody lies and nobody dies, and the logs are roomy: then nobody may be refused. */
  readonly isGentle: boolean;
}

/** Longer than any session outlives its socket. */
export const LONG_AWAY_MS = 9_500_000;

const EVERYTHING = I.Guilds | I.GuildMessages | I.GuildMessageTyping | I.MessageContent;
/** With and without content, with and without typing, and without messages. */
const WISHES = [I.Guilds | I.GuildMessages, EVERYTHING, I.Guilds | I.GuildMessageTyping, I.Guilds | I.GuildMessages];

/** The same of real events, which have more classes. */
const REAL_WISHES = [
  WISHES[0]! | I.GuildVoiceStates,
  EVERYTHING | I.GuildMembers | I.GuildMessageReactions,
  WISHES[2]! | I.GuildModeration,
  EVERYTHING | I.GuildVoiceStates,
];

export function scheduleOf(seed: number): Schedule {
  const draw = drawer(seed);
  const between = (low: number, high: number): number => low + (draw() % (high - low + 1));
  const isGentle = seed % 2 === 0;
  const plan = planOf(seed, isGentle, draw, between);
  const kinds: Partial<Kinds<Action>> = plan.isReal ? { ...REAL, ...CLIENTS, ...HARD } : { ...TINY, ...CLIENTS };
  const actions = (Object.keys(kinds) as Action[]).filter((action) => !isGentle || !HARSH.has(action));
  const weighted = actions.flatMap((action) =>
    Array.from({ length: (kinds[action] ?? 0) * MOODS[draw() % MOODS.length]! }, () => action),
  );
  const steps: Step[] = [];
  const hurry = between(1, 12);
  const isLoud = seed % 3 === 0;
  for (let i = between(10, 60); i > 0; i -= 1) {
    steps.push([
      weighted[draw() % weighted.length] ?? (plan.isReal ? 'createMessage' : 'message'),
      draw(),
      draw(),
      draw(),
    ]);
    if (isLoud && draw() % 2 === 0) steps.push([VOICE_ACTIONS[draw() % 3] ?? 'voice', draw(), draw(), draw()]);
    for (let k = draw() % (hurry + 1); k > 0; k -= 1) steps.push(['step', draw(), 0, 0]);
  }
  return { plan, steps: plan.isLarge ? steps.flatMap(wishing(seed)) : steps, isGentle };
}

/** From numbers of its own: the other steps are what they would be without. */
function wishing(seed: number): (step: Step) => Step[] {
  const draw = drawer(seed + REAL_SEEDS / 2);
  return (step) => {
    if (step[0] === 'step' || draw() % 2 === 0) return [step];
    return [step, [WISH_ACTIONS[draw() % WISH_ACTIONS.length] ?? 'wish', draw(), draw(), draw()]];
  };
}

function drawer(seed: number): () => number {
  const random = seededRandom(seed);
  return () => Math.floor(random.unit() * 2 ** 30);
}

function planOf(
  seed: number,
  isGentle: boolean,
  draw: () => number,
  between: (low: number, high: number) => number,
): Plan {
  const isTight = !isGentle && draw() % 3 === 0;
  const writableBytes = between(300, 1500);
  const shift = draw();
  const isReal = seed > REAL_SEEDS;
  const isLarge = seed % 5 === 0;
  const plan = {
    seed,
    isReal,
    isLarge,
    workers: between(2, 3),
    guilds: between(1, 3),
    channels: between(1, 2),
    clients: between(4, 8),
    users: between(2, 6),
    wishes: [null, ...Array.from({ length: 3 }, (_, i) => (i === 1 ? null : WISHES[(shift + i) % WISHES.length]!))],
    limits: {
      ...(isTight ? { logEntries: between(12, 40) } : {}),
      // Too many that lost their sockets: the oldest end.
      ...(!isGentle && draw() % 4 === 0 ? { detachedPerUser: between(1, 2) } : {}),
      writableBytes,
      flushBytes: writableBytes,
      // In the end more is said in a large one.
      backpressureBytes: writableBytes * 4 + (isLarge ? 500 : 0),
      // Live sessions whose sockets are slower than what is published rest.
      pacedBytes: writableBytes >> 1,
      bigBodyBytes: draw() % 2 === 0 ? 200 : 1 << 14,
      cursorFrames: between(2, 40),
      zombieMs: 100_000_000,
      // Some sessions end while their clients are away.
      detachedMs: !isGentle && draw() % 4 === 0 ? 100 : 9_000_000,
      sweepMs: 20,
      logAgeMs: 100_000_000,
    },
    ringRows: !isGentle && draw() % 4 === 0 ? between(2, 6) : 1000,
    // A full link refuses entries and leaves marks.
    linkEntries: draw() % 4 === 0 ? between(10, 30) : 100_000,
    slowness: [0, 2, 3, 5][draw() % 4]!,
  };
  if (!isReal) return plan;
  // A guild as it is sent fits a socket, and only bots have wishes.
  const roomy = { backpressureBytes: writableBytes * 4 + (1 << 16), bigBodyBytes: draw() % 2 === 0 ? 500 : 1 << 14 };
  // A run of these costs twice one of tiny folk: rather more small towns than few large ones.
  const small = {
    guilds: 1 + (plan.guilds >> 1),
    clients: plan.clients - (plan.clients >> 2),
    users: Math.min(plan.users, 5),
  };
  return { ...plan, ...small, wishes: REAL_WISHES, limits: { ...plan.limits, ...roomy } };
}
