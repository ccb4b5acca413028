/** A rule numbers the states of a channel's messages within its load; with the load in front no generation ever comes back. */
import type { Question } from '../protocol/commands.ts';
import type { Reply } from '../protocol/decision.ts';
import type { MayRead } from '../protocol/reads.ts';

/**
 * After a load a rule knows the last message, not the last edit: the generation that was before that edit would come again,
 * and a read could join one that began before it. `epoch`: of the load; no two loads of the installation share one.
 */
export function inLoad(epoch: number, { ask }: Question, reply: Reply): Reply {
  if (ask !== 'mayRead' || 'refused' in reply) return reply;
  const { generation, permissions } = reply.ok as MayRead;
  return { ok: { generation: `${epoch}:${generation}`, permissions } satisfies MayRead };
}
