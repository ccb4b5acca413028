/** What a server has answered to /health, as the command line prints it. */
import { z } from 'zod';
import { parseJson } from './protocol/json.ts';

export interface SaidHealth {
  readonly store: string;
  /** One for each worker that is not well. */
  readonly troubles: readonly string[];
}

const STEPS: Readonly<Partial<Record<string, string>>> = {
  worker: 'it is down, or says nothing of itself',
  attach: 'the owner of its event says nothing',
  commit: 'its event was not stored',
  outlet: 'its event was stored, and it does not write it',
  link: 'its event does not arrive at another worker',
};

const workerForm = z.object({
  slot: z.number(),
  status: z.string(),
  failed: z.string().default(''),
  why: z.string().default(''),
});
const healthForm = z.object({ store: z.string(), workers: z.array(workerForm) });

/** Null: it is no answer to that. */
export function readHealth(text: string): SaidHealth | null {
  const said = healthForm.safeParse(parsed(text));
  if (!said.success) return null;
  const failing = said.data.workers.filter(({ status }) => status !== 'ok');
  const troubles = failing.map(({ slot, failed, why }) => `worker ${slot}: ${STEPS[failed] ?? failed} (${why})`);
  return { store: said.data.store, troubles };
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return null;
  }
}
