/**
 * When what stands behind is slow or failing, asks are refused at once instead of queueing before it. Closed: all pass and their outcomes are counted.
 * Open: none passes, for a pause. Half-open: a few pass on trial; when they are good it closes, at the first bad one it opens for longer.
 * Pure: time is an argument, each step gives the next state.
 */

export interface CircuitLimits {
  /** Outcomes older than this are forgotten. */
  readonly windowMs: number;
  /** Fewer outcomes in the window say nothing. */
  readonly least: number;
  /** Percent of the outcomes that must be bad for it to open. */
  readonly badPercent: number;
  /** First pause; doubles up to `openMaxMs` while trials are bad. */
  readonly openMs: number;
  readonly openMaxMs: number;
  /** Asks on trial at once, and good ones in a row that close it. */
  readonly trials: number;
}

/** `left`: nobody waited for the answer any longer. It says nothing of what stands behind. */
export type Outcome = 'good' | 'bad' | 'left';

interface Counts {
  readonly good: number;
  readonly bad: number;
}

interface Closed {
  readonly state: 'closed';
  /** Goes up with each change of state: outcomes of asks that were let in before it say nothing about now. */
  readonly round: number;
  /** The window is two halves: this one, which began at `since`, and the one before. */
  readonly since: number;
  readonly counts: Counts;
  readonly before: Counts;
}

interface Open {
  readonly state: 'open';
  readonly round: number;
  readonly until: number;
  readonly pauseMs: number;
}

interface HalfOpen {
  readonly state: 'half-open';
  readonly round: number;
  readonly trying: number;
  readonly good: number;
  /** How long it was open last. */
  readonly pauseMs: number;
}

export type Circuit = Closed | Open | HalfOpen;

export interface Admission {
  readonly circuit: Circuit;
  /** Refused: milliseconds after which it may pass; null: it passes, and its outcome is told with the round. */
  readonly retryAfterMs: number | null;
}

const NONE: Counts = { good: 0, bad: 0 };

export const closedCircuit = (now: number, round = 0): Circuit => ({
  state: 'closed',
  round,
  since: now,
  counts: NONE,
  before: NONE,
});

/** Would an ask pass? Nothing is counted. Milliseconds until it may; null: now. */
export function refusalOf(circuit: Circuit, now: number, limits: CircuitLimits): number | null {
  if (circuit.state === 'open') return now < circuit.until ? circuit.until - now : null;
  if (circuit.state === 'half-open') return circuit.trying < limits.trials ? null : circuit.pauseMs;
  return null;
}

/** An ask comes. Who passes tells its outcome. */
export function admit(circuit: Circuit, now: number, limits: CircuitLimits): Admission {
  const retryAfterMs = refusalOf(circuit, now, limits);
  if (retryAfterMs !== null) return { circuit, retryAfterMs };
  if (circuit.state === 'closed') return { circuit: turn(circuit, now, limits), retryAfterMs };
  const { round, pauseMs } = circuit;
  const half: HalfOpen =
    circuit.state === 'open' ? { state: 'half-open', round: round + 1, trying: 0, good: 0, pauseMs } : circuit;
  return { circuit: { ...half, trying: half.trying + 1 }, retryAfterMs };
}

/** `round`: that of the circuit which let it in. */
export function tell(circuit: Circuit, outcome: Outcome, round: number, now: number, limits: CircuitLimits): Circuit {
  if (circuit.round !== round || circuit.state === 'open') return circuit;
  if (outcome === 'left') return circuit.state === 'closed' ? circuit : { ...circuit, trying: circuit.trying - 1 };
  if (circuit.state === 'closed') return count(turn(circuit, now, limits), outcome, now, limits);
  if (outcome === 'bad') return open(round, now, Math.min(circuit.pauseMs * 2, limits.openMaxMs));
  const good = circuit.good + 1;
  if (good >= limits.trials) return closedCircuit(now, round + 1);
  return { ...circuit, good, trying: circuit.trying - 1 };
}

const open = (round: number, now: number, pauseMs: number): Open => ({
  state: 'open',
  round: round + 1,
  until: now + pauseMs,
  pauseMs,
});

/** Forgets the half of the window that is too old. */
function turn(circuit: Closed, now: number, limits: CircuitLimits): Closed {
  const age = now - circuit.since;
  if (age < limits.windowMs / 2) return circuit;
  const before = age < limits.windowMs ? circuit.counts : NONE;
  return { ...circuit, since: now, counts: NONE, before };
}

function count(circuit: Closed, outcome: keyof Counts, now: number, limits: CircuitLimits): Circuit {
  const counts = { ...circuit.counts, [outcome]: circuit.counts[outcome] + 1 };
  const bad = counts.bad + circuit.before.bad;
  const all = bad + counts.good + circuit.before.good;
  if (outcome === 'bad' && all >= limits.least && bad * 100 >= all * limits.badPercent) {
    return open(circuit.round, now, limits.openMs);
  }
  return { ...circuit, counts };
}
