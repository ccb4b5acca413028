/** Variables that are called like an option's and are none: written wrongly, or another program's. */
import { nearest } from './base/nearest.ts';

const PREFIX = 'GUILDHALL_';
/** Of the tests, of the programs in docs/clients.md, and of Kubernetes, which says a service of this name to every container. */
const OTHERS = /^(TEST_\w+|URL|TOKEN|SERVICE_(HOST|PORT)(_\w+)?|PORT_\d+_\w+)$/;

export interface Strange {
  readonly name: string;
  /** What it was probably meant to be; null: nothing is near. */
  readonly meant: string | null;
}

/** `known`: whole names. An empty variable counts as absent. */
export function strangeVariables(environment: Readonly<Record<string, unknown>>, known: readonly string[]): Strange[] {
  const rests = known.map((name) => name.slice(PREFIX.length));
  return Object.keys(environment).flatMap((name) => {
    const rest = name.slice(PREFIX.length);
    if (!name.startsWith(PREFIX) || !environment[name] || known.includes(name) || OTHERS.test(rest)) return [];
    const meant = nearest(rest, rests);
    return [{ name, meant: meant === null ? null : PREFIX + meant }];
  });
}
