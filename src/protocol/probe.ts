/** What /health asks of owners that exist for it alone. */
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
