/** What a command waits for in its mailbox: what it needs of the store, and of one that is asked again what became of it. */
import type { Reply } from '../protocol/decision.ts';
import type { Fault } from '../protocol/errors.ts';
import { parseOwn } from '../protocol/json.ts';
import { asFault, within } from './deadline.ts';
import type { Told, Waiting } from './envelopes.ts';
import type { Owner } from './owner.ts';
import type { Asked } from './ports.ts';

/** Calls `done` when it is ready, be it with a fault. */
export function loadNeeds(owner: Owner, waiting: Waiting, envelope: Asked | Told, done: () => void): void {
  const { behavior, world, limits } = owner;
  const loads: Promise<unknown>[] = waiting.needs.map((need) =>
    world.load(need).then((value) => behavior.supply(need, value)),
  );
  if (envelope.what === 'ask' && envelope.again) loads.push(recall(owner, envelope, waiting));
  const settled = (fault: Fault | null): void => {
    waiting.ready = true;
    waiting.fault = fault;
    done();
  };
  within(world.clock, limits.readMs, 'loading what a command needs', Promise.all(loads)).then(
    () => settled(null),
    (error) => settled(asFault(error, 'what a command needs was not loaded')),
  );
}

async function recall({ key, world }: Owner, { commandId }: Asked, waiting: Waiting): Promise<void> {
  const result = await world.store.result(key, commandId);
  if (result !== null) waiting.known = parseOwn<Reply>(result);
}
