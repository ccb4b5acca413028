/** The circuit as a table: what comes, when, and what it is afterwards. */
import { describe, expect, test } from 'bun:test';
import { admit, type Circuit, type CircuitLimits, closedCircuit, refusalOf, tell } from '../../../src/store/circuit.ts';

const limits: CircuitLimits = { windowMs: 1000, least: 4, badPercent: 50, openMs: 100, openMaxMs: 300, trials: 2 };

/**
 * `+` a good outcome, `-` a bad one, `x` one that nobody waited for, `~` an outcome of an earlier round, `?` an ask that must pass, `!` one that must be
 * refused, a number: time passes.
 */
function play(script: string): Circuit {
  let now = 0;
  let circuit = closedCircuit(now);
  for (const part of script.split(' ')) {
    if (/^\d+$/.test(part)) now += Number(part);
    else if (part === '+') circuit = tell(circuit, 'good', circuit.round, now, limits);
    else if (part === '-') circuit = tell(circuit, 'bad', circuit.round, now, limits);
    else if (part === 'x') circuit = tell(circuit, 'left', circuit.round, now, limits);
    else if (part === '~') circuit = tell(circuit, 'bad', circuit.round - 1, now, limits);
    else {
      const answer = admit(circuit, now, limits);
      expect(answer.retryAfterMs === null).toBe(part === '?');
      expect(refusalOf(circuit, now, limits)).toBe(answer.retryAfterMs);
      circuit = answer.circuit;
    }
  }
  return circuit;
}

describe('a circuit', () => {
  const cases: readonly (readonly [name: string, script: string, state: Circuit['state']])[] = [
    ['stays closed while all is well', '? + ? + ? + ? + ?', 'closed'],
    ['does not judge by a few', '- - - ?', 'closed'],
    ['stays closed below the share', '+ + + + + - - - - ?', 'closed'],
    ['opens at the share', '+ + - - !', 'open'],
    ['opens by what came in the half before', '- - - 500 - !', 'open'],
    ['forgets what is older than the window', '- - - 1000 - ?', 'closed'],
    ['forgets a good past as well', '+ + + + + + + + 1000 - - - - !', 'open'],
    ['refuses until its pause is over', '- - - - 99 !', 'open'],
    ['lets so many in on trial', '- - - - 100 ? ? ! !', 'half-open'],
    ['takes another on trial for one that was good', '- - - - 100 ? ? + ?', 'half-open'],
    ['closes when trials were good', '- - - - 100 ? ? + + ? ? ? ?', 'closed'],
    ['begins anew when it closes', '- - - - 100 ? ? + + - - - ?', 'closed'],
    ['opens at the first bad trial, for longer', '- - - - 100 ? ? - 199 ! 1 ?', 'half-open'],
    ['pauses no longer than the bound', '- - - - 100 ? - 200 ? - 299 ! 1 ?', 'half-open'],
    ['pauses as at first after it was closed', '- - - - 100 ? - 200 ? ? + + - - - - 100 ?', 'half-open'],
    ['hears nothing of asks from before', '- - - - 100 ? ~ ~ ~ ?', 'half-open'],
    [
      'is not closed by trials that nobody waited for, and takes others for them',
      '- - - - 100 ? ? x x ? ? !',
      'half-open',
    ],
    ['does not count what nobody waited for', '- - - x x x x x - !', 'open'],
    ['hears nothing while it is open', '- - - - + + + + - !', 'open'],
  ];
  test.each(cases)('%s', (_name, script, state) => {
    expect(play(script).state).toBe(state);
  });

  test('says when it may pass', () => {
    const open = play('- - - -');
    expect(refusalOf(open, 30, limits)).toBe(70);
    expect(refusalOf(play('- - - - 100 ? ?'), 100, limits)).toBe(100);
  });
});
