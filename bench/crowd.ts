/** What the benches share: the people of one guild, the load client's process, figures. */
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { LineClient } from '../tests/support/line-client.ts';
import type { Person, Place, Town } from '../tests/support/town.ts';
import { openFilesLimit } from './process-cpu.ts';

/** Open files that a process needs besides its sessions. */
const SPARE_FILES = 200;

export interface Crowd {
  readonly owner: Person;
  readonly place: Place;
  /** The owner's first. */
  readonly tokens: readonly string[];
}

export const loadClient = (): LineClient =>
  LineClient.start(process.execPath, [join(import.meta.dir, 'load-client.ts')], {});

export async function gatherCrowd(town: Town, size: number): Promise<Crowd> {
  const owner = await town.person('owner');
  const place = await town.guild(owner, 'crowd');
  const people: Person[] = [owner];
  while (people.length < size) people.push(await town.person('member'));
  await town.join(owner, place, ...people.slice(1));
  return { owner, place, tokens: people.map(({ token }) => token) };
}

export function sessionsThatFit(wanted: number): number {
  const fit = openFilesLimit() - SPARE_FILES;
  if (fit >= wanted) return wanted;
  console.error(`only ${fit} of ${wanted} sessions: the limit of open files (ulimit -n) allows no more`);
  return fit;
}

export const quantile = (values: readonly number[], part: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? Number.NaN;
export const median = (values: readonly number[]): number => quantile(values, 0.5);
export const rounded = (value: number, digits = 2): number => Number(value.toFixed(digits));

export const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: availableParallelism(), bun: Bun.version } as const;
