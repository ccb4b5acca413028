/** One end of the ordered pipe between two workers. The real one is a MessagePort (port-pipe.ts); a simulator has its own. */
import type { LinkMessage } from '../protocol/links.ts';

export interface Pipe {
  post(batch: readonly LinkMessage[]): void;
  onBatch(hear: (batch: readonly LinkMessage[]) => void): void;
  /** The other end took the oldest batch that it had not taken yet. So a slow peer is seen. */
  onTaken(taken: () => void): void;
  onClose(closed: () => void): void;
  close(): void;
}
