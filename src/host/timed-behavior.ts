/** A behavior whose decisions are timed by the kind of their command. */
import type { Behavior } from '../actor/behavior.ts';
import type { Clock } from '../base/clock.ts';
import type { Histograms } from '../base/metrics.ts';
import type { Command, Question } from '../protocol/commands.ts';
import type { Decision, EventNote, Need, Reply, Turn } from '../protocol/decision.ts';
import type { AttachAsk } from '../protocol/envelope.ts';
import type { SessionId, Snowflake } from '../protocol/ids.ts';
import type { CarriedVoice } from '../protocol/voice.ts';

/** Seconds. */
export const TURN_BOUNDS = [0.00001, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1];

export class TimedBehavior implements Behavior {
  constructor(
    readonly inner: Behavior,
    readonly clock: Pick<Clock, 'monotonic'>,
    readonly turns: Histograms,
  ) {}

  decide(command: Command, turn: Turn): Decision {
    const started = this.clock.monotonic();
    const decision = this.inner.decide(command, turn);
    this.turns.of(command.kind).observe((this.clock.monotonic() - started) / 1000);
    return decision;
  }

  question(question: Question, now: number): Reply {
    return this.inner.question(question, now);
  }

  needs(command: Command): readonly Need[] {
    return this.inner.needs(command);
  }

  supply(need: Need, value: unknown): void {
    this.inner.supply(need, value);
  }

  forsake(needs: readonly Need[]): void {
    this.inner.forsake(needs);
  }

  isMember(user: Snowflake): boolean {
    return this.inner.isMember(user);
  }

  topicsOf(user: Snowflake): readonly string[] {
    return this.inner.topicsOf(user);
  }

  snapshot(ask: AttachAsk, now: number): ReturnType<Behavior['snapshot']> {
    return this.inner.snapshot(ask, now);
  }

  voiceOf(session: SessionId, user: Snowflake): CarriedVoice | null {
    return this.inner.voiceOf(session, user);
  }

  guilds(): ReturnType<Behavior['guilds']> {
    return this.inner.guilds();
  }

  retell(t: string, note: EventNote, message: unknown): string | null {
    return this.inner.retell(t, note, message);
  }
}
