/** The two ends of a link between workers, which packs as between threads. The first hears from when it listens on; what arrives before waits for it. */
import { pack, unpack } from '../../src/actor/packing.ts';
import type { Pipe } from '../../src/actor/pipe.ts';
import type { LinkMessage } from '../../src/protocol/links.ts';
import { described } from './link-words.ts';
import type { Net } from './net.ts';

export function simPipes(net: Net, one: string, two: string): [Pipe, Pipe] {
  const hears = new Map<string, (batch: readonly LinkMessage[]) => void>();
  /** What arrives before the other end listens. */
  const early: (() => void)[] = [];
  const end = (from: string, to: string): Pipe => {
    let taken = (): void => {};
    return {
      post: (batch) => {
        const kinds = batch.map(described).join(', ');
        const packed = pack(batch);
        net.send(from, to, kinds, () => {
          const deliver = (): void => hears.get(to)?.(unpack(packed));
          if (hears.has(to)) deliver();
          else early.push(deliver);
          taken();
        });
      },
      onBatch: (hear) => {
        hears.set(from, hear);
        if (from === one) for (const deliver of early.splice(0)) deliver();
      },
      onTaken: (heard) => {
        taken = heard;
      },
      onClose: () => {},
      close: () => {},
    };
  };
  return [end(one, two), end(two, one)];
}
