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

/** Keys looked at: enough to meet every shard. */
const LOOKED_AT = 32_768;

/** For each slot an owner that lives there. Among very many slots some own nothing: theirs lives with another one. */
export function probeOwners(slots: number, slotOf: (key: OwnerKey) => number): readonly OwnerKey[] {
  const found = new Map<number, OwnerKey>();
  for (let number = 0; number < LOOKED_AT && found.size < slots; number += 1) {
    const key: OwnerKey = `h:${number}`;
    const slot = slotOf(key);
    if (!found.has(slot)) found.set(slot, key);
  }
  return Array.from({ length: slots }, (_, slot): OwnerKey => found.get(slot) ?? `h:${slot}`);
}

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
