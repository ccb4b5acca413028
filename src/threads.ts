/** What the main thread and its workers say to each other. The main thread supervises only. */
import type { MessagePort } from 'node:worker_threads';
import type { Config } from './config.ts';
import type { WorkerId } from './protocol/ids.ts';

export interface Peer {
  readonly id: WorkerId;
  readonly port: MessagePort;
}

export interface StorePorts {
  readonly writer: MessagePort;
  readonly readers: readonly MessagePort[];
}

/** Given to a worker at its start. */
export interface WorkerStart {
  readonly config: Config;
  readonly id: WorkerId;
  readonly slot: number;
  /** Ten bits of every id it mints: no two workers that live have the same. */
  readonly idNumber: number;
  /** Number of workers: fixed for the life of the process. */
  readonly slots: number;
  /** Null: the store is in this worker's memory, or behind a data service. */
  readonly store: StorePorts | null;
  /** The name of this process to a data service: what is stored there is its own. */
  readonly claim: string;
  /** The workers that live now; later ones come as `peer`. */
  readonly peers: readonly Peer[];
  readonly listen: Listen;
  /** Bytes of all uploads, one number for all workers. */
  readonly filesUsed: SharedArrayBuffer;
}

export interface Listen {
  /** The public port, shared by all workers; null: none (the command line's own core). 0: any free one. */
  readonly port: number | null;
  /** The public port stays shut until `open`: what fills the store comes by the socket of the command line first. */
  readonly isHeld: boolean;
  /** A second listener of this worker alone on a free port: tests choose their worker by it. */
  readonly own: boolean;
  /** Path of the unix socket of the command line; one worker serves it. */
  readonly admin: string | null;
}

export type ToWorker =
  | { readonly t: 'peer'; readonly peer: Peer }
  | { readonly t: 'peerDown'; readonly id: WorkerId }
  /** It missed beats, or is heard again: it is asked nothing new meanwhile. */
  | { readonly t: 'silence'; readonly id: WorkerId; readonly isSilent: boolean }
  /** The public port that was held; then `opened`. */
  | { readonly t: 'open' }
  /** Clients are told to go, mailboxes run dry, then `stopped`. */
  | { readonly t: 'stop' };

export type FromWorker =
  | { readonly t: 'ready'; readonly port: number | null; readonly ownPort: number | null }
  | { readonly t: 'opened'; readonly port: number }
  /** Each second, from the loop: a worker that hangs does not send it. */
  | { readonly t: 'beat' }
  | { readonly t: 'stopped' };
