/** Leaves of a refused form as Discord's tree: `{"embeds":{"0":{"title":{"_errors":[{code,message}]}}}}` (discord.js flattens it by `_errors`). */
import type { FieldError } from '../protocol/errors.ts';

export interface ErrorTree {
  [key: string]: ErrorTree | ErrorLeaf[];
}

interface ErrorLeaf {
  readonly code: string;
  readonly message: string;
}

/** More leaves than this say nothing more. */
const MAX_LEAVES = 100;

export function errorTree(fields: readonly FieldError[]): ErrorTree {
  const root: ErrorTree = Object.create(null);
  for (const { path, code, message } of fields.slice(0, MAX_LEAVES)) {
    let node = root;
    for (const step of path) {
      const below = node[step];
      if (below !== undefined && !Array.isArray(below)) {
        node = below;
        continue;
      }
      const made: ErrorTree = Object.create(null);
      node[step] = made;
      node = made;
    }
    const leaves = node._errors;
    if (Array.isArray(leaves)) leaves.push({ code, message });
    else node._errors = [{ code, message }];
  }
  return root;
}
