/** An owner of messages over a store, with restarts between any two commands: nothing depends on what a load remembers. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { DmBehavior, loadDm } from '../../../src/host/dm-behavior.ts';
import { openNeeds } from '../../../src/host/needs.ts';
import type { Command } from '../../../src/protocol/commands.ts';
import type { Decision } from '../../../src/protocol/decision.ts';
import { pairKey } from '../../../src/protocol/ids.ts';
import type { MayRead } from '../../../src/protocol/reads.ts';
import { gatherSingles } from '../../../src/store/gathered.ts';
import { MemoryStore } from '../../../src/store/memory/store.ts';
import { GATHERED } from '../../../src/worker-limits.ts';
import * as f from './message-fixture.ts';

const OWNER = pairKey(f.ANN, f.BOB);
const EMOJIS = ['👍', '🎉'];

class Life {
  readonly store = new MemoryStore({ clock: { now: () => f.NOW } });
  readonly #load = openNeeds(this.store, gatherSingles(this.store, { defer: queueMicrotask }, GATHERED), {
    now: () => f.NOW,
  });
  #actor = new DmBehavior(OWNER, null, 1);
  #epoch = 0;

  async restart(): Promise<void> {
    this.#epoch = await this.store.fence(OWNER);
    this.#actor = await loadDm(this.store, OWNER, this.#epoch);
  }

  /** As the actor's shell does it: needs, turn, commit. */
  async ask(command: Command): Promise<Decision> {
    const needs = this.#actor.needs(command);
    await Promise.all(needs.map(async (need) => this.#actor.supply(need, await this.#load(need))));
    const decision = this.#actor.decide(command, f.turn());
    if (decision.writes.length > 0)
      await this.store.commit({ owner: OWNER, epoch: this.#epoch, writes: decision.writes });
    return decision;
  }

  generation(channelId: string): string | null {
    const reply = this.#actor.question({ ask: 'mayRead', by: f.ANN, channelId });
    return 'ok' in reply ? (reply.ok as MayRead).generation : null;
  }

  async open(): Promise<string> {
    await this.restart();
    const decision = await this.ask({ kind: 'openDm', by: f.by(f.ANN), with: f.user(f.BOB) });
    return f.body<{ id: string }>(decision).id;
  }
}

test('a nonce leads to its message after a restart, and to nothing when that is deleted', async () => {
  const life = new Life();
  const channelId = await life.open();
  const draft = f.draft({ nonce: 'n', enforceNonce: true });
  const send = () => life.ask({ kind: 'createMessage', by: f.by(f.ANN), channelId, draft });
  const first = await send();
  await life.restart();
  const again = await send();
  expect(f.body(again)).toEqual(f.body(first));
  expect([again.writes, again.tells]).toEqual([[], []]);
  const messageId = f.body<{ id: string }>(first).id;
  await life.ask({ kind: 'deleteMessage', by: f.by(f.ANN), channelId, messageId });
  expect(f.why(await send())).toBe('unknownMessage');
  await life.restart();
  expect(f.why(await send())).toBe('unknownMessage');
});

test('no restart brings back a generation that reads were shared under', async () => {
  const life = new Life();
  const channelId = await life.open();
  const sent = await life.ask({ kind: 'createMessage', by: f.by(f.ANN), channelId, draft: f.draft() });
  const messageId = f.body<{ id: string }>(sent).id;
  const seen = [life.generation(channelId)];
  expect(life.generation(channelId)).toBe(seen[0] as string);
  await life.ask({ kind: 'editMessage', by: f.by(f.ANN), channelId, messageId, patch: { content: 'other' } });
  seen.push(life.generation(channelId));
  // The last message is all that a load knows, and it is the one from before the edit.
  for (let i = 0; i < 2; i += 1) {
    await life.restart();
    seen.push(life.generation(channelId));
  }
  expect(seen).not.toContain(null);
  expect(new Set(seen).size).toBe(seen.length);
});

const step = fc.record({
  what: fc.constantFrom('send', 'reply', 'edit', 'delete', 'react', 'unreact', 'pin', 'unpin', 'restart'),
  who: fc.constantFrom(f.ANN, f.BOB),
  nth: fc.nat(3),
  emoji: fc.constantFrom(...EMOJIS),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** Two lives hear the same commands; only one of them is restarted. Null: restart. */
function commandOf({ what, who, nth, emoji }: Step, channelId: string, ids: readonly string[]): Command | null {
  const by = f.by(who);
  const messageId = ids[nth % Math.max(1, ids.length)] ?? channelId;
  const at = { by, channelId, messageId };
  const reference = { message_id: messageId, channel_id: null, guild_id: null, fail_if_not_exists: true, type: 0 };
  switch (what) {
    case 'send':
      return { kind: 'createMessage', by, channelId, draft: f.draft({ nonce: nth, enforceNonce: true }) };
    case 'reply':
      return { kind: 'createMessage', by, channelId, draft: f.draft({ reference }) };
    case 'edit':
      return { kind: 'editMessage', ...at, patch: { content: `edited ${nth}` } };
    case 'delete':
      return { kind: 'deleteMessage', ...at };
    case 'react':
      return { kind: 'addReaction', ...at, emoji };
    case 'unreact':
      return { kind: 'removeReaction', ...at, emoji, userId: who };
    case 'pin':
    case 'unpin':
      return { kind: what, ...at };
    default:
      return null;
  }
}

/** Event names, and the reply without ids and times, which two lives never share. */
const outcome = (decision: Decision) => ({
  refused: f.why(decision),
  events: f.events(decision).map(({ t }) => t),
  writes: f.writes(decision).filter((w) => w !== 'putDmOpen'),
});

test('an owner that is restarted at any time decides as one that never was', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const [calm, shaken] = [new Life(), new Life()];
      const channels = [await calm.open(), await shaken.open()];
      const ids: [string[], string[]] = [[], []];
      for (const one of steps) {
        if (one.what === 'restart') {
          await shaken.restart();
          continue;
        }
        const results = [];
        for (const [index, life] of [calm, shaken].entries()) {
          const command = commandOf(one, channels[index] ?? '', ids[index] ?? []);
          if (!command) continue;
          const decision = await life.ask(command);
          if (command.kind === 'createMessage' && decision.rows.length > 0)
            ids[index]?.push(f.body<{ id: string }>(decision).id);
          const { events, ...rest } = outcome(decision);
          results.push({ ...rest, events: events.filter((t) => t !== 'CHANNEL_CREATE') });
        }
        expect(results[1]).toEqual(results[0]);
      }
    }),
    { numRuns: 300 },
  );
});
