/** Actors with a fake clock and store, and everything they say, in order. */
import { Actors, type ActorsWorld } from '../../../src/actor/actors.ts';
import { LIMITS } from '../../../src/limits.ts';
import type { Command } from '../../../src/protocol/commands.ts';
import type { Need, Reply } from '../../../src/protocol/decision.ts';
import type { AttachAsk, InterestTell, Relay } from '../../../src/protocol/envelope.ts';
import type { OwnerKey, WorkerId } from '../../../src/protocol/ids.ts';
import { FakeClock } from './fake-clock.ts';
import { FakeStore } from './fake-owner.ts';

export type Limited = { -readonly [K in keyof typeof LIMITS]: number };

export const KEY: OwnerKey = 'g:1';
let named = 0;
export const nextName = (): string => {
  named += 1;
  return `command-${named}`;
};

export const attachAsk = (more: Partial<AttachAsk> = {}): AttachAsk => ({
  ask: 1,
  session: '0.1.1.x',
  user: '7',
  worker: '0.1',
  hop: 0,
  mask: 0x7fff_ffff,
  since: null,
  held: null,
  person: true,
  carried: null,
  ...more,
});

export class FakeWorld {
  readonly clock = new FakeClock();
  readonly store = new FakeStore();
  readonly limits: Limited = { ...LIMITS };
  readonly said: string[] = [];
  readonly logged: Readonly<Record<string, unknown>>[] = [];
  readonly relays: (Relay & { readonly to: WorkerId })[] = [];
  readonly tells: { readonly to: OwnerKey; readonly command: Command; readonly seq: number | null }[] = [];
  readonly confirms: { readonly to: OwnerKey; readonly from: OwnerKey; readonly seq: number }[] = [];
  readonly refusedInterest: InterestTell[] = [];
  readonly announced: number[] = [];
  members: string[] = [];
  /** Workers. */
  living: WorkerId[] = ['0.1', '1.1'];
  isYoung = false;
  loadNeed: (need: Need) => Promise<unknown> = async () => null;
  openError: Error | null = null;
  behaviors: ReturnType<FakeStore['open']>['behavior'][] = [];
  #minted = 0;
  readonly actors: Actors;

  constructor(limits: Partial<Limited> = {}) {
    Object.assign(this.limits, limits);
    const world: ActorsWorld = {
      clock: this.clock,
      store: this.store,
      log: (what, fields = {}) => void this.logged.push({ what, ...fields }),
      mint: () => String(++this.#minted),
      load: (need) => this.loadNeed(need),
      isVolatile: ({ kind }) => kind === 'typing',
      open: async (key) => {
        if (this.openError !== null) throw this.openError;
        const opened = this.store.open(key, this.members);
        this.behaviors.push(opened.behavior);
        return opened;
      },
      relay: (to, relay) => {
        this.relays.push({ ...relay, to });
        this.said.push(relay.entry.kind);
      },
      tell: (to, command, _from, seq) => void this.tells.push({ to, command, seq }),
      confirm: (to, from, seq) => void this.confirms.push({ to, from, seq }),
      announce: (_key, epoch, takesOver) => {
        this.announced.push(epoch);
        this.said.push(takesOver ? `takes over ${epoch}` : `placed ${epoch}`);
      },
      awaited: (earlier) => this.living.filter((worker) => earlier.includes(worker) || this.isYoung),
      refuseInterest: (_key, tell) => void this.refusedInterest.push(tell),
    };
    this.actors = new Actors(world, this.limits);
  }

  ask(
    command: Command,
    more: { key?: OwnerKey; commandId?: string; again?: boolean; deadline?: number } = {},
  ): Promise<Reply> {
    return new Promise((respond, fail) => {
      this.actors.ask(more.key ?? KEY, {
        command,
        commandId: more.commandId ?? nextName(),
        again: more.again ?? false,
        deadline: more.deadline ?? this.clock.now() + 10_000,
        respond: (reply) => {
          this.said.push('reply');
          respond(reply);
        },
        fail,
      });
    });
  }

  read(ask = 'guild'): Promise<Reply> {
    return new Promise((respond, fail) => this.actors.read(KEY, { ask, by: '0' } as never, respond, fail));
  }

  attach(ask: Partial<AttachAsk> = {}): void {
    this.actors.interest(KEY, { kind: 'attach', ask: attachAsk(ask) });
  }
}

/** The outcome of a promise that has settled by now, as text: `ok …`, `refused …` or a fault's code. */
export async function outcome(promise: Promise<Reply>): Promise<string> {
  const settled = promise.then(
    (reply) => ('ok' in reply ? `ok ${JSON.stringify(reply.ok)}` : `refused ${reply.refused}`),
    (error) => (error as { code?: string }).code ?? String(error),
  );
  return Promise.race([settled, new Promise<string>((resolve) => setImmediate(() => resolve('pending')))]);
}
