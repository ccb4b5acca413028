/** A message is posted in public, its channel is hidden, then it is edited: who lost the channel must not be told the new text as the old row. */
import { describe, expect, test } from 'bun:test';
import { barrierOf, type NumberedNote } from '../../../src/host/journal-barrier.ts';

const common = { kind: 'event', topic: 'g:1', cls: 512, full: null, d: null } as const;
const message = (seq: number, t: string, id = '50', channelId = '10'): NumberedNote => ({
  ...common,
  seq,
  t,
  note: { as: 'message', channelId, id },
});
const channel = (seq: number, t: string, id = '10'): NumberedNote => ({
  ...common,
  seq,
  t,
  note: { as: 'thing', thing: 'channel', id },
});
const moves = (
  seq: number,
  lost: string[],
  from: string | null = 'c:10',
  to: string | null = 'c:10',
): NumberedNote => ({
  kind: 'visibility',
  seq,
  channel: '10',
  from,
  to,
  gained: [],
  lost,
  deleted: '{}',
});

/** Of the topic of bans: it shows nothing, so nothing is told again of it. */
const quiet = (seq: number, lost: string[]): NumberedNote => ({
  ...{ kind: 'visibility', seq, channel: '1', from: 'b:1', to: 'b:1', gained: [], lost, deleted: null },
});

describe('nobody goes on across a loss', () => {
  test.each([
    [
      'when a message from before it was edited after it',
      [message(1, 'MESSAGE_CREATE'), moves(2, ['7']), message(3, 'MESSAGE_UPDATE')],
      2,
    ],
    [
      'when the channel was public before',
      [message(1, 'MESSAGE_CREATE'), moves(2, [], null, 'c:10'), message(3, 'MESSAGE_UPDATE')],
      2,
    ],
    [
      'when the channel has a new name',
      [channel(1, 'CHANNEL_UPDATE'), moves(2, ['7']), channel(3, 'CHANNEL_UPDATE')],
      2,
    ],
    ['when it was gained and renamed', [moves(1, []), moves(2, ['7']), channel(3, 'CHANNEL_UPDATE')], 2],
    [
      'of two losses, the last that matters',
      [message(1, 'MESSAGE_CREATE'), moves(2, ['7']), moves(3, ['8']), message(4, 'MESSAGE_UPDATE')],
      3,
    ],
  ] as const)('%s', (_, notes, barrier) => {
    expect(barrierOf(notes)).toBe(barrier);
  });

  test.each([
    ['nothing was told before the loss', [moves(1, ['7']), message(2, 'MESSAGE_CREATE'), message(3, 'MESSAGE_UPDATE')]],
    ['it changed before the loss', [message(1, 'MESSAGE_CREATE'), message(2, 'MESSAGE_UPDATE'), moves(3, ['7'])]],
    ['who may ban no more holds no channel less', [quiet(1, []), quiet(2, ['7']), quiet(3, ['8'])]],
    ['nobody lost anything', [message(1, 'MESSAGE_CREATE'), moves(2, []), message(3, 'MESSAGE_UPDATE')]],
    [
      'another channel was lost',
      [message(1, 'MESSAGE_CREATE', '50', '11'), moves(2, ['7']), message(3, 'MESSAGE_UPDATE', '50', '11')],
    ],
  ] as const)('but everybody does when %s', (_, notes) => {
    expect(barrierOf(notes)).toBe(0);
  });
});
