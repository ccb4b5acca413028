/** What /health asks of owners that exist for it alone, and what a worker says of itself. */
import type { OwnerKey } from './ids.ts';

/** At `h:`: stored, and said to whoever is attached there. -> null */
export interface ProbeCommand {
  readonly kind: 'probe';
  readonly nonce: string;
}

export const PROBE_EVENT = 'PROBE';

/** `d` of the event. `nonce` null: the snapshot, which says that the owner is attached. */
export interface ProbeData {
  readonly owner: OwnerKey;
  readonly nonce: string | null;
}

export const probeKey = (number: number): OwnerKey => `h:${number}`;

/**
 * Where an event stops. `worker`: it is down, or says nothing of itself. `attach`: nothing comes from its owner. `commit`: it was not stored.
 * `outlet`: stored, and not written by its own worker. `link`: written there, and not at the worker that was asked.
 */
export type Step = 'worker' | 'attach' | 'commit' | 'outlet' | 'link';

export interface WorkerHealth {
  readonly slot: number;
  readonly status: 'ok' | 'failing';
  /** From asking until the event came out, or until it was given up. */
  readonly ms: number;
  readonly failed?: Step;
  /** A refusal's name or a fault's code. */
  readonly why?: string;
}
