/** The numbers of all workers as Prometheus text: summed and printed by prom-client. */
import type { MetricObject } from 'prom-client';
import { counter, type Family, gauge } from './base/metrics.ts';
import type { WorkerId } from './protocol/ids.ts';

/** `slots`: workers that there should be. One of which nothing was heard counts as down. */
export async function printMetrics(
  measured: ReadonlyMap<WorkerId, readonly Family[]>,
  slots: number,
  own: readonly Family[],
): Promise<string> {
  const heard = new Set([...measured.keys()].map((worker) => worker.slice(0, worker.indexOf('.'))));
  const up = Array.from({ length: slots }, (_, slot): [string, number] => [
    String(slot),
    heard.has(String(slot)) ? 1 : 0,
  ]);
  const all = [
    [gauge('guildhall_worker_up', 'Workers that said their numbers.', up, 'worker'), ...own],
    ...measured.values(),
  ];
  // Loaded when somebody asks: a start would take a tenth of a second longer for it, in each thread.
  const { AggregatorRegistry } = await import('prom-client');
  return AggregatorRegistry.aggregate(all.map((families) => families.map(toMetric))).metrics();
}

/** Its types know the numbers of its aggregators, not their names. */
const toMetric = (family: Family): MetricObject => family as unknown as MetricObject;

/** Of the whole process: said once, by the worker that is asked. */
export function processFamilies(): Family[] {
  const { user, system } = process.cpuUsage();
  const { rss } = process.memoryUsage();
  return [
    counter('process_cpu_seconds_total', 'User and system time of the process.', (user + system) / 1e6),
    gauge('process_resident_memory_bytes', 'Resident memory of the process.', rss),
  ];
}
