/** /metrics of a town as a map: `name{label="value"}` -> number, of all workers together. */
import type { Town } from './town.ts';

export type Numbers = ReadonlyMap<string, number>;

export async function numbersOf(town: Town): Promise<Numbers> {
  const text = await (await fetch(`${town.url}/metrics`)).text();
  const lines = text.split('\n').flatMap((line) => {
    const match = /^([\w:]+(?:\{.*\})?) (\S+)$/.exec(line);
    return match === null ? [] : [[match[1] ?? '', Number(match[2])] as const];
  });
  return new Map(lines);
}

export const sumOf = (numbers: Numbers, ...names: readonly string[]): number =>
  names.reduce((sum, name) => sum + (numbers.get(name) ?? 0), 0);
